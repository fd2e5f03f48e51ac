"""Proves the chains of receipts: entries, what they cover, and the roots of days.

Nothing that is kept beside a signed document is believed: hashes are made anew from
the documents, roots from the entries, and the events say how many there must be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, and_, func, or_, select

from gateway.intake import merkle, receipts
from gateway.intake.receipts import Signed
from gateway.journal import receipt_chain, receipt_roots, schema
from gateway.journal.receipt_chain import GENESIS
from gateway.journal.verify import Verdict, consistent

_AT_ONCE: Final = 200
_DAY: Final = timedelta(days=1)


def chained(
    connection: Connection, keys: Iterable[Ed25519PublicKey], *, whole: bool
) -> Verdict:
    """Walk every client's chain and every root; `whole`: each receipt's signature too."""
    walk = _Walk(consistent(connection), keys, whole)
    breaks = (*walk.entries(), *walk.unchained(), *walk.roots())
    return Verdict(check="receipts", checked=walk.checked, breaks=breaks)


class _Walk:
    """One look at everything; `checked` counts the receipts that are in a chain."""

    def __init__(
        self, connection: Connection, keys: Iterable[Ed25519PublicKey], whole: bool
    ) -> None:
        self.checked = 0
        self._connection = connection
        self._keys = {receipts.key_id(key): key for key in keys}
        self._whole = whole

    def entries(self) -> Iterator[str]:
        """Yield what does not hold in the entries and what they cover."""
        table = schema.receipt_entry
        rows = self._connection.execute(
            select(table)
            .order_by(table.c.client_id, table.c.number)
            .execution_options(yield_per=_AT_ONCE)
        )
        client, number, head = "", 0, GENESIS
        counts: Counter[str] = Counter()
        for row in rows:
            if row.client_id != client:
                client, number, head = row.client_id, 0, GENESIS
            counts[client] += 1
            name = f"receipts of {client}, entry {row.number}"
            if row.number != number + 1:
                yield f"{name}: entry {number + 1} before it is missing"
                head = ""
            number = row.number
            signed, why = self._opened(row.content)
            if signed is None:
                yield f"{name}: {why}"
                head = row.sha256
                continue
            yield from (
                f"{name}: {each}" for each in self._entry(row, signed, why, head)
            )
            head = signed.sha256
        yield from self._counted("receipt.chained", counts)

    def _entry(self, row: Any, signed: Signed, why: str, head: str) -> Iterator[str]:
        body = signed.body
        if why:
            yield why
        if head and body["previous"] != head:
            yield f"builds on {body['previous']}, and the entry before it is {head}"
        if (body["client"], body["number"]) != (row.client_id, row.number):
            yield "says that it is another one"
        if row.sha256 != signed.sha256:
            yield f"its row says {row.sha256}, it is {signed.sha256}"
        covered = [
            (each["kind"], each["id"], each["sha256"]) for each in body["receipts"]
        ]
        links = _links(self._connection, row.client_id, row.number)
        if covered != [(each.kind, each.receipt_id, each.sha256) for each in links]:
            yield "the rows of what it covers say otherwise"
            return
        for link in links:
            self.checked += 1
            yield from self._receipt(link)

    def _receipt(self, link: Any) -> Iterator[str]:
        if link.content is None:
            yield f"covers {link.kind} {link.receipt_id}, which is missing"
            return
        try:
            signed = receipts.read(link.content)
        except ValueError as error:
            yield f"receipt {link.receipt_id} {error}"
            return
        if signed.sha256 != link.sha256:
            yield f"receipt {link.receipt_id} is not the one that was chained"
        if self._whole and (why := self._unsigned(signed)):
            yield f"receipt {link.receipt_id}: {why}"

    def unchained(self) -> Iterator[str]:
        """Yield what happened, was read for receipts, and is in no entry."""
        event, mark = schema.event, schema.receipt_mark
        link, kept = schema.receipt_link, schema.receipt
        deposited = event.c.kind == receipt_chain.DEPOSITED
        others = (*receipt_chain.HANDED_OVER, receipt_chain.GIVEN_BACK)
        query = (
            select(event.c.kind, event.c.subject)
            .join(mark, and_(mark.c.chain == event.c.chain, event.c.seq <= mark.c.seq))
            .outerjoin(link, and_(deposited, link.c.receipt_id == event.c.subject))
            .outerjoin(
                kept, and_(event.c.kind.in_(others), kept.c.subject == event.c.subject)
            )
            .where(
                event.c.kind.in_((receipt_chain.DEPOSITED, *others)),
                or_(
                    and_(deposited, link.c.receipt_id.is_(None)),
                    and_(event.c.kind.in_(others), kept.c.id.is_(None)),
                ),
            )
        )
        for row in self._connection.execute(query):
            yield f"{row.subject}: no entry covers what happened to it ({row.kind})"

    def roots(self) -> Iterator[str]:
        """Yield what does not hold in the roots of days and the proofs under them."""
        table = schema.receipt_root
        expected, head = None, GENESIS
        counts: Counter[str] = Counter()
        for row in self._connection.execute(select(table).order_by(table.c.day)).all():
            counts[row.day] += 1
            name = f"root of {row.day}"
            day = date.fromisoformat(row.day)
            if expected is not None and day != expected:
                yield f"{name}: that of {expected} before it is missing"
            expected = day + _DAY
            signed, why = self._opened(row.content)
            if why:
                yield f"{name}: {why}"
            if signed is not None:
                if signed.body["previous"] != head:
                    yield f"{name}: does not build on the root before it"
                yield from self._proofs(row, signed, day)
            head = row.sha256 if signed is None else signed.sha256
        yield from self._counted("receipt.root", counts)

    def _proofs(self, row: Any, signed: Signed, day: date) -> Iterator[str]:
        name = f"root of {row.day}"
        begun = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
        ended = begun + _DAY.total_seconds()
        grown = receipt_roots.grown(self._connection, begun, ended)
        found, _ = merkle.tree(sorted(head.sha256 for head in grown.values()))
        if (signed.body["day"], signed.body["root"]) != (row.day, found):
            yield f"{name}: is not the root over the entries of that day"
        table = schema.receipt_inclusion
        rows = self._connection.execute(
            select(table).where(table.c.day == row.day)
        ).all()
        if {each.client_id for each in rows} != grown.keys():
            yield f"{name}: clients of that day and clients with a proof are not the same"
        for each in rows:
            proof, why = self._opened(each.content)
            if why:
                yield f"{name}, proof of {each.client_id}: {why}"
            elif proof is not None and not _leads(
                proof, grown.get(each.client_id), found
            ):
                yield f"{name}, proof of {each.client_id}: does not lead to the root"

    def _opened(self, content: bytes) -> tuple[Signed | None, str]:
        """Read a document and check its signature; what is wrong, in words."""
        try:
            signed = receipts.read(content)
        except ValueError as error:
            return None, str(error)
        return signed, self._unsigned(signed)

    def _unsigned(self, signed: Signed) -> str:
        """Say why a signature does not hold; "" if it does."""
        key = self._keys.get(signed.key)
        if key is None:
            return (
                f"it names the key {signed.key!r}, whose public half is not beside the "
                "signing key; put it there as receipts-OLD.pub if it was ours"
            )
        return "" if signed.is_signed_by(key) else "its signature does not hold"

    def _counted(self, kind: str, counts: Counter[str]) -> Iterator[str]:
        """Compare how many there are of each with what the events say."""
        table = schema.event
        query = select(table.c.subject, func.count().label("said"))
        rows = self._connection.execute(
            query.where(table.c.kind == kind).group_by(table.c.subject)
        )
        said = {row.subject: row.said for row in rows}
        for name in sorted(said.keys() | counts.keys()):
            if said.get(name, 0) != counts[name]:
                yield (
                    f"{kind} {name}: {said.get(name, 0)} were made, and {counts[name]} "
                    "are there"
                )


def _links(connection: Connection, client: str, number: int) -> Sequence[Any]:
    link, kept, deposit = schema.receipt_link, schema.receipt, schema.deposit
    query = (
        select(
            link.c.kind,
            link.c.receipt_id,
            link.c.sha256,
            func.coalesce(kept.c.content, deposit.c.receipt).label("content"),
        )
        .outerjoin(kept, kept.c.id == link.c.receipt_id)
        .outerjoin(deposit, deposit.c.id == link.c.receipt_id)
        .where(link.c.client_id == client, link.c.number == number)
        .order_by(link.c.position)
    )
    return connection.execute(query).all()


def _leads(proof: Signed, head: receipt_chain.Head | None, root: str) -> bool:
    body = proof.body
    path = [(step["side"], step["sha256"]) for step in body["path"]]
    return (
        head is not None
        and (body["number"], body["entry"]) == (head.number, head.sha256)
        and merkle.root_of(body["entry"], path) == root
    )
