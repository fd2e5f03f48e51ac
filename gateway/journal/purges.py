"""Purging in the journal: which files are asked about, and how one becomes unreadable.

A file's key is dropped with its event in one transaction: from then on nobody can
read its bytes, wherever copies of them lie, and its row says when.  The bytes
themselves are removed afterwards, so a crash in between leaves what is unreadable.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Select, delete, exists, func, select, update

from gateway.committing import Tx
from gateway.journal import keeping, schema
from gateway.journal.keeping import Judged
from gateway.journal.stored_things import (
    BORN,
    DEPOSIT,
    HANDBACK,
    RETURN,
    TABLES,
    lots_of,
)
from routing.retention import Keeping

PURGED: Final = "payload.purged"
_PAYLOAD: Final = schema.payload


def candidates(
    connection: Connection, kind: str, *, born_before: float, after: str, most: int
) -> list[str]:
    """Name things with a file that is old enough to be asked about, behind `after`."""
    table = TABLES[kind]
    query = (
        _kept(kind, select(table.c.id))
        .where(BORN[kind] < born_before, table.c.id > after)
        .order_by(table.c.id)
        .limit(most)
    )
    return list(connection.execute(query).scalars())


def young(connection: Connection, kind: str, *, born_since: float) -> tuple[int, int]:
    """Count files, and their bytes, that nobody need ask about yet."""
    what = select(func.count(), func.coalesce(func.sum(_PAYLOAD.c.size), 0))
    row = connection.execute(_kept(kind, what).where(BORN[kind] >= born_since)).one()
    return int(row[0]), int(row[1])


def purge(
    tx: Tx, kind: str, names: Sequence[str], rules: Keeping, *, by: str, why: str
) -> list[Judged]:
    """Purge what may go of these now, whatever was thought before; return what went.

    What another transaction is at work on stays this time.
    """
    free = _locked(tx, kind, names)
    gone = [
        each
        for each in keeping.judge(tx.connection, kind, free, rules, tx.now)
        if each.reason is None
    ]
    payloads = [each.payload for each in gone]
    if not payloads:
        return []
    tx.connection.execute(
        update(_PAYLOAD)
        .where(_PAYLOAD.c.id.in_(payloads), _PAYLOAD.c.purged_at.is_(None))
        .values(purged_at=tx.now, key_id="", wrapped_key=b"")
    )
    owners = {each.payload: [each.id] for each in gone}
    if kind == RETURN:
        for name, payload in _as_they_came(tx.connection, [each.id for each in gone]):
            owners[payload].append(name)
    if kind == DEPOSIT:
        table = schema.inbox_name
        names = [each.id for each in gone]
        clients = select(schema.deposit.c.client_id).where(
            schema.deposit.c.id.in_(names)
        )
        mine = (table.c.client_id.in_(clients), table.c.deposit_id.in_(names))
        tx.connection.execute(delete(table).where(*mine))
    for each in gone:
        for owner in owners[each.payload]:
            tx.say(
                PURGED,
                owner,
                payload=each.payload,
                size=each.size,
                asked_by=by,
                why=why,
            )
    return gone


def places(connection: Connection) -> list[str]:
    """Name the files in storage that hold nothing but purged payloads."""
    gone, place = _PAYLOAD.c.purged_at.is_not(None), _PAYLOAD.c.place
    query = select(place).where(gone, place != "").distinct().order_by(place)
    found = list(connection.execute(query).scalars())
    used: set[str] = set()
    for start in range(0, len(found), 500):
        some = found[start : start + 500]
        kept = select(place).where(place.in_(some), _PAYLOAD.c.purged_at.is_(None))
        used.update(connection.execute(kept.distinct()).scalars())
    return [each for each in found if each not in used]


def removed(tx: Tx, place: str) -> None:
    """Note that the bytes of a place are gone."""
    gone = _PAYLOAD.c.purged_at.is_not(None)
    tx.connection.execute(
        update(_PAYLOAD).where(_PAYLOAD.c.place == place, gone).values(place="")
    )


def waiting(connection: Connection) -> int:
    """Count bytes that nobody can read any more and that still take room."""
    total = func.coalesce(func.sum(_PAYLOAD.c.size), 0)
    gone = (_PAYLOAD.c.purged_at.is_not(None), _PAYLOAD.c.place != "")
    return int(connection.execute(select(total).where(*gone)).scalar_one())


def purged_at(connection: Connection, payload: str) -> float | None:
    """Tell when a payload was purged; None while it is kept."""
    query = select(_PAYLOAD.c.purged_at).where(_PAYLOAD.c.id == payload)
    found: float | None = connection.execute(query).scalar_one_or_none()
    return found


def kept(payload: Any) -> Any:
    """Say, in a query, that the payload of a column is still there."""
    there = schema.payload.alias()
    return exists().where(there.c.id == payload, there.c.purged_at.is_(None))


def unsaid(connection: Connection) -> Iterator[str]:
    """Say which files have lost their keys, and no event tells of a purge."""
    event = schema.event
    for kind, table in TABLES.items():
        said = exists().where(event.c.subject == table.c.id, event.c.kind == PURGED)
        query = (
            select(table.c.id, _PAYLOAD.c.id.label("payload"))
            .join(_PAYLOAD, _PAYLOAD.c.id == table.c.payload_id)
            .where(_PAYLOAD.c.purged_at.is_not(None), ~said)
        )
        for row in connection.execute(query):
            yield (
                f"payload {row.payload}: its key is gone, and no event says that "
                f"{kind} {row.id} was purged"
            )


def _kept(kind: str, query: Select[Any]) -> Select[Any]:
    """Narrow a query to things of which the file is there, each file once."""
    table, whole = TABLES[kind], schema.payer_return
    query = query.select_from(
        table.join(_PAYLOAD, _PAYLOAD.c.id == table.c.payload_id)
    ).where(_PAYLOAD.c.purged_at.is_(None))
    if kind == HANDBACK:  # one that is the whole return goes with it
        same = exists().where(
            whole.c.id == table.c.return_id, whole.c.payload_id == table.c.payload_id
        )
        query = query.where(~same)
    return query


def _as_they_came(
    connection: Connection, returns: Collection[str]
) -> list[tuple[str, str]]:
    """List clients' parts that are a whole return, with its payload."""
    table, whole = schema.handback, schema.payer_return
    same = (whole.c.id == table.c.return_id) & (
        whole.c.payload_id == table.c.payload_id
    )
    query = select(table.c.id, table.c.payload_id).join(whole, same)
    found = connection.execute(query.where(table.c.return_id.in_(returns)))
    return [(row.id, row.payload_id) for row in found]


def _locked(tx: Tx, kind: str, names: Sequence[str]) -> list[str]:
    """Keep other transactions off things and their lots; leave out what they have.

    Whoever has a thing done again locks its row first, and finds it purged after us.
    """
    table, lot = TABLES[kind], schema.lot
    mine = table.c.id.in_(names)
    lock: dict[str, Any] = {"skip_locked": True}
    query = select(table.c.id).where(mine).order_by(table.c.id)
    free = set(tx.connection.execute(query.with_for_update(**lock)).scalars())
    pairs = lots_of(kind, select(table.c.id, lot.c.id.label("lot")))
    both = [tuple(row) for row in tx.connection.execute(pairs.where(mine))]
    lots = sorted({name for _, name in both})
    held: set[str] = set()
    for start in range(0, len(lots), 500):
        some = lot.c.id.in_(lots[start : start + 500])
        taken = select(lot.c.id).where(some).with_for_update(**lock)
        held.update(tx.connection.execute(taken).scalars())
    busy = {name for name, its_lot in both if its_lot not in held}
    return sorted(free - busy)
