"""The `webhook` table: vendors' endpoints, with their secrets sealed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, and_, delete, func, insert, select, update

from gateway.clock import Entropy, new_id
from gateway.committing import Tx
from gateway.errors import LostRace
from gateway.journal import anomalies, schema
from gateway.journal.prepared import given
from gateway.journal.work import Taking
from gateway.storage.vault import WrappedKey
from routing.webhook import WEBHOOK, WebhookEvent, WebhookState

AnyRow = Row[*tuple[Any, ...]]

DISABLED: Final = "webhook-disabled"
"""The kind of anomaly about an endpoint that failed too long."""

_TABLE: Final = schema.webhook

_CLOSED: Final = select(schema.client.c.id).where(
    schema.client.c.disabled_at.is_not(None)
)
_IN_USE: Final = and_(
    _TABLE.c.state == WebhookState.ACTIVE.value, _TABLE.c.client_id.not_in(_CLOSED)
)

take: Final = Taking(
    _TABLE,
    due=and_(_IN_USE, _TABLE.c.due_at <= given("now")),
    order=[_TABLE.c.due_at, _TABLE.c.id],
)
"""Take an endpoint for which something is due; whoever has it is alone with it."""


def new_name(tx: Tx, entropy: Entropy) -> str:
    """Make the id of an endpoint."""
    return new_id("w", tx.now, entropy)


def add(
    tx: Tx,
    webhook: str,
    client: str,
    *,
    url: str,
    kinds: Sequence[str],
    description: str,
    sealed: WrappedKey,
    by: str,
) -> None:
    """Register an endpoint; it is told what happens from now on."""
    tx.connection.execute(
        insert(_TABLE),
        {
            "id": webhook,
            "client_id": client,
            "url": url,
            "kinds": " ".join(kinds),
            "description": description,
            "state": WebhookState.ACTIVE,
            "key_id": sealed.key_id,
            "wrapped_key": sealed.wrapped,
            "created_at": tx.now,
        },
    )
    tx.say("webhook.added", webhook, client=client, by=by)


def change(tx: Tx, webhook: str, by: str, **values: Any) -> None:
    """Change address, kinds or description."""
    _update(tx, webhook, values)
    tx.say("webhook.changed", webhook, what=sorted(values), by=by)


def move(
    tx: Tx, row: AnyRow, happened: WebhookEvent, *, by: str, why: str = ""
) -> WebhookState:
    """Pause an endpoint, disable it, or go on with all that waits for it."""
    after = WEBHOOK.next_state(WebhookState(row.state), happened)
    values: dict[str, Any] = {"state": after, "why": why}
    if happened is WebhookEvent.RESUME:
        values |= {"failures": 0, "failing_since": None, "due_at": tx.now}
        reason = f"{by} has put the endpoint back in use"
        anomalies.settle(tx, kind=DISABLED, subject=row.id, reason=reason)
    _update(tx, row.id, values)
    tx.say(f"webhook.{after}", row.id, why=why, by=by)
    return after


def new_secret(
    tx: Tx, row: AnyRow, sealed: WrappedKey, *, old_until: float, by: str
) -> None:
    """Sign with another secret; the one before signs too until `old_until`."""
    _update(
        tx,
        row.id,
        {
            "key_id": sealed.key_id,
            "wrapped_key": sealed.wrapped,
            "old_key_id": row.key_id,
            "old_wrapped_key": row.wrapped_key,
            "old_until": old_until,
        },
    )
    tx.say("webhook.new-secret", row.id, by=by)


def remove(tx: Tx, webhook: str, by: str) -> None:
    """Forget an endpoint and its deliveries; what they told stays in the history."""
    table = schema.webhook_delivery
    lock(tx, webhook)
    tx.connection.execute(delete(table).where(table.c.webhook_id == webhook))
    tx.connection.execute(delete(_TABLE).where(_TABLE.c.id == webhook))
    reason = f"{by} has removed the endpoint"
    anomalies.settle(tx, kind=DISABLED, subject=webhook, reason=reason)
    tx.say("webhook.removed", webhook, by=by)


def lock(tx: Tx, webhook: str) -> AnyRow:
    """Read an endpoint and keep others off until the end of the transaction."""
    query = select(_TABLE).where(_TABLE.c.id == webhook).with_for_update()
    row: AnyRow | None = tx.connection.execute(query).one_or_none()
    if row is None:
        raise LostRace(f"webhook {webhook} is gone")
    return row


def find(connection: Connection, client: str | None, webhook: str) -> AnyRow | None:
    """Find an endpoint of a client; of any client where that is None."""
    query = select(_TABLE).where(_TABLE.c.id == webhook)
    if client is not None:
        query = query.where(_TABLE.c.client_id == client)
    return connection.execute(query).one_or_none()


def of_client(connection: Connection, client: str) -> list[AnyRow]:
    """List a client's endpoints, oldest first."""
    query = select(_TABLE).where(_TABLE.c.client_id == client)
    return list(connection.execute(query.order_by(_TABLE.c.id)))


def every(connection: Connection) -> list[AnyRow]:
    """List every client's endpoints."""
    order = (_TABLE.c.client_id, _TABLE.c.id)
    return list(connection.execute(select(_TABLE).order_by(*order)))


def count_of_client(tx: Tx, client: str) -> int:
    """Count a client's endpoints, and let no other transaction add one meanwhile."""
    table = schema.client
    query = select(table.c.id).where(table.c.id == client)
    tx.connection.execute(query.with_for_update(key_share=True))
    counted = select(func.count()).where(_TABLE.c.client_id == client)
    return int(tx.connection.execute(counted).scalar_one())


def any_due(connection: Connection, now: float) -> bool:
    """Whether something waits for an endpoint that may be called now."""
    query = select(_TABLE.c.id).where(_IN_USE, _TABLE.c.due_at <= now)
    return connection.execute(query.limit(1)).first() is not None


def in_use(connection: Connection, webhook: str) -> AnyRow | None:
    """Find an endpoint that is active, of a client whose account is open."""
    query = select(_TABLE).where(_TABLE.c.id == webhook, _IN_USE)
    return connection.execute(query).one_or_none()


def set_tries(
    tx: Tx, webhook: str, *, failures: int, failing_since: float | None
) -> None:
    """Note how many tries failed in a row, and since when."""
    _update(tx, webhook, {"failures": failures, "failing_since": failing_since})


def release(tx: Tx, webhook: str, due_at: float | None) -> None:
    """Let go of an endpoint; it is due again at a moment, or once something comes."""
    _update(tx, webhook, {"worker": None, "lease_until": None, "due_at": due_at})


def _update(tx: Tx, webhook: str, values: dict[str, Any]) -> None:
    changed = tx.connection.execute(
        update(_TABLE).where(_TABLE.c.id == webhook).values(values)
    ).rowcount
    if changed != 1:
        raise LostRace(f"webhook {webhook} is gone")
