"""What rules of notification remember: their moments, and what they have told of."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, and_, delete, func, select, update

from config.notification_records import SEVERITIES, Rule
from gateway.committing import Tx
from gateway.journal import dialect, schema
from gateway.journal.apart import real_anomaly
from routing.lifecycle import AnomalyState

AnyRow = Row[*tuple[Any, ...]]
_RULE: Final = schema.notice_rule
_TOLD: Final = schema.notice_told
_AT_ONCE: Final = 500  # names in one query
_COME_BACK: Final = ("anomaly.reopened", "anomaly.reopen", "anomaly.wake")
_SPEAKING: Final = (AnomalyState.OPEN.value, AnomalyState.ASSIGNED.value)


def hold(tx: Tx, rule: str) -> AnyRow:
    """Read where a rule stands, and keep other nodes from deciding on it.

    One that is seen for the first time has kept all moments until now.
    """
    fresh = {"rule": rule, "planned_at": tx.now, "looked_at": tx.now}
    dialect.insert_new(tx.connection, _RULE, [fresh])
    query = select(_RULE).where(_RULE.c.rule == rule).with_for_update()
    return tx.connection.execute(query).one()


def standing(connection: Connection, rule: str) -> AnyRow | None:
    """Read where a rule stands; None if it was never looked at."""
    query = select(_RULE).where(_RULE.c.rule == rule)
    return connection.execute(query).one_or_none()


def note(tx: Tx, rule: str, **values: float) -> None:
    """Change where a rule stands."""
    tx.connection.execute(update(_RULE).where(_RULE.c.rule == rule).values(values))


def speaking(
    connection: Connection, rule: Rule, *, least: str, told_until: float | None
) -> Sequence[AnyRow]:
    """Read open anomalies that a rule chooses, with when it told of each: `told_at`.

    Of severity `least` at least.  Those that it told of already come only if that was
    before `told_until`, or if they opened again since: what it costs grows with what
    is new.  A rule's choice of clients is the caller's to make; what happens in a
    sandbox is told to rules alone that name clients.
    """
    table = schema.anomaly
    wanted = _TOLD.c.told_at.is_(None) | table.c.id.in_(_coming_back(rule.name))
    if told_until is not None:
        wanted |= _TOLD.c.told_at <= told_until
    query = (
        select(table, _TOLD.c.told_at)
        .outerjoin(
            _TOLD, and_(_TOLD.c.anomaly_id == table.c.id, _TOLD.c.rule == rule.name)
        )
        .where(
            table.c.state.in_(_SPEAKING),
            table.c.severity.in_(SEVERITIES[SEVERITIES.index(least) :]),
            table.c.claims >= rule.min_claims,
            wanted,
        )
    )
    if not rule.clients:
        query = query.where(real_anomaly())
    for column, names in ((table.c.kind, rule.kinds), (table.c.payer_id, rule.payers)):
        if names:
            query = query.where(column.in_(names))
    return connection.execute(query).all()


def come_back(connection: Connection, rule: str) -> dict[str, float]:
    """Return which anomalies opened again since the rule told of them, and when."""
    event = schema.event
    query = _coming_back(rule).with_only_columns(event.c.subject, func.max(event.c.at))
    found = connection.execute(query.group_by(event.c.subject))
    return {name: float(at) for name, at in found}


def _coming_back(rule: str) -> Select[Any]:
    event = schema.event
    return (
        select(event.c.subject)
        .join(_TOLD, _TOLD.c.anomaly_id == event.c.subject)
        .where(
            _TOLD.c.rule == rule,
            event.c.kind.in_(_COME_BACK),
            event.c.at > _TOLD.c.told_at,
        )
    )


def over(connection: Connection, rule: str) -> Sequence[AnyRow]:
    """Read anomalies that the rule told of and that are resolved."""
    table = schema.anomaly
    query = (
        select(table)
        .join(_TOLD, _TOLD.c.anomaly_id == table.c.id)
        .where(_TOLD.c.rule == rule, table.c.state == AnomalyState.RESOLVED.value)
    )
    return connection.execute(query).all()


def told(tx: Tx, rule: str, names: Iterable[str]) -> None:
    """Note that a rule tells of anomalies now."""
    rows = [{"rule": rule, "anomaly_id": each, "told_at": tx.now} for each in names]
    dialect.upsert(tx.connection, _TOLD, rows)


def forget(tx: Tx, rule: str, names: Collection[str]) -> None:
    """Note that what a rule told of is over."""
    every = sorted(names)
    for at in range(0, len(every), _AT_ONCE):
        mine = _TOLD.c.anomaly_id.in_(every[at : at + _AT_ONCE])
        tx.connection.execute(delete(_TOLD).where(_TOLD.c.rule == rule, mine))
