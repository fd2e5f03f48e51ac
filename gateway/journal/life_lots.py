"""The part of a life that is told through its lots: states, claims, answers, debts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, case, func, or_, select

from gateway.journal import schema
from routing.envelope import Level
from routing.lifecycle import ExpectationState, LotState

LOTS: Final = 25
DEBTS: Final = 12

AnyRow = Row[*tuple[Any, ...]]
Rows = tuple[AnyRow, ...]


class Standing(NamedTuple):
    """Claims, and cents asked and paid, that stand in one account."""

    account: str
    claims: int
    asked: int
    paid: int


def lots(connection: Connection, scope: ColumnElement[bool]) -> Rows:
    """Read the first lots, those that need a person before the others."""
    lot, dispatch = schema.lot, schema.dispatch
    stuck = lot.c.state.in_([LotState.HELD, LotState.REFUSED])
    query = (
        select(
            lot,
            dispatch.c.filename.label("dispatch_file"),
            dispatch.c.sent_at.label("sent_at"),
        )
        .outerjoin(dispatch, dispatch.c.id == lot.c.dispatch_id)
        .where(scope)
        .order_by(stuck.desc(), lot.c.deposit_id, lot.c.position, lot.c.id)
        .limit(LOTS)
    )
    return tuple(connection.execute(query))


def states(connection: Connection, scope: ColumnElement[bool]) -> Mapping[str, int]:
    """Count the lots by state."""
    lot = schema.lot
    query = select(lot.c.state, func.count()).where(scope).group_by(lot.c.state)
    return {row[0]: row[1] for row in connection.execute(query)}


def held_for(connection: Connection, scope: ColumnElement[bool]) -> frozenset[str]:
    """Read the causes of all held lots."""
    lot = schema.lot
    query = select(lot.c.cause).where(scope, lot.c.state == LotState.HELD).distinct()
    return frozenset(connection.execute(query).scalars())


def standing(
    connection: Connection, scope: ColumnElement[bool], seq: int | None
) -> tuple[Standing, ...]:
    """Add up the claims by the account they stand in; of one claim with `seq`."""
    claim, lot = schema.claim, schema.lot
    account = func.coalesce(claim.c.account, lot.c.account)
    query = (
        select(account, func.count(), func.sum(claim.c.asked), func.sum(claim.c.paid))
        .join(lot, lot.c.id == claim.c.lot_id)
        .where(scope)
        .group_by(account)
        .order_by(account)
    )
    if seq is not None:
        query = query.where(claim.c.seq == seq)
    return tuple(
        Standing(name, int(count), int(asked), int(paid))
        for name, count, asked, paid in connection.execute(query)
    )


def standing_of(
    connection: Connection, ids: list[str]
) -> Mapping[str, tuple[Standing, ...]]:
    """Add up the claims of each lot by account."""
    claim, lot = schema.claim, schema.lot
    account = func.coalesce(claim.c.account, lot.c.account).label("account")
    query = (
        select(
            lot.c.id,
            account,
            func.count(),
            func.sum(claim.c.asked),
            func.sum(claim.c.paid),
        )
        .join(lot, lot.c.id == claim.c.lot_id)
        .where(lot.c.id.in_(ids))
        .group_by(lot.c.id, account)
        .order_by(lot.c.id, account)
    )
    found: dict[str, tuple[Standing, ...]] = {}
    for name, place, count, asked, paid in connection.execute(query):
        each = Standing(place, int(count), int(asked), int(paid))
        found[name] = (*found.get(name, ()), each)
    return found


def last_answers(
    connection: Connection, ids: list[str], seq: int | None
) -> Mapping[str, AnyRow]:
    """Find the newest answer of each lot (or the one claim); on claims before lots."""
    answer, returned = schema.answer, schema.payer_return
    mine: ColumnElement[bool] = answer.c.lot_id.in_(ids)
    if seq is not None:
        mine &= or_(answer.c.claim_seq == seq, answer.c.claim_seq.is_(None))
    decides = case((answer.c.level == Level.CLAIM, 1), else_=0)
    place = func.row_number().over(
        partition_by=answer.c.lot_id,
        order_by=(decides.desc(), answer.c.matched_at.desc(), answer.c.seq.desc()),
    )
    ranked = (
        select(
            answer.c.lot_id,
            answer.c.outcome,
            answer.c.paid,
            answer.c.remarks,
            answer.c.matched_at,
            answer.c.return_id,
            place.label("place"),
        )
        .where(mine)
        .subquery()
    )
    query = (
        select(ranked, returned.c.remote_name, returned.c.kind)
        .join(returned, returned.c.id == ranked.c.return_id)
        .where(ranked.c.place == 1)
    )
    return {row.lot_id: row for row in connection.execute(query)}


def unexpecting(connection: Connection, scope: ColumnElement[bool]) -> tuple[str, ...]:
    """Find the payers of lots that were sent, and for which no answer was ever owed."""
    table, lot = schema.expectation, schema.lot
    waiting = lot.c.state.in_([LotState.SENT, LotState.ACKNOWLEDGED])
    owed_once = select(table.c.lot_id).where(table.c.lot_id == lot.c.id).exists()
    query = (
        select(lot.c.payer_id)
        .where(scope, waiting, ~owed_once)
        .distinct()
        .order_by(lot.c.payer_id)
        .limit(DEBTS)
    )
    return tuple(connection.execute(query).scalars())


def owed(connection: Connection, scope: ColumnElement[bool]) -> Rows:
    """Add up what is owed by payer, kind and state, soonest first."""
    table, lot = schema.expectation, schema.lot
    open_ones = (
        ExpectationState.OPEN,
        ExpectationState.LATE,
        ExpectationState.MISSING,
    )
    query = (
        select(
            table.c.payer_id,
            table.c.flow,
            table.c.kind,
            table.c.level,
            table.c.state,
            func.sum(table.c.owed).label("owed"),
            func.count().label("lots"),
            func.min(table.c.due_at).label("due_at"),
            func.max(table.c.missing_at).label("missing_at"),
        )
        .join(lot, lot.c.id == table.c.lot_id)
        .where(scope, table.c.state.in_(open_ones))
        .group_by(
            table.c.payer_id, table.c.flow, table.c.kind, table.c.level, table.c.state
        )
        .order_by(func.min(table.c.due_at))
        .limit(DEBTS)
    )
    return tuple(connection.execute(query))
