"""What concerns clients in one look: refused deposits, held lots, late answers, returns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection, func, select

from gateway.journal import schema
from routing.lifecycle import (
    DepositState,
    ExpectationState,
    HandbackState,
    LotState,
)

DEPOSITS_REFUSED: Final = "deposits-refused"
LOTS_REFUSED: Final = "lots-refused"
LOTS_HELD: Final = "lots-held"
ANSWERS_LATE: Final = "answers-late"
RETURNS_WAITING: Final = "returns-waiting"
TOPICS: Final = (
    DEPOSITS_REFUSED,
    LOTS_REFUSED,
    LOTS_HELD,
    ANSWERS_LATE,
    RETURNS_WAITING,
)
_LATE: Final = (ExpectationState.LATE.value, ExpectationState.MISSING.value)


class Concern(NamedTuple):
    """One topic of one client, by payer or cause where there is one, and how many."""

    client: str
    topic: str
    payer: str
    cause: str
    number: int


def concerns(
    connection: Connection, clients: Sequence[str], *, since: float, unfetched: float
) -> list[Concern]:
    """Read what concerns clients: refusals after `since`, and what is open now.

    Returns are those made before `unfetched` that nobody has fetched.
    """
    return [
        *_deposits(connection, clients, since),
        *_lots(connection, clients, since),
        *_late(connection, clients),
        *_returns(connection, clients, unfetched),
    ]


def _deposits(
    connection: Connection, clients: Sequence[str], since: float
) -> list[Concern]:
    table = schema.deposit
    query = (
        select(table.c.client_id, func.count())
        .where(
            table.c.client_id.in_(clients),
            table.c.state == DepositState.UNREADABLE.value,
            table.c.split_at > since,
        )
        .group_by(table.c.client_id)
    )
    return [
        Concern(client, DEPOSITS_REFUSED, "", "", count)
        for client, count in connection.execute(query)
    ]


def _lots(
    connection: Connection, clients: Sequence[str], since: float
) -> list[Concern]:
    table = schema.lot
    found = []
    for topic, state, after in (
        (LOTS_REFUSED, LotState.REFUSED, since),
        (LOTS_HELD, LotState.HELD, 0.0),
    ):
        query = (
            select(table.c.client_id, table.c.cause, func.count())
            .where(
                table.c.state == state.value,
                table.c.changed_at > after,
                table.c.client_id.in_(clients),
            )
            .group_by(table.c.client_id, table.c.cause)
        )
        found += [
            Concern(client, topic, "", cause, count)
            for client, cause, count in connection.execute(query)
        ]
    return found


def _late(connection: Connection, clients: Sequence[str]) -> list[Concern]:
    table, lot = schema.expectation, schema.lot
    query = (
        select(lot.c.client_id, table.c.payer_id, func.count(lot.c.id.distinct()))
        .join(lot, lot.c.id == table.c.lot_id)
        .where(table.c.state.in_(_LATE), lot.c.client_id.in_(clients))
        .group_by(lot.c.client_id, table.c.payer_id)
    )
    return [
        Concern(client, ANSWERS_LATE, payer, "", count)
        for client, payer, count in connection.execute(query)
    ]


def _returns(
    connection: Connection, clients: Sequence[str], before: float
) -> list[Concern]:
    table = schema.handback
    query = (
        select(table.c.client_id, func.count())
        .where(
            table.c.client_id.in_(clients),
            table.c.state == HandbackState.READY.value,
            table.c.created_at < before,
        )
        .group_by(table.c.client_id)
    )
    return [
        Concern(client, RETURNS_WAITING, "", "", count)
        for client, count in connection.execute(query)
    ]
