"""A step: endpoints are told, one thing after the other, until each says yes.

An endpoint is held by one worker at a time, and what it is told comes in order: the
next is not sent before the one before was taken, or was given up.  But what fails
again and again while the endpoint takes what comes behind it steps aside, and is
tried between the others: one thing that a receiver cannot stomach starves nobody.
A worker that dies after an endpoint has said yes leaves it to be told once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Protocol

from attrs import frozen

from gateway.clock import Entropy, Now
from gateway.committing import Tx
from gateway.database import Database
from gateway.errors import IntegrityBroken, LostRace
from gateway.journal import anomalies, webhook_deliveries, webhooks
from gateway.storage.vault import KeyRing
from gateway.webhooks import signature
from gateway.webhooks.line import Calls, Outcome
from routing.webhook import DeliveryEvent, WebhookEvent, wait

_MOST: Final = 50  # deliveries of one endpoint before others have their turn
_TURN: Final = 5.0  # seconds after which they have it, too: a slow one starves nobody
_CALLS_PER_LEASE: Final = 4  # so that no call goes on when a lease has ended


class DeliverObserver(Protocol):
    """Counts what comes of deliveries."""

    def webhook(self, outcome: str) -> None:
        """Note a try: `delivered`, `failed` or `dead`."""
        ...


@frozen(kw_only=True)
class Patience:
    """How long an endpoint is waited for, in seconds."""

    waits: Sequence[float]
    give_up: float
    call: float


class Deliver:
    """Calls the endpoints for which something waits."""

    name = "deliver"

    def __init__(
        self,
        *,
        database: Database,
        keys: KeyRing,
        calls: Calls,
        patience: Patience,
        entropy: Entropy,
        now: Now,
        worker: str,
        lease: float,
        observe: DeliverObserver,
    ) -> None:
        self._database = database
        self._keys = keys
        self._calls = calls
        self._patience = patience
        self._entropy = entropy
        self._now = now
        self._worker = worker
        self._lease = max(lease, _CALLS_PER_LEASE * patience.call)
        self._observe = observe

    def run_once(self) -> bool:
        """Tell one endpoint what waits for it; False if nothing is due."""
        if not self._database.read(webhooks.any_due, self._now()):
            return False
        row = self._database.write("webhook.take", self._take)
        if row is None:
            return False
        until = self._now() + _TURN
        for _ in range(_MOST):
            if not self._tell_next(row):
                return True
            if self._now() > until:
                break
        self._database.write("webhook.release", self._release, row)
        return True

    def _take(self, tx: Tx) -> Any:
        taken = webhooks.take(tx, worker=self._worker, lease=self._lease)
        return taken[0] if taken else None

    def _tell_next(self, row: Any) -> bool:
        """Deliver what is next; False when the endpoint has to wait, or has all."""
        today = self._database.read(webhooks.in_use, row.id)
        delivery = None
        if today is not None:
            now = self._now()
            delivery = self._database.read(webhook_deliveries.next_one, today, now)
        if delivery is None or today is None:
            self._database.write("webhook.release", self._release, row)
            return False
        outcome = self._call(today, delivery)
        if outcome.good:
            self._database.write("webhook.taken", self._taken, row, delivery, outcome)
            self._observe.webhook("delivered")
            return True
        dead = self._database.write(
            "webhook.failed", self._failed, row, delivery, outcome
        )
        self._observe.webhook("dead" if dead else "failed")
        return delivery.aside_until is not None and not outcome.gone

    def _call(self, row: Any, delivery: Any) -> Outcome:
        body = delivery.body.encode()
        try:
            secrets = self._secrets(row)
        except IntegrityBroken as error:
            return Outcome(None, f"not called, its secret cannot be read: {error}")
        signed = signature.headers(delivery.event_id, self._now(), body, secrets)
        return self._calls.call(row.url, signed, body)

    def _secrets(self, row: Any) -> list[bytes]:
        sealed = [(row.key_id, row.wrapped_key)]
        if row.old_until is not None and row.old_until > self._now():
            sealed.append((row.old_key_id, row.old_wrapped_key))
        return [signature.unseal(self._keys, row.id, *each) for each in sealed]

    def _taken(self, tx: Tx, row: Any, delivery: Any, outcome: Outcome) -> None:
        self._still_mine(tx, row)
        webhook_deliveries.end(
            tx,
            delivery,
            DeliveryEvent.ACCEPT,
            status=outcome.status,
            error="",
            attempts=delivery.attempts + 1,
        )
        webhooks.set_tries(tx, row.id, failures=0, failing_since=None)
        for each in webhook_deliveries.passed_by(tx, delivery):  # tried next, once more
            webhook_deliveries.step_aside(tx, each.id, tx.now)

    def _failed(self, tx: Tx, row: Any, delivery: Any, outcome: Outcome) -> bool:
        """Note a try that failed; True if the delivery was given up."""
        now = self._still_mine(tx, row)
        attempts = delivery.attempts + 1
        dead = bool(attempts > len(self._patience.waits))
        if dead:
            webhook_deliveries.end(
                tx,
                delivery,
                DeliveryEvent.GIVE_UP,
                status=outcome.status,
                error=outcome.words,
                attempts=attempts,
            )
        else:
            webhook_deliveries.failed(
                tx, delivery, status=outcome.status, error=outcome.words
            )
        if delivery.aside_until is not None and not outcome.gone:
            aside = tx.now + self._pause(attempts)
            webhook_deliveries.step_aside(tx, delivery.id, aside)
        else:
            self._doubt(tx, now, outcome)
        return dead

    def _doubt(self, tx: Tx, row: Any, outcome: Outcome) -> None:
        """Leave an endpoint alone for a while; disable it if it fails too long."""
        failures, since = row.failures + 1, row.failing_since or tx.now
        webhooks.set_tries(tx, row.id, failures=failures, failing_since=since)
        webhooks.release(tx, row.id, tx.now + self._pause(failures))
        if outcome.gone or tx.now - since >= self._patience.give_up:
            self._disable(tx, row, outcome, since)

    def _pause(self, failures: int) -> float:
        share = int.from_bytes(self._entropy(2)) / 0xFFFF
        return wait(self._patience.waits, failures, share)

    def _disable(self, tx: Tx, row: Any, outcome: Outcome, since: float) -> None:
        days = (tx.now - since) / 86_400
        why = (
            "it says that it is gone (410)"
            if outcome.gone
            else f"every try failed for {days:.1f} days; the last: {outcome.words}"
        )
        webhooks.move(tx, row, WebhookEvent.DISABLE, by="gateway", why=why)
        anomalies.raise_(
            tx,
            self._entropy,
            kind=webhooks.DISABLED,
            severity=anomalies.WARNING,
            subject=row.id,
            words=f"webhook {row.id} of client {row.client_id} is disabled: {why}",
            client=row.client_id,
        )

    def _release(self, tx: Tx, row: Any) -> None:
        self._still_mine(tx, row)
        due = webhook_deliveries.due(tx.connection, row.id)
        webhooks.release(tx, row.id, None if due is None else max(due, tx.now))

    def _still_mine(self, tx: Tx, row: Any) -> Any:
        """Lock the endpoint; raise `LostRace` if another worker has it now."""
        now = webhooks.lock(tx, row.id)
        if (now.worker, now.lease_until) != (row.worker, row.lease_until):
            raise LostRace(f"webhook {row.id} was taken over by another worker")
        return now
