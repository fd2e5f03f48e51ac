"""What clients send, how good it is, and what waits for them: counted, never listed whole.

All is of a while, by indexes that begin with the client.  An *error* here is what a
payer would refuse: a lot with one is not sent.  No claim is looked at.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, case, func, select

from gateway.clock import new_id
from gateway.journal import schema
from routing.chase import ChaseState
from routing.lifecycle import DepositState, HandbackState

Rows = Sequence[Row[*tuple[Any, ...]]]

_SENDERS = 50
_PROBLEMS = 30
_WAITING = 20


class Quality(NamedTuple):
    """Lots and their claims, and those of them that a payer would refuse."""

    lots: int = 0
    claims: int = 0
    bad_lots: int = 0
    bad_claims: int = 0

    @property
    def share(self) -> float | None:
        """The share of the claims that stand in lots with errors; None without any."""
        return self.bad_claims / self.claims if self.claims else None


class Traffic(NamedTuple):
    """One client: its last deposit ever, and what it did in the while.

    `waiting` are returns that it has not fetched, `late` claims whose answer is.
    """

    last: float | None = None
    deposits: int = 0
    unreadable: int = 0
    quality: Quality = Quality()
    waiting: int = 0
    late: int = 0


class Day(NamedTuple):
    """What came on one day; `at` is when it began."""

    at: float
    deposits: int = 0
    unreadable: int = 0
    lots: int = 0
    claims: int = 0
    errors: int = 0


class Sent(NamedTuple):
    """What was sent in the name of a sender."""

    network: str
    sender: str
    last: float
    quality: Quality


class Trouble(NamedTuple):
    """A problem of a client's files: how often, in how many, and where first."""

    code: str
    severity: str
    times: int
    deposits: int
    first: str


class Software(NamedTuple):
    """A software as its clients' accounts name it, and what they sent."""

    vendor: str
    software: str
    clients: int
    quality: Quality


def overview(
    connection: Connection, clients: Collection[str], since: float
) -> Mapping[str, Traffic]:
    """Count for some clients what they sent since a moment, and what is open."""
    deposit, client = schema.deposit.c, schema.client.c
    newest = (
        select(func.max(deposit.received_at))
        .where(deposit.client_id == client.id)
        .scalar_subquery()
    )
    lasts = select(client.id, newest).where(client.id.in_(clients))
    found = {id: Traffic(last=last) for id, last in connection.execute(lasts)}
    came = (
        select(deposit.client_id, func.count(), _sum_if(_UNREADABLE, 1))
        .where(deposit.client_id.in_(clients), deposit.received_at >= since)
        .group_by(deposit.client_id)
    )
    for id, count, unreadable in connection.execute(came):
        found[id] = found[id]._replace(deposits=count, unreadable=int(unreadable))
    for id, lots, *rest in connection.execute(_quality_by_client(clients, since)):
        found[id] = found[id]._replace(quality=Quality(lots, *map(int, rest)))
    for id, count in _waiting_by_client(connection, clients, since):
        found[id] = found[id]._replace(waiting=count)
    for id, claims in _late_by_client(connection, clients):
        found[id] = found[id]._replace(late=int(claims))
    return found


def by_day(connection: Connection, client: str, days: Sequence[float]) -> list[Day]:
    """Count what a client sent on each day, by when days begin, oldest first; two or more."""
    table = schema.deposit.c
    places = [(table.received_at < end, at) for at, end in enumerate(days[1:])]
    place = case(*places, else_=len(days) - 1)
    query = (
        select(
            place.label("place"),
            func.count(),
            _sum_if(_UNREADABLE, 1),
            func.sum(table.lots),
            func.sum(table.claims),
            func.sum(table.errors),
        )
        .where(table.client_id == client, table.received_at >= days[0])
        .group_by("place")
    )
    found = {row[0]: tuple(map(int, row[1:])) for row in connection.execute(query)}
    return [Day(begins, *found.get(at, ())) for at, begins in enumerate(days)]


def by_sender(connection: Connection, client: str, since: float) -> list[Sent]:
    """Count by sender, those with most claims first; fifty at most."""
    lot = schema.lot.c
    query = (
        select(lot.network, lot.sender, func.max(lot.created_at), *_QUALITY)
        .where(lot.client_id == client, lot.created_at >= since)
        .group_by(lot.network, lot.sender)
        .order_by(func.sum(lot.claims).desc(), lot.sender)
        .limit(_SENDERS)
    )
    return [
        Sent(network, sender, last, Quality(lots, *map(int, rest)))
        for network, sender, last, lots, *rest in connection.execute(query)
    ]


def by_door(connection: Connection, client: str, since: float) -> Rows:
    """Count deposits by the door that they came through: channel, deposits, last."""
    table = schema.deposit.c
    query = (
        select(
            table.channel,
            func.count().label("deposits"),
            func.max(table.received_at).label("last"),
        )
        .where(table.client_id == client, table.received_at >= since)
        .group_by(table.channel)
        .order_by(table.channel)
    )
    return connection.execute(query).all()


def troubles(connection: Connection, client: str, since: float) -> list[Trouble]:
    """Count what is wrong in a client's files, the most frequent first; thirty at most."""
    deposit, problem = schema.deposit.c, schema.problem.c
    query = (
        select(
            problem.code,
            problem.severity,
            func.count(),
            func.count(problem.deposit_id.distinct()),
            func.min(problem.deposit_id),
        )
        .join(schema.deposit, deposit.id == problem.deposit_id)
        .where(deposit.client_id == client, deposit.received_at >= since)
        .group_by(problem.code, problem.severity)
        .order_by(func.count().desc(), problem.code)
        .limit(_PROBLEMS)
    )
    return [Trouble(*row) for row in connection.execute(query)]


def waiting(connection: Connection, client: str, since: float) -> Rows:
    """List returns that a client has not fetched, the oldest first; twenty at most."""
    table = schema.handback
    query = select(table).where(
        table.c.client_id == client,
        table.c.id >= _first_id(since),
        table.c.state == HandbackState.READY,
    )
    return connection.execute(query.order_by(table.c.id).limit(_WAITING)).all()


def by_software(connection: Connection, since: float) -> list[Software]:
    """Count by vendor and software, the worst first; reads every lot of the while."""
    lot, client = schema.lot.c, schema.client.c
    query = (
        select(
            client.vendor, client.software, func.count(client.id.distinct()), *_QUALITY
        )
        .join(schema.lot, lot.client_id == client.id)
        .where(lot.created_at >= since)
        .group_by(client.vendor, client.software)
    )
    found = [
        Software(vendor, software, count, Quality(lots, *map(int, rest)))
        for vendor, software, count, lots, *rest in connection.execute(query)
    ]
    return sorted(found, key=lambda each: (-(each.quality.share or 0.0), each[:2]))


def _quality_by_client(clients: Collection[str], since: float) -> Any:
    lot = schema.lot.c
    return (
        select(lot.client_id, *_QUALITY)
        .where(lot.client_id.in_(clients), lot.created_at >= since)
        .group_by(lot.client_id)
    )


def _waiting_by_client(
    connection: Connection, clients: Collection[str], since: float
) -> Rows:
    table = schema.handback.c
    query = (
        select(table.client_id, func.count())
        .where(
            table.client_id.in_(clients),
            table.id >= _first_id(since),
            table.state == HandbackState.READY,
        )
        .group_by(table.client_id)
    )
    return connection.execute(query).all()


def _late_by_client(connection: Connection, clients: Collection[str]) -> Rows:
    table = schema.chase.c
    query = (
        select(table.client_id, func.sum(table.claims))
        .where(table.client_id.in_(clients), table.state != ChaseState.ENDED)
        .group_by(table.client_id)
    )
    return connection.execute(query).all()


def _first_id(since: float) -> str:
    """Return what comes before the ids of all returns that were made since."""
    return new_id("b", since, bytes)


def _sum_if(when: ColumnElement[bool], what: Any) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((when, what), else_=0)), 0)


_UNREADABLE = schema.deposit.c.state == DepositState.UNREADABLE
_BAD = schema.lot.c.errors > 0
_QUALITY = (
    func.count(),
    func.sum(schema.lot.c.claims),
    _sum_if(_BAD, 1),
    _sum_if(_BAD, schema.lot.c.claims),
)
