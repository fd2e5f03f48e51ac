"""Reading the journal for people and programs outside: lists, pages, one life.

Every list goes on after the sort key of the row that it was left at.  With a
`client`, only rows of that client exist; None is for staff and the command line.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Table,
    and_,
    func,
    or_,
    select,
    tuple_,
)

from gateway.journal import arrivals, schema
from routing.lifecycle import HandbackState

Found = list[Row[*tuple[Any, ...]]]


def deposits(
    connection: Connection,
    client: str | None,
    *,
    limit: int,
    after: tuple[float, str] | None = None,
    oldest_first: bool = False,
    until: int | None = None,
    state: str | None = None,
    filename: str | None = None,
    since: float | None = None,
) -> Found:
    """List deposits, newest first unless told; `after` is (received_at, id).

    A client's oldest come first in the order of their arrival; `until` the horizon
    of `arrivals` such a list can be gone on with later.
    """
    table = schema.deposit
    columns = _all_but(table, "receipt", "report", "payload_id", "worker")
    query = select(*columns, _is_test())
    conditions = _equal(
        (table.c.client_id, client),
        (table.c.state, state),
        (table.c.filename, filename),
    )
    if since is not None:
        conditions.append(table.c.received_at >= since)
    at = table.c.received_at
    if oldest_first:
        order, where = _arriving(connection, table, at, client, after, until)
        conditions += where
    else:
        order = [at.desc(), table.c.id.desc()]
        if after is not None:
            conditions.append(tuple_(at, table.c.id) < after)
    return _page(connection, query.where(*conditions).order_by(*order), limit)


def deposit(
    connection: Connection, client: str | None, deposit_id: str
) -> Row[*tuple[Any, ...]] | None:
    """Find one deposit."""
    table = schema.deposit
    columns = _all_but(table, "report", "payload_id", "worker")
    query = select(*columns, _is_test()).where(
        table.c.id == deposit_id, *_equal((table.c.client_id, client))
    )
    return connection.execute(query).one_or_none()


def report(connection: Connection, client: str | None, deposit_id: str) -> bytes | None:
    """Give the report on a deposit; None if it is not read yet, or not there."""
    table = schema.deposit
    query = select(table.c.report).where(
        table.c.id == deposit_id, *_equal((table.c.client_id, client))
    )
    return connection.execute(query).scalar_one_or_none()


def problems(
    connection: Connection, deposit_id: str, *, limit: int, after: int = 0
) -> Found:
    """List what was wrong in a deposit, in the order of the file."""
    table = schema.problem
    query = select(table).where(table.c.deposit_id == deposit_id, table.c.seq > after)
    return _page(connection, query.order_by(table.c.seq), limit)


def lots(
    connection: Connection,
    deposit_id: str,
    *,
    limit: int,
    after: tuple[int, str] = (0, ""),
) -> Found:
    """List a deposit's lots by position, each with its dispatch if it has one.

    Lots that were split off another come after it; `after` is (position, id).
    """
    lot, dispatch = schema.lot, schema.dispatch
    query = (
        select(
            lot,
            dispatch.c.filename.label("dispatch_filename"),
            dispatch.c.state.label("dispatch_state"),
            dispatch.c.sent_at.label("dispatch_sent_at"),
        )
        .outerjoin(dispatch, dispatch.c.id == lot.c.dispatch_id)
        .where(lot.c.deposit_id == deposit_id, tuple_(lot.c.position, lot.c.id) > after)
    )
    return _page(connection, query.order_by(lot.c.position, lot.c.id), limit)


def expectations(connection: Connection, lot_ids: Sequence[str]) -> Found:
    """List the answers owed for lots, soonest first."""
    table = schema.expectation
    query = select(table).where(table.c.lot_id.in_(lot_ids))
    return list(connection.execute(query.order_by(table.c.due_at, table.c.kind)))


def claims(
    connection: Connection,
    deposit_id: str,
    *,
    limit: int,
    after: tuple[int, int] | None = None,
) -> Found:
    """List a deposit's claims; `after` is (position of the lot, seq in it).

    Parts that were split off are no claims of their own: see `two_parts`.
    """
    claim, lot = schema.claim, schema.lot
    query = (
        select(
            claim.c.lot_id,
            claim.c.seq,
            claim.c.number,
            claim.c.date,
            claim.c.billed,
            claim.c.asked,
            claim.c.paid,
            claim.c.record,
            claim.c.outcome,
            claim.c.answered_at,
            func.coalesce(claim.c.account, lot.c.account).label("account"),
            lot.c.position,
            lot.c.number.label("lot_number"),
        )
        .join(lot, lot.c.id == claim.c.lot_id)
        .where(lot.c.deposit_id == deposit_id, lot.c.part_of.is_(None))
        .order_by(lot.c.position, claim.c.seq)
    )
    if after is not None:
        position, seq = after
        query = query.where(
            or_(
                lot.c.position > position,
                and_(lot.c.position == position, claim.c.seq > seq),
            )
        )
    return _page(connection, query, limit)


def accounts(connection: Connection, deposit_id: str) -> Found:
    """Sum a deposit's claims, and cents asked, by the account they stand in."""
    claim, lot = schema.claim, schema.lot
    account = func.coalesce(claim.c.account, lot.c.account).label("account")
    query = (
        select(
            account,
            func.count().label("claims"),
            func.sum(claim.c.asked).label("asked"),
        )
        .join(lot, lot.c.id == claim.c.lot_id)
        .where(lot.c.deposit_id == deposit_id)
        .group_by(account)
        .order_by(account)
    )
    return list(connection.execute(query))


def events(
    connection: Connection,
    deposit_id: str,
    *,
    limit: int,
    after: tuple[float, str, int] | None = None,
) -> Found:
    """List what happened to a deposit and its lots; `after` is (at, chain, seq)."""
    table, lot = schema.event, schema.lot
    mine = select(lot.c.id).where(lot.c.deposit_id == deposit_id)
    query = select(table).where(
        or_(table.c.subject == deposit_id, table.c.subject.in_(mine))
    )
    if after is not None:
        query = query.where(tuple_(table.c.at, table.c.chain, table.c.seq) > after)
    order = (table.c.at, table.c.chain, table.c.seq)
    return _page(connection, query.order_by(*order), limit)


def events_of(connection: Connection, subject: str) -> Found:
    """List everything that happened to one thing."""
    table = schema.event
    query = select(table).where(table.c.subject == subject)
    return list(connection.execute(query.order_by(table.c.at, table.c.seq)))


def returns(
    connection: Connection,
    client: str | None,
    *,
    limit: int,
    after: tuple[float, str] | None = None,
    until: int | None = None,
    acknowledged: bool = False,
    network: str | None = None,
) -> Found:
    """List returns for a client, oldest first; `after` is (created_at, id).

    Those that were acknowledged are left out unless asked for.  A client's come in
    the order of their arrival; `until` is the horizon of `arrivals`.
    """
    table = schema.handback
    conditions = _equal((table.c.client_id, client), (table.c.network, network))
    if not acknowledged:
        conditions.append(table.c.state != HandbackState.ACKNOWLEDGED)
    at = table.c.created_at
    order, where = _arriving(connection, table, at, client, after, until)
    query = _with_purge().where(*conditions, *where)
    return _page(connection, query.order_by(*order), limit)


def handback(
    connection: Connection, client: str | None, handback_id: str
) -> Row[*tuple[Any, ...]] | None:
    """Find one return for a client, acknowledged or not."""
    table = schema.handback
    query = _with_purge().where(
        table.c.id == handback_id, *_equal((table.c.client_id, client))
    )
    return connection.execute(query).one_or_none()


def _with_purge() -> Select[*tuple[Any, ...]]:
    """Read returns for clients, and since when the file of each is purged."""
    table, payload = schema.handback, schema.payload
    purged_at = (
        select(payload.c.purged_at)
        .where(payload.c.id == table.c.payload_id)
        .scalar_subquery()
    )
    return select(table, purged_at.label("purged_at"))


def answers(
    connection: Connection,
    handback: Row[*tuple[Any, ...]],
    *,
    limit: int,
    after: int = 0,
) -> Found:
    """List what a return for a client (a row of it) says about lots and claims."""
    table, lot, claim = schema.answer, schema.lot, schema.claim
    query = (
        select(
            table,
            lot.c.deposit_id,
            lot.c.number.label("lot_number"),
            claim.c.number.label("claim_number"),
        )
        .outerjoin(lot, lot.c.id == table.c.lot_id)
        .outerjoin(
            claim,
            and_(claim.c.lot_id == table.c.lot_id, claim.c.seq == table.c.claim_seq),
        )
        .where(
            table.c.return_id == handback.return_id,
            table.c.handback_id == handback.id,
            table.c.client_id == handback.client_id,
            table.c.seq > after,
        )
    )
    return _page(connection, query.order_by(table.c.seq), limit)


def _arriving(
    connection: Connection,
    table: Table,
    at: ColumnElement[float],
    client: str | None,
    after: tuple[float, str] | None,
    until: int | None,
) -> tuple[list[ColumnElement[Any]], list[ColumnElement[bool]]]:
    """Order a client's rows as they arrived, behind one; all clients' by time."""
    if client is None:
        where = [] if after is None else [tuple_(at, table.c.id) > after]
        return [at, table.c.id], where
    where = [] if until is None else [table.c.arrived <= until]
    if after is not None:
        where.append(arrivals.behind(connection, table, at, client, after))
    return arrivals.order(table, at), where


def _page(connection: Connection, query: Select[*tuple[Any, ...]], limit: int) -> Found:
    return list(connection.execute(query.limit(limit)))


def _equal(*pairs: tuple[ColumnElement[Any], Any]) -> list[ColumnElement[bool]]:
    return [column == value for column, value in pairs if value is not None]


def _is_test() -> ColumnElement[Any]:
    """Say with each deposit whether its client is a test client."""
    client = schema.client
    mine = select(client.c.test).where(client.c.id == schema.deposit.c.client_id)
    return mine.scalar_subquery().label("test")


def _all_but(table: Any, *names: str) -> list[ColumnElement[Any]]:
    return [column for column in table.c if column.name not in names]
