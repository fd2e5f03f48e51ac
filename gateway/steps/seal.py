"""Receipts are made of what happened, chained per client, and each day gets its root.

Runs behind everything else and on none of its ways: what happened is read from the
events afterwards, so a deposit costs no more for being chained.  One node at a time
does it, by a lease; and whoever commits on a state that is no longer the last one has
lost the race, so a client's chain is one chain whatever nodes there are.

Nothing is appended to a day that has its root: an entry belongs to the day on which
it is made, a few seconds after what it covers.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection

from gateway.clock import Entropy, Now, new_id
from gateway.committing import Tx
from gateway.database import Database
from gateway.errors import LostRace
from gateway.intake import merkle, receipt_documents, receipts
from gateway.intake.receipts import ReceiptSigner
from gateway.journal import event_roots, leases, receipt_chain, receipt_roots
from gateway.journal.receipt_chain import Entry, Head, Made, Progress

_LEASE: Final = "receipts"
_AT_ONCE: Final = 2000  # events of one transaction, which holds the writer
_IN_ONE: Final = 500  # receipts of one entry
_ROOT_AFTER: Final = 3600.0  # seconds that an event waits at most for a signed root
_DAY: Final = timedelta(days=1)


class Seal:
    """Chains receipts, and closes days."""

    name = "seal"

    def __init__(
        self,
        *,
        database: Database,
        signer: ReceiptSigner,
        entropy: Entropy,
        now: Now,
        worker: str,
        lease: float,
    ) -> None:
        self._database = database
        self._signer = signer
        self._entropy = entropy
        self._now = now
        self._worker = worker
        self._lease = lease
        self._seen: dict[str, int] = {}  # only a hint: where nothing was found
        self._closed = ""  # only a hint: the day before which all have their root

    def run_once(self) -> bool:
        """Chain what happened since, and close the days that are over."""
        read = self._database.read
        if not read(leases.is_free, _LEASE, self._worker, self._now()):
            return False
        chained = count = self._chain()
        while count == _AT_ONCE:
            count = self._chain()
        before = self._now() - _ROOT_AFTER
        rooted = event_roots.make(
            self._database, self._signer, now=self._now(), older_than=before
        )
        return bool(self._close_days() or chained or rooted)

    def _chain(self) -> int:
        """Chain up to so many receipts; return how many."""
        progress = self._database.read(receipt_chain.progress)
        found, marks = self._database.read(self._happened, progress)
        if not found:
            self._seen.update(marks)
            return 0
        made = self._database.read(self._receipts, found)
        heads = self._database.read(receipt_chain.heads, {each.client for each in made})
        latest = max((head.made_at for head in heads.values()), default=0.0)
        at = max(self._now(), latest, _end_of(progress.closed))
        entries = list(self._entries(made, heads, at))

        def keep(tx: Tx) -> None:
            self._hold(tx, progress)
            receipt_chain.add(tx, entries, marks, at)

        self._database.write("seal.chain", keep)
        return len(found)

    def _happened(
        self, connection: Connection, progress: Progress
    ) -> tuple[list[Any], dict[str, int]]:
        """Find what asks for a receipt, and how far the events were read for it."""
        found: list[Any] = []
        marks: dict[str, int] = {}
        for chain, end in receipt_chain.ends(connection).items():
            after = max(progress.marks.get(chain, 0), self._seen.get(chain, 0))
            most = _AT_ONCE - len(found)
            if end <= after or not most:
                continue
            rows = receipt_chain.happened(
                connection, chain, after=after, until=end, most=most
            )
            marks[chain] = rows[-1].seq if len(rows) == most else end
            found += rows
        return sorted(found, key=lambda row: (row.at, row.chain, row.seq)), marks

    def _receipts(self, connection: Connection, found: Iterable[Any]) -> list[Made]:
        """Make, or look up, the receipts of what happened."""
        named = [row.subject for row in found if row.kind == receipt_chain.DEPOSITED]
        deposits = receipt_chain.deposits(connection, named)
        made: list[Made] = []
        for row in found:
            if row.kind == receipt_chain.DEPOSITED:
                made.append(_of_deposit(deposits[row.subject]))
            elif row.kind == receipt_chain.GIVEN_BACK:
                made.append(self._of_answer(connection, row))
            else:
                made += self._of_dispatch(connection, row)
        return made

    def _of_dispatch(self, connection: Connection, event: Any) -> Iterator[Made]:
        dispatch, lots = receipt_chain.dispatched(connection, event.subject)
        arrival = event.kind.partition(".")[2]
        sent = {
            "at": event.at,
            "arrival": arrival,
            "reference": json.loads(event.facts).get("reference", ""),
            "note": "",
        }
        if event.kind == receipt_chain.HANDED_OVER[0]:
            sent["note"] = receipt_chain.verified(connection, dispatch.id)
        for client in sorted({lot.client_id for lot in lots}):
            mine = [lot for lot in lots if lot.client_id == client]
            name = self._name(receipt_documents.DISPATCH)
            body = receipt_documents.dispatch(name, client, dispatch, mine, sent)
            yield self._made(body, dispatch.id)

    def _of_answer(self, connection: Connection, event: Any) -> Made:
        handback, answers = receipt_chain.given_back(connection, event.subject)
        name = self._name(receipt_documents.ANSWER)
        return self._made(
            receipt_documents.answer(name, handback, answers), handback.id
        )

    def _name(self, kind: str) -> str:
        return new_id(f"{kind}-", self._now(), self._entropy)

    def _made(self, body: Mapping[str, Any], subject: str) -> Made:
        return Made(
            client=body["client"],
            kind=body["kind"],
            id=body["id"],
            sha256=receipts.hash_of(body),
            subject=subject,
            content=self._signer.seal(body),
        )

    def _entries(
        self, made: Iterable[Made], heads: Mapping[str, Head], at: float
    ) -> Iterator[Entry]:
        by_client: dict[str, list[Made]] = {}
        for each in made:
            by_client.setdefault(each.client, []).append(each)
        for client, mine in by_client.items():
            head = heads.get(client, Head())
            number, previous = head.number, head.sha256
            for start in range(0, len(mine), _IN_ONE):
                some = mine[start : start + _IN_ONE]
                number += 1
                covered = [
                    {"kind": each.kind, "id": each.id, "sha256": each.sha256}
                    for each in some
                ]
                body = receipt_documents.entry(client, number, previous, at, covered)
                previous = receipts.hash_of(body)
                yield Entry(
                    client=client,
                    number=number,
                    sha256=previous,
                    content=self._signer.seal(body, in_lines=False),
                    receipts=some,
                )

    def _close_days(self) -> bool:
        """Give every day that is over its root; False if all have one."""
        today = datetime.fromtimestamp(self._now(), UTC).date()
        if self._closed == today.isoformat():
            return False
        progress = self._database.read(receipt_chain.progress)
        if progress.closed:
            day = date.fromisoformat(progress.closed) + _DAY
        else:
            first = self._database.read(receipt_roots.first_entry)
            if first is None:
                return False
            day = datetime.fromtimestamp(first, UTC).date()
        if day < today:
            self._close(day, progress)
            return True
        self._closed = today.isoformat()
        return False

    def _close(self, day: date, progress: Progress) -> None:
        read, name = self._database.read, day.isoformat()
        ended = _end_of(name)
        grown = read(receipt_roots.grown, ended - _DAY.total_seconds(), ended)
        # In the order of their hashes, which tells nothing of the clients.
        chains = sorted(grown.items(), key=lambda each: each[1].sha256)
        root, paths = merkle.tree([head.sha256 for _, head in chains])
        previous = read(receipt_roots.hash_of, progress.closed)
        at = self._now()
        body = receipt_documents.root(name, root, previous, at)
        signed = self._signer.seal(body)
        inclusions = {
            client: self._signer.seal(
                receipt_documents.inclusion(
                    client, name, head.number, head.sha256, path, json.loads(signed)
                )
            )
            for (client, head), path in zip(chains, paths, strict=True)
        }
        sha256 = receipts.hash_of(body)

        def keep(tx: Tx) -> None:
            self._hold(tx, progress)
            receipt_roots.add(tx, name, signed, sha256, inclusions, at)

        self._database.write("seal.close", keep)

    def _hold(self, tx: Tx, progress: Progress) -> None:
        """Keep other nodes off the chains; raises `LostRace` if they grew meanwhile."""
        if not leases.take(tx, _LEASE, self._worker, self._lease):
            raise LostRace("another node chains the receipts")
        if receipt_chain.progress(tx.connection) != progress:
            raise LostRace("another node has chained these receipts")


def _of_deposit(row: Any) -> Made:
    try:
        body = json.loads(row.receipt)
        del body["signature"]
        sha256 = receipts.hash_of(body)
    except (ValueError, TypeError, KeyError):
        # It is spoilt: `octway verify` names it, and the others' chains go on.
        sha256 = hashlib.sha256(row.receipt).hexdigest()
    kind = receipt_documents.DEPOSIT
    return Made(client=row.client_id, kind=kind, id=row.id, sha256=sha256)


def _end_of(day: str) -> float:
    """Return the moment at which a UTC day is over; long ago for no day."""
    if not day:
        return 0.0
    midnight = datetime.fromisoformat(day).replace(tzinfo=UTC)
    return (midnight + _DAY).timestamp()
