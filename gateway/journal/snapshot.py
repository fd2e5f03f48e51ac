"""How the journal stands at one moment, counted for the gauges of `/metrics`.

Gauges about rows are read from the rows at a tick, never counted up and down:
those drift with every restart.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

from attrs import evolve, field, frozen
from sqlalchemy import ColumnElement, Connection, case, func, select, text

from gateway.journal import backups, no_response, schema
from gateway.journal.apart import is_real, real_anomaly
from gateway.journal.no_response import Ripe
from routing.directory import Directory
from routing.envelope import Level
from routing.lifecycle import (
    AnomalyState,
    DispatchState,
    ExpectationState,
    LotState,
)
from routing.no_response import Week, due_until, over_until
from routing.webhook import DeliveryState, WebhookState

OVER: Final = "state IN ('met', 'waived')"
"""Expectations that are done with: they grow with the years, and are counted rarely."""


@frozen(kw_only=True)
class Snapshot:
    """Counts by label values, in the order that their names say.

    `no_response` is a share from 0 to 1 by payer and flow: of the claims sent on
    days of which every closing answer is due by now, those that have none.
    """

    taken_at: float
    queue: Mapping[str, tuple[int, float]] = field(factory=dict)
    """Dispatches not handed over by payer: how many, and age of the oldest (s)."""
    waiting: Mapping[tuple[str, str], tuple[int, float]] = field(factory=dict)
    """Lots held by payer (or empty) and cause: how many, and for how long one is (s)."""
    expectations: Mapping[tuple[str, str, str, str], int] = field(factory=dict)
    """Expectations by payer, flow, kind, state."""
    oldest_overdue: Mapping[str, float] = field(factory=dict)
    """How long (s) the longest overdue answer of a payer is overdue."""
    anomalies: Mapping[tuple[str, str], int] = field(factory=dict)
    """Anomalies that are not resolved, by kind and severity."""
    no_response: Mapping[tuple[str, str], float] = field(factory=dict)
    cohorts: Mapping[tuple[str, str, str], Ripe] = field(factory=dict)
    """Claims that have reached an age (days), by payer, flow and age."""
    weeks: tuple[Week, ...] = ()
    """The no-response rate of all payers by week of sending; nothing is a metric."""
    circuits: Mapping[str, bool] = field(factory=dict)
    """Whether an endpoint's circuit is open now."""
    webhooks_waiting: tuple[int, float] = (0, 0.0)
    """Deliveries that wait to be taken by an endpoint, and age of the oldest (s)."""
    webhooks_disabled: int = 0
    backed_up_at: float = 0.0
    """When the last whole backup was taken; 0 before the first."""
    imbalance: int = 0
    """Claims and cents by which the books disagree, in the lots looked at so far."""


def take(connection: Connection, now: float, before: Snapshot | None) -> Snapshot:
    """Count what waits; a few short queries, for a tick and not for a request.

    What takes long is taken over from `before`; see `count`.
    """
    return evolve(
        before or Snapshot(taken_at=now),
        taken_at=now,
        queue=_queue(connection, now),
        waiting=_waiting(connection, now),
        anomalies=_anomalies(connection),
        circuits=_circuits(connection, now),
        webhooks_waiting=_webhooks(connection, now),
        webhooks_disabled=_count(
            connection, schema.webhook.c.state == WebhookState.DISABLED
        ),
        backed_up_at=backups.last_whole(connection),
    )


def count(
    connection: Connection, now: float, directory: Directory, before: Snapshot
) -> Snapshot:
    """Count what takes long: all that is still owed, and the cohorts.

    What it costs follows what is unmet, and payers and days; a caller spaces it.
    """
    over = over_until(now)
    closing = no_response.closing(connection, over)
    return evolve(
        before,
        expectations=_expectations(connection),
        oldest_overdue=_oldest_overdue(connection, now),
        no_response=no_response.due_ratio(
            connection, closing, partial(due_until, directory, now=now)
        ),
        weeks=no_response.weeks(connection, closing, over),
        cohorts={
            (payer, flow, str(age)): ripe
            for (payer, flow), each in closing.items()
            for age, ripe in each.by_age.items()
        },
    )


def closing_answers(
    connection: Connection, now: float
) -> dict[tuple[str, str], tuple[int, int]]:
    """Count claims whose closing answer was due, and those of them without one.

    To the second, from every lot: for a demonstration, never for a node.  By payer
    and flow.  A claim counts once its lot's last expectation has fallen due, whether or
    not the watch has seen that yet; what was waived counts neither way.  An
    answer that came for part of a lot counts for that part.
    """
    owed, lot = schema.expectation, schema.lot
    last = (
        select(owed.c.lot_id, func.max(owed.c.due_at).label("due_at"))
        .where(owed.c.state != ExpectationState.WAIVED)
        .group_by(owed.c.lot_id)
        .subquery()
    )
    lacking = case(
        (owed.c.state == ExpectationState.MET, 0),
        (owed.c.level == Level.CLAIM, owed.c.owed),
        else_=lot.c.claims,
    )
    # Two expectations of a lot may be due at once: the one that lacks more counts.
    closing = (
        select(
            func.max(owed.c.payer_id).label("payer_id"),
            func.max(owed.c.flow).label("flow"),
            func.max(lot.c.claims).label("claims"),
            func.max(lacking).label("lacking"),
        )
        .join(last, (last.c.lot_id == owed.c.lot_id) & (last.c.due_at == owed.c.due_at))
        .join(lot, lot.c.id == owed.c.lot_id)
        .where(last.c.due_at <= now, owed.c.state != ExpectationState.WAIVED)
        .where(is_real(owed.c.payer_id))
        .group_by(owed.c.lot_id)
        .subquery()
    )
    labels = (closing.c.payer_id, closing.c.flow)
    query = select(
        *labels, func.sum(closing.c.claims), func.sum(closing.c.lacking)
    ).group_by(*labels)
    return {
        (payer, flow): (int(claims), int(lacking))
        for payer, flow, claims, lacking in connection.execute(query)
        if claims
    }


def _count(connection: Connection, condition: ColumnElement[bool]) -> int:
    query = select(func.count()).where(condition)
    return int(connection.execute(query).scalar_one())


def _queue(connection: Connection, now: float) -> dict[str, tuple[int, float]]:
    table = schema.dispatch
    waiting = (DispatchState.READY, DispatchState.SENDING, DispatchState.UNKNOWN)
    query = (
        select(table.c.payer_id, func.count(), func.min(table.c.created_at))
        .where(table.c.state.in_(waiting), is_real(table.c.payer_id))
        .group_by(table.c.payer_id)
    )
    return {
        payer: (count, max(0.0, now - oldest))
        for payer, count, oldest in connection.execute(query)
    }


def _waiting(
    connection: Connection, now: float
) -> dict[tuple[str, str], tuple[int, float]]:
    table = schema.lot
    query = (
        select(
            table.c.payer_id,
            table.c.cause,
            func.count(),
            func.min(table.c.changed_at),
        )
        .where(table.c.state == LotState.HELD, is_real(table.c.network))
        .group_by(table.c.payer_id, table.c.cause)
    )
    return {
        (payer or "", cause): (count, max(0.0, now - since))
        for payer, cause, count, since in connection.execute(query)
    }


def _webhooks(connection: Connection, now: float) -> tuple[int, float]:
    table = schema.webhook_delivery
    query = select(func.count(), func.min(table.c.created_at))
    query = query.where(table.c.state == DeliveryState.PENDING)
    count, oldest = connection.execute(query).one()
    return count, 0.0 if oldest is None else max(0.0, now - oldest)


def _expectations(connection: Connection) -> dict[tuple[str, str, str, str], int]:
    table = schema.expectation
    labels = (table.c.payer_id, table.c.flow, table.c.kind, table.c.state)
    query = select(*labels, func.count()).group_by(*labels)
    return {
        (payer, flow, kind, state): count
        for which in (schema.UNMET, OVER)
        for payer, flow, kind, state, count in connection.execute(
            query.where(text(which), is_real(table.c.payer_id))
        )
    }


def _oldest_overdue(connection: Connection, now: float) -> dict[str, float]:
    table = schema.expectation
    query = (
        select(table.c.payer_id, func.min(table.c.due_at))
        .where(text(schema.UNMET), table.c.due_at < now)
        .where(is_real(table.c.payer_id))
        .group_by(table.c.payer_id)
    )
    return {payer: now - due for payer, due in connection.execute(query)}


def _anomalies(connection: Connection) -> dict[tuple[str, str], int]:
    table = schema.anomaly
    query = (
        select(table.c.kind, table.c.severity, func.count())
        .where(table.c.state.in_(_UNRESOLVED), real_anomaly())
        .group_by(table.c.kind, table.c.severity)
    )
    return {
        (kind, severity): count for kind, severity, count in connection.execute(query)
    }


def _circuits(connection: Connection, now: float) -> dict[str, bool]:
    table = schema.circuit
    query = select(table.c.endpoint_id, table.c.until)
    query = query.where(is_real(table.c.endpoint_id))
    return {endpoint: until > now for endpoint, until in connection.execute(query)}


# Named one by one: an index finds them among all that ever was.
_UNRESOLVED: Final = sorted(set(AnomalyState) - {AnomalyState.RESOLVED})
