"""What keeps a stored file: everything about it that has not come to its end.

A file belongs to a deposit, a dispatch, a return, or to a client's part of a return;
whichever it is, what is open about it is open about its lots.  Each reason is a
question to the rows as they are now, asked in their order; the first that says yes
keeps the file.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from attrs import frozen
from sqlalchemy import (
    ColumnElement,
    Connection,
    case,
    func,
    literal,
    select,
)

from gateway.journal import keeping_reasons, schema
from gateway.journal.stored_things import (
    BORN,
    DEPOSIT,
    HANDBACK,
    RETURN,
    TABLES,
    Yes,
    lots_of,
)
from routing.retention import Keeping, Reason

_LOT: Final = schema.lot


@frozen
class Judged:
    """One file, and why it stays; `reason` is None for one that may go."""

    kind: str
    id: str
    payload: str
    size: int
    reason: Reason | None


def judge(
    connection: Connection,
    kind: str,
    names: Collection[str],
    keeping: Keeping,
    now: float,
) -> list[Judged]:
    """Say of each thing whether its file may go; those purged already are left out."""
    if not names:
        return []
    table, payload = TABLES[kind], schema.payload
    wanted = table.c.id.in_(sorted(names))
    reasons = [
        (yes, literal(reason.value))
        for reason, yes in keeping_reasons.reasons(connection, kind, keeping, now)
    ]
    query = (
        select(
            table.c.id,
            payload.c.id.label("payload"),
            payload.c.size,
            table.c.network,
            case(*reasons, else_=literal("")).label("reason"),
            *_moments(kind),
        )
        .select_from(table.join(payload, payload.c.id == table.c.payload_id))
        .where(wanted, payload.c.purged_at.is_(None))
        .order_by(table.c.id)
    )
    rows = connection.execute(query).all()
    payers = _payers(connection, kind, wanted)
    found = []
    for row in rows:
        reason = Reason(row.reason) if row.reason else None
        last = max(float(each or 0.0) for each in row[5:])
        if reason is None and now < last + keeping.of(
            row.network, payers.get(row.id, ())
        ):
            reason = Reason.YOUNG
        found.append(Judged(kind, row.id, row.payload, row.size, reason))
    return found


def _moments(kind: str) -> list[ColumnElement[Any]]:
    """Ask for the last time that anything happened to a thing, its lots and answers."""
    said, given = schema.answer.alias(), schema.handback.alias()
    part = schema.handback.alias()
    lots = select(_LOT.c.id)
    words = (
        select(func.max(said.c.matched_at))
        .where(said.c.lot_id.in_(lots_of(kind, lots)))
        .scalar_subquery()
    )
    changed = lots_of(kind, select(func.max(_LOT.c.changed_at))).scalar_subquery()
    fetched = (
        select(func.max(func.coalesce(given.c.acknowledged_at, given.c.fetched_at)))
        .select_from(said.join(given, given.c.id == said.c.handback_id))
        .where(said.c.lot_id.in_(lots_of(kind, lots)))
        .scalar_subquery()
    )
    found: list[ColumnElement[Any]] = [BORN[kind], changed, words, fetched]
    if kind == RETURN:
        taken = func.max(func.coalesce(part.c.acknowledged_at, part.c.fetched_at))
        mine = part.c.return_id == schema.payer_return.c.id
        found.append(select(taken).where(mine).scalar_subquery())
    elif kind == HANDBACK:
        table = schema.handback
        found.append(func.coalesce(table.c.acknowledged_at, table.c.fetched_at))
    return found


def _payers(connection: Connection, kind: str, wanted: Yes) -> dict[str, set[str]]:
    """Map things to the payers that they concern."""
    table = TABLES[kind]
    if kind == DEPOSIT:
        query = (
            select(table.c.id, _LOT.c.payer_id)
            .join(_LOT, _LOT.c.deposit_id == table.c.id)
            .where(wanted, _LOT.c.payer_id.is_not(None))
            .distinct()
        )
    elif kind == HANDBACK:
        whole = schema.payer_return
        query = (
            select(table.c.id, whole.c.payer_id)
            .join(whole, whole.c.id == table.c.return_id)
            .where(wanted, whole.c.payer_id.is_not(None))
        )
    else:
        query = select(table.c.id, table.c.payer_id).where(
            wanted, table.c.payer_id.is_not(None)
        )
    found: dict[str, set[str]] = {}
    for name, payer in connection.execute(query):
        found.setdefault(name, set()).add(payer)
    return found
