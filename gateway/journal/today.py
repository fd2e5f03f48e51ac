"""What a person who comes in the morning wants to know, in a few short questions.

What goes through everything (what is owed by payer, rates) is taken from the counts
that the node makes for its metrics; the rest is asked from indexes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from attrs import frozen
from sqlalchemy import Connection, Row, and_, case, func, or_, select

from gateway.journal import anomalies, schema
from gateway.journal.apart import is_real, of_real_client, real_anomaly
from gateway.journal.snapshot import Snapshot
from routing.directory import Directory
from routing.lifecycle import AnomalyState, ExpectationState

Rows = Sequence[Row[*tuple[Any, ...]]]


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


class PayerToday(NamedTuple):
    """One payer's row; `owed`, `late`, `missing` are expectations, `ratio` a share of 1."""

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
            func.coalesce(func.sum(case((deposit.c.state == "failed", 1), else_=0)), 0),
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
    unresolved = and_(table.c.state != AnomalyState.RESOLVED, real_anomaly())
    awake = or_(table.c.snoozed_until.is_(None), table.c.snoozed_until <= now)
    weight = case(
        (table.c.severity == anomalies.CRITICAL, 0),
        (table.c.severity == anomalies.ERROR, 1),
        else_=2,
    )
    first = connection.execute(
        select(table)
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


def down(connection: Connection, now: float) -> Rows:
    """List the circuits that are open: endpoints that are not asked for a while."""
    table = schema.circuit
    query = select(table).where(table.c.until > now, is_real(table.c.endpoint_id))
    query = query.order_by(table.c.endpoint_id)
    return connection.execute(query).all()


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
        )
        for each in directory.data.payers
    ]
    return sorted(rows, key=lambda row: (-row.cases, -row.missing, -row.late, row.name))
