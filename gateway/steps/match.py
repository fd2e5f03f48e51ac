"""Step 8, match: answers are tied to lots and claims, and the ledger moves.

What an answer speaks of is decided by `tie`.  One that fits nothing is kept as an
orphan and tried again, one that cannot be meant is kept for a person.  A doubled
answer changes nothing and is counted.  Late always wins over missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any, BinaryIO, Final

from sqlalchemy import Row

from gateway.clock import Entropy, Now
from gateway.committing import Tx
from gateway.database import Database
from gateway.errors import IntegrityBroken
from gateway.journal import (
    anomalies,
    answers,
    chases,
    commitments,
    returns,
    schema,
    work,
)
from gateway.learning import CurrentDelays
from gateway.steps.cases import claims_rejected
from gateway.steps.contradictions import tell_contradictions
from gateway.steps.damaged import tell_damaged, tell_unreadable
from gateway.steps.desk_answers import DeskAnswers
from gateway.steps.doubt import tell_absurd
from gateway.steps.holding import Holding, Holds
from gateway.steps.mail_notices import hear
from gateway.steps.match_observer import MatchObserver, count_tied
from gateway.steps.numbers import note_return
from gateway.steps.origin import tell_foreign
from gateway.steps.orphans import Orphans, again_at, tell_orphans
from gateway.steps.payments import keep_announced
from gateway.steps.promised import given
from gateway.steps.tally import Tally
from gateway.steps.tie import Tie, Tied
from gateway.storage.payloads import Payloads
from protocols import desk, mail_notice
from protocols.interface import Network, ReturnReading
from protocols.shape import looks_like
from routing.directory import Directory
from routing.envelope import AnswerSeen
from routing.lifecycle import ReturnState
from routing.plausible import Bounds

_HEAD: Final = 4096
_UNKNOWN: Final = "in no format we know"
_PER_COMMIT: Final = 500


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
        sure: int,
        bounds: Bounds,
        holding: Holding,
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
        self._sure = sure
        self._bounds = bounds
        self._holding = holding
        self._orphans = Orphans(database, directory, now)

    def run_once(self) -> bool:
        """Read the oldest return that waits; False if there is none."""
        with self._holding.turn() as holds:
            return self._turn(holds)

    def _turn(self, holds: Holds) -> bool:
        self._delays.refresh()
        self._orphans.put_back()
        row = self._database.write("match.take", self._take)
        if row is None:
            return False
        holds([row.id])
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
            if mail_notice.recognise(head):
                self._note(row, stream)
                return
            format = network.recognise(head)
            if format is None or not network.is_return(format):
                unknown = f"{_UNKNOWN}, and looks like {looks_like(head)}"
                self._leave(row, f"a {format} file, no return" if format else unknown)
                return
            self._read(row, network.read_return(stream, format))

    def _hear(self, row: Row[*tuple[Any, ...]], stream: BinaryIO) -> None:
        """Take a word of the payer's desk, and what it says on the lot."""
        try:
            reading = desk.DeskReading.of(stream)
        except ValueError:
            self._leave(row, _UNKNOWN)
            return
        holds = self._database.write("match.desk", self._desk.hear, row, reading.answer)
        self._read(row, reading if holds else desk.Nothing(reading))

    def _note(self, row: Row[*tuple[Any, ...]], stream: BinaryIO) -> None:
        """Take what a mail tells that is no return."""
        try:
            notice = mail_notice.read(stream)
        except ValueError:
            self._leave(row, _UNKNOWN)
            return
        if notice.kind is mail_notice.Kind.UNREAD:
            self._leave(row, f"a mail that cannot be read as one: {notice.words}")
        elif self._database.write("match.mail", hear, self._entropy, row, notice):
            self._read(row, mail_notice.NoticeReading(notice))
        else:
            self._leave(row, "a delivery report of a mail that was not sent from there")

    def _leave(self, row: Row[*tuple[Any, ...]], what: str) -> None:
        """Leave a return to a person, and say what it is."""
        self._database.write(
            "match.unreadable", tell_unreadable, self._entropy, row, what
        )
        self._observe.returned("", "unreadable", "none")

    def _broken(self, tx: Tx, returned: str, words: str) -> None:
        anomalies.storage_broken(tx, self._entropy, returned, words)

    def _take(self, tx: Tx) -> Row[*tuple[Any, ...]] | None:
        taken = _STORED(tx, worker=self._worker, lease=self._lease)
        return taken[0] if taken else None

    def _read(self, row: Row[*tuple[Any, ...]], reading: ReturnReading) -> None:
        known = {
            each.seq: each.rule
            for each in self._database.read(answers.of_return, row.id)
        }
        numbered = enumerate(reading.answers(), 1)
        tally = Tally()
        held = row.lease_until
        while chunk := list(islice(numbered, _PER_COMMIT)):
            held, tied, moved = self._database.write(
                "match.answers", self._tie, row, reading.kind, held, chunk, known
            )
            for (payer, flow, state), count in moved.items():
                self._observe.lot(payer, flow, state, count)
            tally.add(len(chunk), tied, known)
            count_tied(self._observe, tied, reading.kind, self._now())
        if tally.foreign:
            told = (self._entropy, row, tally.foreign, tally.strange)
            self._database.write("match.foreign", tell_foreign, *told)
        if tally.absurd:
            self._database.write(
                "match.absurd", tell_absurd, self._entropy, row, tally.absurd
            )
        payer = self._database.write(
            "match.finish", self._finish, row, held, reading, tally
        )
        self._observe.returned(payer, reading.kind, tally.share)
        if tally.count > tally.matched:
            self._observe.orphans(payer, tally.orphans + tally.strange)

    def _tie(
        self,
        tx: Tx,
        row: Row[*tuple[Any, ...]],
        kind: str,
        held: float,
        found: Sequence[tuple[int, AnswerSeen]],
        known: Mapping[int, str | None],
    ) -> tuple[float, list[Tied], Counter[tuple[str, str, str]]]:
        """Tie those of some answers that are tied to nothing, and prolong the lease."""
        until = self._renew(tx, row, held)
        fresh = [pair for pair in found if known.get(pair[0]) is None]
        tie = Tie(
            tx,
            row,
            self._directory(),
            self._delays(),
            kind=kind,
            patient_hash=self._payloads.keys.patient_hash,
            sure=self._sure,
            bounds=self._bounds,
        )
        tied = tie.all(fresh, known)
        commitments.note(tx, row, given(tied), self._payloads.keys.patient_hash)
        keep_announced(tx, row, found, self._directory())
        applied = [each.applied for each in tied if each.applied]
        answered = Counter(dict.fromkeys((each.lot for each in applied), 0))
        for each in applied:
            answered[each.lot] += each.claims if each.closed else 0
        for payer, remedy in chases.heard(tx, answered):
            self._observe.remedy(payer, remedy, "brought")
        claims_rejected(tx, self._entropy, row.network, tied)
        tell_contradictions(tx, self._entropy, kind, tied)
        return until, tied, tie.moved

    def _renew(self, tx: Tx, row: Row[*tuple[Any, ...]], held: float) -> float:
        return work.renew(
            tx,
            schema.payer_return,
            row.id,
            worker=self._worker,
            held_until=held,
            lease=self._lease,
        )

    def _finish(
        self,
        tx: Tx,
        row: Row[*tuple[Any, ...]],
        held: float,
        reading: ReturnReading,
        tally: Tally,
    ) -> str:
        """End the reading of a return; name its payer."""
        self._renew(tx, row, held)
        payer = returns.payer_of(tx.connection, row.id) or ""
        summary = reading.summary()
        network = self._networks[row.network]
        note_return(tx, self._entropy, network, row, summary, payer)
        tell_damaged(tx, self._entropy, row, summary)
        returns.read(
            tx,
            row,
            summary,
            reading.kind,
            payer or None,
            answers=tally.count,
            matched=tally.matched,
            retry_at=again_at(row.collected_at, tx.now)
            if tally.matched < tally.count
            else None,
        )
        tell_orphans(tx, self._entropy, row, payer, tally)
        return payer


_STORED: Final = work.Taking(
    schema.payer_return,
    due=schema.payer_return.c.state == ReturnState.STORED.value,
    order=[schema.payer_return.c.collected_at, schema.payer_return.c.id],
)
