"""What is behind a case: the deposits, lots, dispatches and returns that it is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Row,
    Select,
    func,
    literal,
    select,
)

from gateway.journal import anomaly_items, chased, schema
from gateway.journal.trace import DEPOSIT, DISPATCH, LOT, RETURN
from routing.lifecycle import DispatchState, ReturnState

AnyRow = Row[*tuple[Any, ...]]

_ITSELF: Final = frozenset(
    {
        "dispatch-refused",
        "dispatch-unclear",
        "dispatch-undelivered",
        "payment-differs",
        "attachment-stranded",
    }
)
"""Kinds whose subject is the one thing that they are about."""
_RETURN: Final = schema.payer_return.c
_LEFT: Final = _RETURN.state == ReturnState.PARTLY_MATCHED.value
_RETURNS: Final[Mapping[str, ColumnElement[bool]]] = MappingProxyType(
    {
        "return-orphans": _LEFT,
        "return-foreign": _LEFT,
        "return-absurd": _LEFT,
        "return-damaged": _RETURN.errors > 0,
        "return-unreadable": _RETURN.state == ReturnState.UNREADABLE.value,
    }
)
"""Kinds that are about those returns of an endpoint of which something holds."""
_CLOSED: Final = frozenset({"payer-unreachable", "payer-locked-out"})
"""Kinds that are about an endpoint, and so about all that waits to be sent there."""
_WAIT: Final = (DispatchState.READY, DispatchState.UNKNOWN)


class Thing(NamedTuple):
    """One thing behind a case; `whose` is its client, of dispatches and returns the payer.

    `claims` and `cents` are those of the whole thing, as far as it was read; `cause` is why it stands where it
    stands, `chase` the state of a lot's chase.
    """

    kind: str
    id: str
    label: str
    state: str
    whose: str
    payer: str
    claims: int
    cents: int
    at: float
    cause: str = ""
    chase: str = ""


def behind(
    connection: Connection, case: AnyRow, most: int
) -> tuple[tuple[Thing, ...], int]:
    """List what is behind a case, at most so many, and count all that is known of it."""
    if case.kind in chased.OWED:
        rows, count = chased.behind(connection, case, most)
        names = [row.id for row in rows]
    elif case.kind in _RETURNS:
        held = _RETURNS[case.kind]
        names, count = _of_endpoint(connection, case, held, _RETURN.collected_at, most)
    elif case.kind in _CLOSED:
        table = schema.dispatch
        waits = table.c.state.in_(_WAIT)
        names, count = _of_endpoint(connection, case, waits, table.c.created_at, most)
    else:
        count = anomaly_items.count(connection, case.id)
        rows = tuple(anomaly_items.listed(connection, case.id, most))
        names = [row.subject for row in rows]
        if case.kind in _ITSELF and case.subject not in names:
            names, count = [case.subject, *names][:most], count + 1
    found = by_ids(connection, names)
    return tuple(found[name] for name in names if name in found), count


def by_ids(connection: Connection, names: Sequence[str]) -> dict[str, Thing]:
    """Read things by their ids; what is not there is left out."""
    found: dict[str, Thing] = {}
    if names:
        for kind, query in _QUERIES.items():
            for row in connection.execute(query(names)):
                found[row.id] = Thing(kind, *row)
    return found


def _of_endpoint(
    connection: Connection,
    case: AnyRow,
    state: ColumnElement[bool],
    at: Column[Any],
    most: int,
) -> tuple[list[str], int]:
    """Name the newest things of a case's endpoint that stand so, and count them all."""
    table = at.table
    mine = (table.c.endpoint_id == case.subject, state)
    query = select(table.c.id).where(*mine).order_by(at.desc()).limit(most)
    count = select(func.count()).select_from(table).where(*mine)
    names = list(connection.execute(query).scalars())
    return names, int(connection.execute(count).scalar_one())


def _deposits(names: Sequence[str]) -> Select[*tuple[Any, ...]]:
    table, none = schema.deposit, literal("")
    return select(
        table.c.id,
        table.c.filename,
        table.c.state,
        table.c.client_id,
        none,
        table.c.claims,
        literal(0),
        table.c.received_at,
        none,
        none,
    ).where(table.c.id.in_(names))


def _lots(names: Sequence[str]) -> Select[*tuple[Any, ...]]:
    table, chase = schema.lot, schema.chase
    return (
        select(
            table.c.id,
            table.c.number,
            table.c.state,
            table.c.client_id,
            func.coalesce(table.c.payer_id, ""),
            table.c.claims,
            table.c.asked,
            table.c.created_at,
            table.c.cause,
            func.coalesce(chase.c.state, ""),
        )
        .outerjoin(chase, chase.c.lot_id == table.c.id)
        .where(table.c.id.in_(names))
    )


def _dispatches(names: Sequence[str]) -> Select[*tuple[Any, ...]]:
    table = schema.dispatch
    return select(
        table.c.id,
        table.c.filename,
        table.c.state,
        table.c.payer_id,
        table.c.payer_id,
        table.c.claims,
        table.c.asked,
        table.c.created_at,
        table.c.cause,
        literal(""),
    ).where(table.c.id.in_(names))


def _of_returns(names: Sequence[str]) -> Select[*tuple[Any, ...]]:
    table = schema.payer_return
    payer = func.coalesce(table.c.payer_id, "")
    return select(
        table.c.id,
        table.c.remote_name,
        table.c.state,
        payer,
        payer,
        literal(0),
        literal(0),
        table.c.collected_at,
        literal(""),
        literal(""),
    ).where(table.c.id.in_(names))


_QUERIES: Final[Mapping[str, Callable[[Sequence[str]], Select[*tuple[Any, ...]]]]] = (
    MappingProxyType(
        {
            LOT: _lots,
            DEPOSIT: _deposits,
            DISPATCH: _dispatches,
            RETURN: _of_returns,
        }
    )
)
