"""The lots that are chased, as a person asks about them: how they stand, what was tried.

Everything is bounded and added up by the database, so a deposit whose four hundred
lots are chased is told as shortly as one lot.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    case,
    cast,
    func,
    or_,
    select,
)

from gateway.journal import schema
from gateway.journal.lots import NOT_ENROLLED
from routing.chase import ChaseState
from routing.delays import Key
from routing.lifecycle import ExpectationState, LotState

TRIES: Final = 10
LOTS: Final = 25
OWED: Final = frozenset({"answer-late", "answer-missing"})
"""The kinds of anomalies that are about late or missing answers."""
_MINUTE: Final = 60
_OVERDUE: Final = (ExpectationState.LATE, ExpectationState.MISSING)

AnyRow = Row[*tuple[Any, ...]]
Rows = tuple[AnyRow, ...]


class Try(NamedTuple):
    """A remedy that was tried for lots within a minute, and what became of it.

    `id` and `words` are empty where several lots differ.
    """

    remedy: str
    state: str
    lots: int
    brought: int
    at: float
    id: str
    words: str


def states(connection: Connection, scope: ColumnElement[bool]) -> Mapping[str, int]:
    """Count the chases of lots by state."""
    chase, lot = schema.chase, schema.lot
    query = (
        select(chase.c.state, func.count())
        .join(lot, lot.c.id == chase.c.lot_id)
        .where(scope)
        .group_by(chase.c.state)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def going_on(connection: Connection, scope: ColumnElement[bool]) -> list[str]:
    """Name lots whose chase is not over, the next due first; 25 at most."""
    chase, lot = schema.chase, schema.lot
    query = (
        select(chase.c.lot_id)
        .join(lot, lot.c.id == chase.c.lot_id)
        .where(scope, chase.c.state != ChaseState.ENDED)
        .order_by(chase.c.next_at, chase.c.lot_id)
        .limit(LOTS)
    )
    return list(connection.execute(query).scalars())


def tries(
    connection: Connection, scope: ColumnElement[bool]
) -> tuple[tuple[Try, ...], int]:
    """Add up what was tried, the newest last, and count all tries; 10 groups at most."""
    remedy, lot = schema.remedy, schema.lot
    mine = select(remedy).join(lot, lot.c.id == remedy.c.lot_id).where(scope).subquery()
    least, most = func.min(mine.c.words), func.max(mine.c.words)
    query = (
        select(
            mine.c.kind,
            mine.c.state,
            func.count(),
            func.sum(mine.c.brought),
            func.min(mine.c.at).label("at"),
            case((func.count() == 1, func.min(mine.c.id)), else_=""),
            case((least == most, least), else_=""),
        )
        .group_by(mine.c.kind, mine.c.state, cast(mine.c.at / _MINUTE, BigInteger))
        .order_by(func.min(mine.c.at).desc(), func.min(mine.c.id).desc())
        .limit(TRIES)
    )
    found = [Try._make(row) for row in connection.execute(query)]
    count = connection.execute(select(func.count()).select_from(mine)).scalar_one()
    newest = (each._replace(brought=int(each.brought)) for each in reversed(found))
    return tuple(newest), int(count)


def late_since(connection: Connection, scope: ColumnElement[bool]) -> Mapping[Key, str]:
    """Tell the ISO day of the first send of each payer, flow and kind that is late.

    What was sent again meanwhile is late still, though it is not due again yet.
    """
    table, lot, chase = schema.expectation, schema.lot, schema.chase
    sent_again = select(chase.c.lot_id).where(
        chase.c.lot_id == table.c.lot_id, chase.c.state != ChaseState.ENDED
    )
    is_late = or_(
        table.c.state.in_(_OVERDUE),
        and_(table.c.state == ExpectationState.OPEN, sent_again.exists()),
    )
    whose = (table.c.payer_id, table.c.flow, table.c.kind)
    query = (
        select(*whose, func.min(table.c.sent_on))
        .join(lot, lot.c.id == table.c.lot_id)
        .where(scope, is_late, table.c.sent_on != "")
        .group_by(*whose)
        .order_by(*whose)
        .limit(LOTS)
    )
    return {Key(*key): day for *key, day in connection.execute(query)}


def enrolments_behind(connection: Connection, scope: ColumnElement[bool]) -> Rows:
    """Name what enrolments lots may wait for: network, sender, payer_id and flow."""
    lot, chase = schema.lot, schema.chase
    held = (lot.c.state == LotState.HELD) & (lot.c.cause == NOT_ENROLLED)
    open_ones = select(chase.c.lot_id).where(
        chase.c.lot_id == lot.c.id, chase.c.state == ChaseState.OPEN
    )
    query = (
        select(lot.c.network, lot.c.sender, lot.c.payer_id, lot.c.flow)
        .where(scope, lot.c.payer_id.is_not(None), or_(held, open_ones.exists()))
        .distinct()
        .order_by(lot.c.network, lot.c.payer_id, lot.c.flow, lot.c.sender)
        .limit(LOTS)
    )
    return tuple(connection.execute(query))


def behind(
    connection: Connection, anomaly: AnyRow, most: int = LOTS
) -> tuple[Rows, int]:
    """List the lots behind an anomaly about late or missing answers, and count them.

    Of late answers the longest due come first, of missing ones the longest chased;
    25 at most, unless told.  Of other kinds there are none here.
    """
    if anomaly.kind not in OWED:
        return (), 0
    payer, flow, what = anomaly.subject.rsplit(":", 2)
    lot, chase, owed = schema.lot, schema.chase, schema.expectation
    columns = (lot.c.id, lot.c.number, lot.c.sender, lot.c.client_id)
    query: Select[*tuple[Any, ...]]
    if anomaly.kind == "answer-missing":
        query = (
            select(
                *columns,
                chase.c.state,
                chase.c.claims,
                chase.c.opened_at.label("since"),
            )
            .join(chase, chase.c.lot_id == lot.c.id)
            .where(
                chase.c.payer_id == payer,
                chase.c.flow == flow,
                chase.c.state == ChaseState.GIVEN_UP,
            )
        )
        order = chase.c.opened_at
    else:
        state = func.coalesce(chase.c.state, "").label("state")
        query = (
            select(
                *columns,
                state,
                owed.c.owed.label("claims"),
                owed.c.due_at.label("since"),
            )
            .join(owed, owed.c.lot_id == lot.c.id)
            .outerjoin(chase, chase.c.lot_id == lot.c.id)
            .where(
                owed.c.payer_id == payer,
                owed.c.flow == flow,
                owed.c.kind == what,
                owed.c.state.in_(_OVERDUE),
            )
        )
        order = owed.c.due_at
    count = connection.execute(
        select(func.count()).select_from(query.subquery())
    ).scalar_one()
    rows = connection.execute(query.order_by(order, lot.c.id).limit(most))
    return tuple(rows), int(count)
