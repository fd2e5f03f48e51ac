"""What a person who comes in the morning wants to know, in a few short questions.

What goes through everything (what is owed by payer, rates) is taken from the counts
that the node makes for its metrics; the rest is asked from indexes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from attrs import frozen
from sqlalchemy import Connection, Row, and_, case, func, or_, select

from config.directory_records import PayerEntry
from gateway.journal import anomalies, schema
from gateway.journal.apart import is_real, of_real_client, real_anomaly
from gateway.journal.cases import cause_of
from gateway.journal.snapshot import Snapshot
from routing.directory import Directory
from routing.lifecycle import AnomalyState, DepositState, ExpectationState

Rows = Sequence[Row[*tuple[Any, ...]]]
_UNRESOLVED: Final = tuple(
    each for each in AnomalyState if each != AnomalyState.RESOLVED
)
_OPENINGS: Final = 200  # of circuits that are looked back at


class CameIn(NamedTuple):
    """What came since a moment: deposits, and lots and claims by payer."""

    deposits: int
    refused: int
    lots: Mapping[str, int]
    claims: Mapping[str, int]


@frozen(kw_only=True)
class OpenCases:
    """Open cases: those that need a person first, and counts of all."""

    first: Rows
    count: int
    snoozed: int
    by_payer: Mapping[str, int]
    by_severity: Mapping[str, int]


class Down(NamedTuple):
    """An endpoint that is not asked until a moment, since when, and why."""

    endpoint: str
    payers: tuple[PayerEntry, ...]
    since: float
    until: float
    cause: str


class PayerToday(NamedTuple):
    """One payer's row; `owed`, `late`, `missing` are expectations, `ratio` a share of 1.

    `overdue` is for how long (s) the longest overdue answer is; None where none is.
    """

    id: str
    name: str
    network: str
    lots: int
    claims: int
    owed: int
    late: int
    missing: int
    waiting: int
    ratio: float | None
    cases: int
    overdue: float | None = None


def midnight(now: float, zone: ZoneInfo) -> float:
    """Return when the day of a moment began in a zone."""
    local = datetime.fromtimestamp(now, UTC).astimezone(zone)
    return local.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()


def came_in(connection: Connection, since: float) -> CameIn:
    """Count what came since a moment."""
    deposit, lot = schema.deposit, schema.lot
    counted = connection.execute(
        select(
            func.count(),
            func.coalesce(
                func.sum(
                    case((deposit.c.state == DepositState.UNREADABLE, 1), else_=0)
                ),
                0,
            ),
        ).where(deposit.c.received_at >= since, of_real_client(deposit.c.client_id))
    ).one()
    query = (
        select(lot.c.payer_id, func.count(), func.sum(lot.c.claims))
        .join(deposit, deposit.c.id == lot.c.deposit_id)
        .where(deposit.c.received_at >= since, is_real(lot.c.network))
        .group_by(lot.c.payer_id)
    )
    rows = [
        (payer or "", lots, int(claims or 0))
        for payer, lots, claims in connection.execute(query)
    ]
    return CameIn(
        deposits=counted[0],
        refused=int(counted[1]),
        lots={payer: lots for payer, lots, _ in rows},
        claims={payer: claims for payer, _, claims in rows},
    )


def open_cases(connection: Connection, now: float, most: int) -> OpenCases:
    """Count the open cases, and give those that weigh most."""
    table = schema.anomaly
    unresolved = and_(table.c.state.in_(_UNRESOLVED), real_anomaly())
    awake = or_(table.c.snoozed_until.is_(None), table.c.snoozed_until <= now)
    weight = case(
        (table.c.severity == anomalies.CRITICAL, 0),
        (table.c.severity == anomalies.ERROR, 1),
        else_=2,
    )
    first = connection.execute(
        select(table, cause_of().label("cause"))
        .where(unresolved, awake)
        .order_by(weight, table.c.claims.desc(), table.c.last_seen.desc())
        .limit(most)
    ).all()
    query = (
        select(table.c.payer_id, table.c.severity, func.count())
        .where(unresolved, awake)
        .group_by(table.c.payer_id, table.c.severity)
    )
    by_payer: dict[str, int] = {}
    by_severity: dict[str, int] = {}
    for payer, severity, count in connection.execute(query):
        by_payer[payer] = by_payer.get(payer, 0) + count
        by_severity[severity] = by_severity.get(severity, 0) + count
    snoozed = select(func.count()).where(unresolved, table.c.snoozed_until > now)
    return OpenCases(
        first=first,
        count=sum(by_severity.values()),
        snoozed=connection.execute(snoozed).scalar_one(),
        by_payer=by_payer,
        by_severity=by_severity,
    )


def down(connection: Connection, directory: Directory, now: float) -> list[Down]:
    """List the endpoints that are not asked for a while, those that are so longest first."""
    table = schema.circuit
    query = select(table).where(table.c.until > now, is_real(table.c.endpoint_id))
    rows = connection.execute(query).all()
    since = _since(connection, [row.endpoint_id for row in rows])
    found = [
        Down(
            endpoint=row.endpoint_id,
            payers=tuple(
                p for p in directory.payers() if p.endpoint == row.endpoint_id
            ),
            since=since.get(row.endpoint_id, row.changed_at),
            until=row.until,
            cause=row.cause,
        )
        for row in rows
    ]
    return sorted(found, key=lambda each: (each.since, each.endpoint))


def _since(connection: Connection, endpoints: Sequence[str]) -> dict[str, float]:
    """Tell when each endpoint was given up first, since it last answered."""
    if not endpoints:
        return {}
    table = schema.event
    query = (
        select(table.c.subject, table.c.kind, table.c.at)
        .where(
            table.c.subject.in_(endpoints),
            table.c.kind.in_(["circuit.opened", "circuit.closed"]),
        )
        .order_by(table.c.at.desc())
        .limit(_OPENINGS)
    )
    found: dict[str, float] = {}
    closed: set[str] = set()
    for endpoint, kind, at in connection.execute(query):
        if kind == "circuit.closed":
            closed.add(endpoint)
        elif endpoint not in closed:
            found[endpoint] = at
    return found


def by_payer(
    directory: Directory, counts: Snapshot | None, came: CameIn, cases: OpenCases
) -> list[PayerToday]:
    """Put together what is known of every payer, those with work to do first."""
    owed: dict[tuple[str, str], int] = {}
    ratios: dict[str, float] = {}
    if counts is not None:
        for (payer, _flow, _kind, state), count in counts.expectations.items():
            owed[payer, state] = owed.get((payer, state), 0) + count
        for (payer, _flow), share in counts.no_response.items():
            ratios[payer] = max(share, ratios.get(payer, 0.0))
    rows = [
        PayerToday(
            id=each.id,
            name=each.name,
            network=each.network,
            lots=came.lots.get(each.id, 0),
            claims=came.claims.get(each.id, 0),
            owed=owed.get((each.id, ExpectationState.OPEN), 0),
            late=owed.get((each.id, ExpectationState.LATE), 0),
            missing=owed.get((each.id, ExpectationState.MISSING), 0),
            waiting=counts.queue.get(each.id, (0, 0.0))[0] if counts else 0,
            ratio=ratios.get(each.id),
            cases=cases.by_payer.get(each.id, 0),
            overdue=counts.oldest_overdue.get(each.id) if counts else None,
        )
        for each in directory.data.payers
    ]
    return sorted(rows, key=lambda row: (-row.cases, -row.missing, -row.late, row.name))
