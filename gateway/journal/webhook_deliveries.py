"""The `webhook_delivery` table: what waits for an endpoint, in order, and how it ended.

Places count up under the lock of the endpoint's row, so that they are given in the
order of commits: a list by place neither skips nor repeats.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Row,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from gateway.committing import Tx
from gateway.errors import LostRace
from gateway.journal import schema, webhooks
from routing.webhook import DELIVERY, DeliveryEvent, DeliveryState

AnyRow = Row[*tuple[Any, ...]]

_TABLE: Final = schema.webhook_delivery
_EVENT: Final = schema.webhook_event
_SHOWN: Final = (_TABLE, _EVENT.c.kind, _EVENT.c.at, _EVENT.c.subject)
_EXPIRED: Final = "it waited too long for the endpoint to be in use again"
_STUBBORN: Final = 2  # tries that fail before the endpoint is asked about the next one
_MOST: Final = 1000  # at once, when old ones are tidied
_ENDED: Final = sorted(set(DeliveryState) - {DeliveryState.PENDING})


def add(tx: Tx, webhook: str, events: Sequence[str]) -> list[str]:
    """Have events delivered to an endpoint, after all that waits; return the ids."""
    row = webhooks.lock(tx, webhook)
    rows: list[dict[str, Any]] = [
        {
            "id": f"{webhook}-{place}",
            "webhook_id": webhook,
            "place": place,
            "event_id": event,
            "state": DeliveryState.PENDING,
            "created_at": tx.now,
            "changed_at": tx.now,
        }
        for place, event in enumerate(events, row.places + 1)
    ]
    tx.connection.execute(insert(_TABLE), rows)
    table = schema.webhook
    tx.connection.execute(
        update(table)
        .where(table.c.id == webhook)
        .values(
            places=row.places + len(rows),
            due_at=func.coalesce(table.c.due_at, tx.now) if row.failures else tx.now,
        )
    )
    return [each["id"] for each in rows]


def next_one(connection: Connection, endpoint: AnyRow, now: float) -> AnyRow | None:
    """Read what is to be delivered next, with its body.

    That is the first in order, but for those that stand aside.  When the first has
    failed twice, every other try is of the one behind it: it tells whether the
    endpoint is at fault or what it is told.
    """
    query = (
        select(*_SHOWN, _EVENT.c.body)
        .join(_EVENT, _EVENT.c.id == _TABLE.c.event_id)
        .where(_TABLE.c.webhook_id == endpoint.id, _pending(), _ready(now))
        .order_by(_TABLE.c.place)
        .limit(2)
    )
    rows = connection.execute(query).all()
    beyond = endpoint.failures - _STUBBORN
    refused = len(rows) > 1 and rows[0].attempts >= _STUBBORN
    if refused and beyond >= 0 and beyond % 2 == 0:
        return rows[1]
    return rows[0] if rows else None


def due(connection: Connection, webhook: str) -> float | None:
    """Return when the first of all that waits is ready; None if nothing waits."""
    ready = func.coalesce(_TABLE.c.aside_until, 0.0)
    query = select(func.min(ready)).where(_TABLE.c.webhook_id == webhook, _pending())
    found: float | None = connection.execute(query).scalar_one()
    return found


def passed_by(tx: Tx, row: AnyRow) -> list[AnyRow]:
    """List what still waits before a delivery that was taken."""
    query = select(_TABLE).where(
        _TABLE.c.webhook_id == row.webhook_id,
        _TABLE.c.place < row.place,
        _pending(),
        _ready(tx.now),
    )
    return list(tx.connection.execute(query))


def step_aside(tx: Tx, delivery: str, until: float) -> None:
    """Have those behind a delivery pass it by until a moment."""
    aside = update(_TABLE).where(_TABLE.c.id == delivery, _pending())
    tx.connection.execute(aside.values(aside_until=until))


def end(
    tx: Tx,
    row: AnyRow,
    happened: DeliveryEvent,
    *,
    status: int | None,
    error: str,
    attempts: int,
) -> None:
    """End a delivery, and say so in the life of what it told about."""
    after = DELIVERY.next_state(DeliveryState(row.state), happened)
    _note(tx, row, state=after, status=status, error=error, attempts=attempts)
    facts = {"event": row.event_id, "kind": row.kind, "attempts": attempts}
    kind = f"webhook.{'delivered' if after is DeliveryState.DELIVERED else 'dead'}"
    tx.say(kind, row.subject, webhook=row.webhook_id, **facts)


def failed(tx: Tx, row: AnyRow, *, status: int | None, error: str) -> None:
    """Note a try that failed; it will be tried again."""
    _note(tx, row, status=status, error=error, attempts=row.attempts + 1)


def replay(tx: Tx, webhook: str, events: Sequence[str], by: str) -> list[str]:
    """Deliver events again, after all that waits; return the new deliveries' ids."""
    made = add(tx, webhook, events) if events else []
    tx.say("webhook.replayed", webhook, deliveries=len(made), by=by)
    return made


def find(connection: Connection, webhook: str, delivery: str) -> AnyRow | None:
    """Find one delivery of an endpoint."""
    query = (
        select(*_SHOWN)
        .join(_EVENT, _EVENT.c.id == _TABLE.c.event_id)
        .where(_TABLE.c.webhook_id == webhook, _TABLE.c.id == delivery)
    )
    return connection.execute(query).one_or_none()


def listed(
    connection: Connection,
    webhook: str,
    *,
    limit: int,
    after: int | None = None,
    state: str | None = None,
) -> list[AnyRow]:
    """List an endpoint's deliveries, newest first; `after` is a place."""
    query = (
        select(*_SHOWN)
        .join(_EVENT, _EVENT.c.id == _TABLE.c.event_id)
        .where(_TABLE.c.webhook_id == webhook)
    )
    if after is not None:
        query = query.where(_TABLE.c.place < after)
    if state is not None:
        query = query.where(_TABLE.c.state == state)
    return list(connection.execute(query.order_by(_TABLE.c.place.desc()).limit(limit)))


def to_replay(
    connection: Connection, webhook: str, since: float, *, all_states: bool, most: int
) -> list[str]:
    """Name the events since a time that were given up, or all that ended, in order.

    One that was delivered, or waits, under a later place is left out of those that
    were given up.
    """
    ended = [DeliveryState.DEAD]
    if all_states:
        ended.append(DeliveryState.DELIVERED)
    later = _TABLE.alias()
    again = select(later.c.id).where(
        later.c.webhook_id == webhook,
        later.c.event_id == _TABLE.c.event_id,
        later.c.place > _TABLE.c.place,
    )
    query = (
        select(_TABLE.c.event_id)
        .join(_EVENT, _EVENT.c.id == _TABLE.c.event_id)
        .where(
            _TABLE.c.webhook_id == webhook,
            _TABLE.c.state.in_(ended),
            _EVENT.c.at >= since,
            ~again.exists(),
        )
        .order_by(_TABLE.c.place)
        .limit(most)
    )
    return list(connection.execute(query).scalars())


def counts(connection: Connection, webhook: str) -> dict[str, int]:
    """Count an endpoint's deliveries by state."""
    query = (
        select(_TABLE.c.state, func.count().label("times"))
        .where(_TABLE.c.webhook_id == webhook)
        .group_by(_TABLE.c.state)
    )
    return {row.state: row.times for row in connection.execute(query)}


def tidy(tx: Tx, before: float) -> int:
    """Give up what waits since before a time; forget what ended before it."""
    old = select(_TABLE.c.id).where(_TABLE.c.changed_at < before)
    ended = old.where(_TABLE.c.state.in_(_ENDED)).limit(_MOST)
    gone = tx.connection.execute(delete(_TABLE).where(_TABLE.c.id.in_(ended))).rowcount
    waiting = (
        select(*_SHOWN)
        .join(_EVENT, _EVENT.c.id == _TABLE.c.event_id)
        .where(_TABLE.c.created_at < before, _pending())
        .limit(_MOST)
    )
    for row in tx.connection.execute(waiting).all():
        end(
            tx,
            row,
            DeliveryEvent.GIVE_UP,
            status=row.status,
            error=row.error or _EXPIRED,
            attempts=row.attempts,
        )
        gone += 1
    used = select(_TABLE.c.id).where(_TABLE.c.event_id == _EVENT.c.id)
    unused = (
        select(_EVENT.c.id)
        .where(_EVENT.c.created_at < before, ~used.exists())
        .limit(_MOST)
    )
    tx.connection.execute(delete(_EVENT).where(_EVENT.c.id.in_(unused)))
    return gone


def _pending() -> Any:
    return _TABLE.c.state == DeliveryState.PENDING.value


def _ready(now: float) -> Any:
    return or_(_TABLE.c.aside_until.is_(None), _TABLE.c.aside_until <= now)


def _note(tx: Tx, row: AnyRow, **values: Any) -> None:
    changed = tx.connection.execute(
        update(_TABLE)
        .where(_TABLE.c.id == row.id, _pending())
        .values(changed_at=tx.now, **values)
    ).rowcount
    if changed != 1:
        raise LostRace(f"delivery {row.id} was ended meanwhile")
