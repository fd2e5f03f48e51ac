"""The chains of receipts: what is to be chained, what is, and how it gets there.

What happened is read from the events, whose chains have no holes and grow in the
order of their commits: behind a mark in each nothing can come any more, so no
receipt is passed over, however many nodes write.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from attrs import frozen
from sqlalchemy import Connection, Row, func, insert, select

from gateway.committing import Tx
from gateway.journal import dialect, schema

GENESIS: Final = "0" * 64
DEPOSITED: Final = "deposit.received"
HANDED_OVER: Final = ("dispatch.accepted", "dispatch.arrived")
GIVEN_BACK: Final = "return.ready"
_KINDS: Final = (DEPOSITED, *HANDED_OVER, GIVEN_BACK)
_IN_ONE: Final = 500  # values of one IN (…)

Rows = list[Row[*tuple[Any, ...]]]


class Head(NamedTuple):
    """The last entry of a client's chain."""

    number: int = 0
    sha256: str = GENESIS
    made_at: float = 0.0


@frozen
class Progress:
    """How far the chains are: marks in the chains of events, and the last day closed."""

    marks: Mapping[str, int]
    closed: str  # ISO day; "" for none


@frozen(kw_only=True)
class Made:
    """A receipt that has its place in an entry; `content` where it is not kept yet."""

    client: str
    kind: str
    id: str
    sha256: str
    subject: str = ""
    content: bytes = b""


@frozen(kw_only=True)
class Entry:
    """An entry of a client's chain, signed, and what it covers."""

    client: str
    number: int
    sha256: str
    content: bytes
    receipts: Sequence[Made]


def progress(connection: Connection) -> Progress:
    """Read how far the chains are."""
    marks = connection.execute(select(schema.receipt_mark))
    table = schema.receipt_root
    closed = connection.execute(select(func.max(table.c.day))).scalar_one()
    return Progress({row.chain: row.seq for row in marks}, closed or "")


def ends(connection: Connection) -> Mapping[str, int]:
    """Map every chain of events to its last event."""
    table = schema.event_chain
    rows = connection.execute(select(table.c.chain, table.c.seq))
    return {row.chain: row.seq for row in rows}


def happened(
    connection: Connection, chain: str, *, after: int, until: int, most: int
) -> Rows:
    """List events of a chain that ask for a receipt, in their order."""
    table = schema.event
    query = (
        select(table)
        .where(
            table.c.chain == chain,
            table.c.seq > after,
            table.c.seq <= until,
            table.c.kind.in_(_KINDS),
        )
        .order_by(table.c.seq)
        .limit(most)
    )
    return list(connection.execute(query))


def deposits(connection: Connection, ids: Collection[str]) -> Mapping[str, Any]:
    """Map deposits to their client and receipt."""
    table = schema.deposit
    query = select(table.c.id, table.c.client_id, table.c.receipt)
    return {
        row.id: row
        for some in _some(ids)
        for row in connection.execute(query.where(table.c.id.in_(some)))
    }


def dispatched(connection: Connection, name: str) -> tuple[Any, Rows]:
    """Read a dispatch with the hash of its file, and its lots in the file's order."""
    table, member, lot = schema.dispatch, schema.dispatch_lot, schema.lot
    query = select(table, schema.payload.c.sha256).join(schema.payload)
    row = connection.execute(query.where(table.c.id == name)).one()
    lots = (
        select(
            lot.c.id,
            lot.c.client_id,
            lot.c.deposit_id,
            lot.c.number,
            lot.c.sender,
            lot.c.claims,
        )
        .join(member, member.c.lot_id == lot.c.id)
        .where(member.c.dispatch_id == name)
        .order_by(member.c.position)
    )
    return row, list(connection.execute(lots))


def verified(connection: Connection, dispatch: str) -> str:
    """Tell what the channel verified when it handed a dispatch over, in words."""
    table = schema.attempt
    query = (
        select(table.c.words)
        .where(table.c.dispatch_id == dispatch, table.c.outcome == "accepted")
        .order_by(table.c.number.desc())
        .limit(1)
    )
    return connection.execute(query).scalar_one_or_none() or ""


def given_back(connection: Connection, name: str) -> tuple[Any, Rows]:
    """Read a handback, and its answers counted by lot and outcome."""
    table, answer, lot = schema.handback, schema.answer, schema.lot
    row = connection.execute(select(table).where(table.c.id == name)).one()
    counted = (
        select(
            answer.c.lot_id,
            lot.c.number,
            answer.c.outcome,
            func.count().label("answers"),
        )
        .outerjoin(lot, lot.c.id == answer.c.lot_id)
        .where(answer.c.return_id == row.return_id, answer.c.handback_id == name)
        .group_by(answer.c.lot_id, lot.c.number, answer.c.outcome)
        .order_by(answer.c.lot_id, answer.c.outcome)
    )
    return row, list(connection.execute(counted))


def heads(connection: Connection, clients: Collection[str]) -> Mapping[str, Head]:
    """Map clients to the last entry of their chain; who has none is left out."""
    table = schema.receipt_entry
    found = {}
    for some in _some(clients):
        last = (
            select(table.c.client_id, func.max(table.c.number).label("number"))
            .where(table.c.client_id.in_(some))
            .group_by(table.c.client_id)
            .subquery()
        )
        same = (table.c.client_id == last.c.client_id) & (
            table.c.number == last.c.number
        )
        columns = (table.c.client_id, table.c.number, table.c.sha256, table.c.made_at)
        for row in connection.execute(select(*columns).join(last, same)):
            found[row.client_id] = Head(row.number, row.sha256, row.made_at)
    return found


def add(
    tx: Tx, entries: Sequence[Entry], marks: Mapping[str, int], made_at: float
) -> None:
    """Keep new entries with their receipts, and move the marks on."""
    kept = [
        {
            "id": each.id,
            "client_id": each.client,
            "kind": each.kind,
            "subject": each.subject,
            "content": each.content,
            "made_at": made_at,
        }
        for entry in entries
        for each in entry.receipts
        if each.content
    ]
    rows = [
        {
            "client_id": each.client,
            "number": each.number,
            "content": each.content,
            "sha256": each.sha256,
            "made_at": made_at,
        }
        for each in entries
    ]
    for table, new in ((schema.receipt, kept), (schema.receipt_entry, rows)):
        if new:
            tx.connection.execute(insert(table), new)
    dialect.bulk_insert(
        tx.connection,
        schema.receipt_link,
        ("client_id", "number", "position", "kind", "receipt_id", "sha256"),
        [
            (entry.client, entry.number, position, each.kind, each.id, each.sha256)
            for entry in entries
            for position, each in enumerate(entry.receipts, 1)
        ],
    )
    seen = [{"chain": chain, "seq": seq} for chain, seq in marks.items()]
    dialect.upsert(tx.connection, schema.receipt_mark, seen)
    for each in entries:
        tx.say("receipt.chained", each.client, number=each.number, sha256=each.sha256)


def _some(names: Iterable[str]) -> Iterator[list[str]]:
    wanted = sorted(names)
    for at in range(0, len(wanted), _IN_ONE):
        yield wanted[at : at + _IN_ONE]
