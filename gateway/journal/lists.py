"""Lists of what there is, one screen at a time, each along an index of its own.

A list goes on behind the sort key of the row at which it was left, so nothing is
counted to the end and nothing is skipped while rows come.  A filter that is None
leaves nothing out.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    String,
    and_,
    bindparam,
    func,
    or_,
    select,
    tuple_,
)

from gateway.journal import schema
from routing.lifecycle import DispatchState, ExpectationState

Rows = Sequence[Row[*tuple[Any, ...]]]
After = tuple[float, str] | None
OWED: Final = (ExpectationState.OPEN, ExpectationState.LATE, ExpectationState.MISSING)
WAITING: Final = (DispatchState.READY, DispatchState.SENDING, DispatchState.UNKNOWN)
_HEAVY: Final = frozenset({"receipt", "report", "facts"})


class Period(NamedTuple):
    """From one moment, and before another; None: without an end there."""

    since: float | None = None
    until: float | None = None


EVER: Final = Period()


def deposits(
    connection: Connection,
    *,
    limit: int,
    after: After = None,
    period: Period = EVER,
    client: str | None = None,
    state: str | None = None,
) -> Rows:
    """List deposits, newest first; `after` is (received_at, id)."""
    table = schema.deposit
    columns = [each for each in table.c if each.name not in _HEAVY]
    query = select(*columns).where(
        *_equal((table.c.client_id, client), (table.c.state, state))
    )
    return _newest(
        connection, query, table.c.received_at, table.c.id, period, after, limit
    )


def lots(
    connection: Connection,
    *,
    limit: int,
    after: After = None,
    period: Period = EVER,
    client: str | None = None,
    payer: str | None = None,
    sender: str | None = None,
    state: str | None = None,
    cause: str | None = None,
    deposit: str | None = None,
    dispatch: str | None = None,
) -> Rows:
    """List lots, newest first; `after` is (created_at, id)."""
    table = schema.lot
    wanted = (
        (table.c.deposit_id, deposit),
        (table.c.dispatch_id, dispatch),
        (table.c.client_id, client),
        (table.c.payer_id, payer),
        (table.c.sender, sender),
        (table.c.state, state),
        (table.c.cause, cause),
    )
    query = select(table).where(*_equal(*wanted))
    return _newest(
        connection, query, table.c.created_at, table.c.id, period, after, limit
    )


def dispatches(
    connection: Connection,
    *,
    limit: int,
    after: After = None,
    period: Period = EVER,
    payer: str | None = None,
    states: Collection[str] | None = None,
) -> Rows:
    """List dispatches, newest first; `after` is (created_at, id)."""
    table = schema.dispatch
    conditions = _equal((table.c.payer_id, payer))
    if states is not None:
        conditions.append(table.c.state.in_(states))
    query = select(table).where(*conditions)
    return _newest(
        connection, query, table.c.created_at, table.c.id, period, after, limit
    )


def returns(
    connection: Connection,
    *,
    limit: int,
    after: After = None,
    period: Period = EVER,
    payer: str | None = None,
    state: str | None = None,
) -> Rows:
    """List what payers sent, newest first; `after` is (collected_at, id)."""
    table = schema.payer_return
    columns = [each for each in table.c if each.name not in _HEAVY]
    query = select(*columns).where(
        *_equal((table.c.payer_id, payer), (table.c.state, state))
    )
    return _newest(
        connection, query, table.c.collected_at, table.c.id, period, after, limit
    )


def owed(
    connection: Connection,
    *,
    limit: int,
    after: tuple[float, str, str, str] | None = None,
    payer: str | None = None,
    client: str | None = None,
    state: str = ExpectationState.LATE,
    kind: str | None = None,
    before: float | None = None,
) -> Rows:
    """List answers that are owed and in one state, the longest due first.

    `after` is (due_at, lot, kind, dispatch); `before` leaves out what is due later.
    """
    table, lot = schema.expectation, schema.lot
    key = (table.c.due_at, table.c.lot_id, table.c.kind, table.c.dispatch_id)
    told = bindparam("state", state, String, literal_execute=True)  # for the index
    conditions = _equal(
        (table.c.payer_id, payer), (lot.c.client_id, client), (table.c.kind, kind)
    )
    if before is not None:
        conditions.append(table.c.due_at < before)
    if after is not None:
        conditions += [table.c.due_at >= after[0], tuple_(*key) > after]
    query = (
        select(
            table,
            lot.c.number.label("lot_number"),
            lot.c.client_id,
            lot.c.sender,
            lot.c.claims,
        )
        .join(lot, lot.c.id == table.c.lot_id)
        .where(table.c.state == told, *conditions)
        .order_by(*key)
        .limit(limit)
    )
    return connection.execute(query).all()


def claims(connection: Connection, lot: str, *, limit: int, after: int = 0) -> Rows:
    """List a lot's invoices in their order; `after` is the last one's place."""
    table, lots_ = schema.claim, schema.lot
    columns = [each for each in table.c if each.name not in {"patient", "account"}]
    account = func.coalesce(table.c.account, lots_.c.account).label("account")
    query = (
        select(*columns, account)
        .join(lots_, lots_.c.id == table.c.lot_id)
        .where(table.c.lot_id == lot, table.c.seq > after)
        .order_by(table.c.seq)
        .limit(limit)
    )
    return connection.execute(query).all()


def answers(
    connection: Connection, returned: str, *, limit: int, after: int = 0
) -> Rows:
    """List what a return says in its order; `after` is the last one's place."""
    table = schema.answer
    query = _answers().where(table.c.return_id == returned, table.c.seq > after)
    return connection.execute(query.order_by(table.c.seq).limit(limit)).all()


def answers_about(
    connection: Connection, lot: str, seq: int | None, *, limit: int
) -> Rows:
    """List what payers said of a lot, or of one invoice and its whole lot, newest first."""
    table = schema.answer
    mine: ColumnElement[bool] = table.c.lot_id == lot
    if seq is not None:
        mine &= or_(table.c.claim_seq == seq, table.c.claim_seq.is_(None))
    order = (table.c.matched_at.desc(), table.c.return_id.desc(), table.c.seq)
    return connection.execute(
        _answers().where(mine).order_by(*order).limit(limit)
    ).all()


def _answers() -> Select[*tuple[Any, ...]]:
    table, lot, claim = schema.answer, schema.lot, schema.claim
    returned = schema.payer_return
    return (
        select(
            table,
            lot.c.number.label("lot_number"),
            claim.c.number.label("claim_number"),
            returned.c.remote_name,
            returned.c.kind.label("return_kind"),
            returned.c.payer_id,
        )
        .join(returned, returned.c.id == table.c.return_id)
        .outerjoin(lot, lot.c.id == table.c.lot_id)
        .outerjoin(
            claim,
            and_(claim.c.lot_id == table.c.lot_id, claim.c.seq == table.c.claim_seq),
        )
    )


def receipt(connection: Connection, deposit: str) -> bytes | None:
    """Give the signed receipt of a deposit."""
    table = schema.deposit
    query = select(table.c.receipt).where(table.c.id == deposit)
    found = connection.execute(query).scalar_one_or_none()
    return None if found is None else bytes(found)


def _newest(
    connection: Connection,
    query: Select[*tuple[Any, ...]],
    at: ColumnElement[float],
    name: ColumnElement[str],
    period: Period,
    after: After,
    limit: int,
) -> Rows:
    if period.since is not None:
        query = query.where(at >= period.since)
    if period.until is not None:
        query = query.where(at < period.until)
    if after is not None:
        query = query.where(tuple_(at, name) < after)
    return connection.execute(query.order_by(at.desc(), name.desc()).limit(limit)).all()


def _equal(*pairs: tuple[ColumnElement[Any], Any]) -> list[ColumnElement[bool]]:
    return [column == value for column, value in pairs if value is not None]
