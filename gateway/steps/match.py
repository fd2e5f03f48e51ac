"""Step 8, match: answers are tied to lots and claims, and the ledger moves.

Only exact keys decide here, and only of what went to the payer that answers
(`origin`); an answer that fits nothing is kept as an orphan and tried again.  A
doubled answer changes nothing and is counted.  Late always wins over missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any, BinaryIO, Final, NamedTuple, Protocol

from sqlalchemy import Row, update

from gateway.clock import Entropy, Now
from gateway.committing import Tx
from gateway.database import Database
from gateway.errors import IntegrityBroken
from gateway.journal import anomalies, answers, chases, returns, schema, work
from gateway.journal.expectations import Came
from gateway.learning import CurrentDelays
from gateway.steps.answers import Applied, apply_claim, apply_lot, settle
from gateway.steps.desk_answers import DeskAnswers
from gateway.steps.origin import FOREIGN, Origin, tell_foreign
from gateway.storage.payloads import Payloads
from protocols import desk
from protocols.interface import Network, ReturnReading
from routing.directory import Directory
from routing.envelope import AnswerSeen, Level
from routing.lifecycle import RETURN, ReturnEvent, ReturnState
from routing.matching import match

_HEAD: Final = 4096
_PER_COMMIT: Final = 500
_RETRY_AFTER: Final = 3600.0  # seconds until orphans are tried again


class MatchObserver(Protocol):
    """Counts answers."""

    def answered(
        self, payer: str, flow: str, kind: str, outcome: str, delay: float | None
    ) -> None:
        """Note one claim's closing answer, and the seconds since it was sent."""
        ...

    def returned(self, payer: str, kind: str, matched: str) -> None:
        """Note one return: `all`, `part` or `none` of its answers matched."""
        ...

    def remedy(self, payer: str, remedy: str, outcome: str) -> None:
        """Note what a remedy brought."""
        ...

    def orphans(self, payer: str, count: int) -> None:
        """Note answers that found no claim."""
        ...


class _Tied(NamedTuple):
    seq: int
    answer: AnswerSeen
    rule: str | None
    client: str | None
    claim: int | None
    applied: Applied | None
    foreign: str = ""  # the payer that alone may say this


class Match:
    """Reads returns and ties their answers."""

    name = "match"

    def __init__(
        self,
        *,
        database: Database,
        payloads: Payloads,
        networks: Mapping[str, Network],
        directory: Callable[[], Directory],
        delays: CurrentDelays,
        now: Now,
        entropy: Entropy,
        worker: str,
        lease: float,
        observe: MatchObserver,
    ) -> None:
        self._database = database
        self._payloads = payloads
        self._networks = networks
        self._directory = directory
        self._delays = delays
        self._now = now
        self._entropy = entropy
        self._worker = worker
        self._lease = lease
        self._observe = observe
        self._desk = DeskAnswers(
            networks=networks, directory=directory, entropy=entropy
        )
        self._tried_with = ""  # the directory with which orphans were tried last

    def run_once(self) -> bool:
        """Read the oldest return that waits; False if there is none."""
        self._delays.refresh()
        version = self._directory().version
        self._database.write("match.again", self._again, version != self._tried_with)
        self._tried_with = version
        row = self._database.write("match.take", self._take)
        if row is None:
            return False
        try:
            self._match(row)
        except IntegrityBroken as error:
            words = f"return {row.id}: {error}"
            self._database.write("match.broken", self._broken, row.id, words)
        return True

    def _match(self, row: Row[*tuple[Any, ...]]) -> None:
        network = self._networks[row.network]
        with self._database.read(self._payloads.open, row.payload_id) as stream:
            head = stream.read(_HEAD)
            stream.seek(0)
            if desk.recognise(head) == desk.ANSWER_FORMAT:
                self._hear(row, stream)
                return
            format = network.recognise(head)
            if format is None or not network.is_return(format):
                self._database.write("match.unreadable", self._unreadable, row, format)
                self._observe.returned("", "unreadable", "none")
                return
            self._read(row, network.read_return(stream, format))

    def _hear(self, row: Row[*tuple[Any, ...]], stream: BinaryIO) -> None:
        """Take a word of the payer's desk, and what it says on the lot."""
        try:
            reading = desk.DeskReading.of(stream)
        except ValueError:
            self._database.write("match.unreadable", self._unreadable, row, None)
            self._observe.returned("", "unreadable", "none")
            return
        heard = self._database.write("match.desk", self._desk.hear, row, reading.answer)
        self._read(row, reading if heard else desk.Nothing(reading))

    def _broken(self, tx: Tx, returned: str, words: str) -> None:
        anomalies.storage_broken(tx, self._entropy, returned, words)

    def _again(self, tx: Tx, everything: bool) -> None:
        """Put returns back whose orphans are due for another try."""
        table = schema.payer_return
        if everything:
            returns.all_orphans_due(tx)
        for name in returns.orphans_due(tx.connection, tx.now):
            before = ReturnState.PARTLY_MATCHED
            after = RETURN.next_state(before, ReturnEvent.REMATCH)
            tx.connection.execute(
                update(table)
                .where(table.c.id == name, table.c.state == before)
                .values(state=after)
            )

    def _take(self, tx: Tx) -> Row[*tuple[Any, ...]] | None:
        taken = _STORED(tx, worker=self._worker, lease=self._lease)
        return taken[0] if taken else None

    def _read(self, row: Row[*tuple[Any, ...]], reading: ReturnReading) -> None:
        known = {
            each.seq: each.rule
            for each in self._database.read(answers.of_return, row.id)
        }
        numbered = enumerate(reading.answers(), 1)
        count = matched = orphans = strange = 0
        foreign: Counter[str] = Counter()
        held = row.lease_until
        while chunk := list(islice(numbered, _PER_COMMIT)):
            fresh = [pair for pair in chunk if known.get(pair[0]) is None]
            held, tied = self._database.write(
                "match.answers", self._tie, row, held, fresh, known
            )
            count += len(chunk)
            matched += len(chunk) - len(fresh)
            matched += sum(each.rule is not None for each in tied)
            left = [each for each in tied if each.rule is None]
            foreign.update(each.foreign for each in left if each.foreign)
            new = [each for each in left if each.seq not in known]
            strange += sum(bool(each.foreign) for each in new)
            orphans += sum(not each.foreign for each in new)
            self._count(tied, reading.kind)
        if foreign:
            self._database.write(
                "match.foreign", tell_foreign, self._entropy, row, foreign, strange
            )
        payer = self._database.write(
            "match.finish", self._finish, row, held, reading, count, matched, orphans
        )
        share = "all" if matched == count else "part" if matched else "none"
        self._observe.returned(payer, reading.kind, share)
        if count > matched:
            self._observe.orphans(payer, orphans + strange)

    def _tie(
        self,
        tx: Tx,
        row: Row[*tuple[Any, ...]],
        held: float,
        found: Sequence[tuple[int, AnswerSeen]],
        known: Mapping[int, str | None],
    ) -> tuple[float, list[_Tied]]:
        """Tie some answers, and prolong the lease with them."""
        until = self._renew(tx, row, held)
        tied = []
        origin = Origin(tx, row, self._directory())
        came = Came(row.collected_at, self._directory())
        for seq, answer in found:
            each = self._tie_one(tx, row, origin, came, seq, answer)
            values = answers.row_of(row.id, seq, answer) | _facts(each, tx.now)
            if seq in known:
                answers.replace(tx, values)
            else:
                answers.add(tx, values)
            tied.append(each)
        applied = [each.applied for each in tied if each.applied]
        settle(tx, [each.lot for each in applied], self._directory(), self._delays())
        answered = Counter(each.lot for each in applied if each.closed)
        answered.update({each.lot: 0 for each in applied})
        for payer, remedy in chases.heard(tx, answered):
            self._observe.remedy(payer, remedy, "brought")
        return until, tied

    def _renew(self, tx: Tx, row: Row[*tuple[Any, ...]], held: float) -> float:
        return work.renew(
            tx,
            schema.payer_return,
            row.id,
            worker=self._worker,
            held_until=held,
            lease=self._lease,
        )

    def _tie_one(
        self,
        tx: Tx,
        row: Row[*tuple[Any, ...]],
        origin: Origin,
        came: Came,
        seq: int,
        answer: AnswerSeen,
    ) -> _Tied:
        def index(level: Level, key: str) -> Any:
            return origin.own_first(
                answers.candidates(tx.connection, row.network, level, key)
            )

        if not answer.match_keys:
            client = answers.client_of_sender(tx.connection, row.network, answer.sender)
            rule = None if client is None else "sender"
            return _Tied(seq, answer, rule, client, None, None)
        found = match(answer, index)
        if found.found is None:
            return _Tied(seq, answer, None, None, None, None)
        place = found.found
        stranger = origin.stranger(place.id)
        if stranger is not None:
            return _Tied(seq, answer, None, None, None, None, stranger)
        if place.claim is None:
            applied = apply_lot(tx, place.id, answer, came)
        else:
            applied = apply_claim(tx, place.id, place.claim, answer, came)
        return _Tied(seq, answer, found.rule, applied.client, place.claim, applied)

    def _finish(
        self,
        tx: Tx,
        row: Row[*tuple[Any, ...]],
        held: float,
        reading: ReturnReading,
        count: int,
        matched: int,
        orphans: int,
    ) -> str:
        """End the reading of a return with `orphans` new ones; name its payer."""
        self._renew(tx, row, held)
        payer = returns.payer_of(tx.connection, row.id) or ""
        returns.read(
            tx,
            row,
            reading.summary(),
            reading.kind,
            payer or None,
            answers=count,
            matched=matched,
            retry_at=tx.now + _RETRY_AFTER if matched < count else None,
        )
        if orphans:
            anomalies.raise_(
                tx,
                self._entropy,
                kind="return-orphans",
                severity=anomalies.WARNING,
                subject=row.endpoint_id,
                payer=payer,
                seen=orphans,
                words=f"return {row.id} ({row.remote_name}): {orphans} of {count} "
                "answers fit nothing that was sent; they are kept and tried again",
            )
        elif not returns.orphans_left(tx.connection, row.endpoint_id):
            for kind in ("return-orphans", FOREIGN):
                anomalies.settle(
                    tx,
                    kind=kind,
                    subject=row.endpoint_id,
                    reason="every answer has found what it speaks of",
                )
        return payer

    def _unreadable(
        self, tx: Tx, row: Row[*tuple[Any, ...]], format: str | None
    ) -> None:
        what = f"a {format} file, no return" if format else "in no format we know"
        words = (
            f"return {row.id} ({row.remote_name}) of {row.endpoint_id} is {what}; it is "
            "kept; ask the payer what it sent"
        )
        returns.unreadable(tx, row, words)
        anomalies.raise_(
            tx,
            self._entropy,
            kind="return-unreadable",
            severity=anomalies.ERROR,
            subject=row.endpoint_id,
            words=words,
        )

    def _count(self, tied: Sequence[_Tied], kind: str) -> None:
        for each in tied:
            done = each.applied
            if done is not None and done.closed:
                sent = done.sent_at
                delay = None if sent is None else self._now() - sent
                self._observe.answered(
                    done.payer, done.flow, kind, each.answer.outcome, delay
                )


def _facts(tied: _Tied, now: float) -> dict[str, Any]:
    return {
        "client_id": tied.client,
        "lot_id": tied.applied.lot if tied.applied else None,
        "claim_seq": tied.claim,
        "rule": tied.rule,
        "matched_at": now if tied.rule else None,
        "repeated": int(tied.applied.repeated) if tied.applied else 0,
    }


_STORED: Final = work.Taking(
    schema.payer_return,
    due=schema.payer_return.c.state == ReturnState.STORED.value,
    order=[schema.payer_return.c.collected_at, schema.payer_return.c.id],
)
