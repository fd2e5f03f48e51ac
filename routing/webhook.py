"""The lives of webhooks and of what is delivered to them, and when it is tried again."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from routing.transitions import Lifecycle

_JITTER: Final = 0.2  # the share that a wait may grow by


class WebhookState(StrEnum):
    """Whether anything is delivered to an endpoint; what comes meanwhile waits."""

    ACTIVE = "active"
    PAUSED = "paused"
    DISABLED = "disabled"  # it failed too long


class WebhookEvent(StrEnum):
    """What happens to an endpoint."""

    PAUSE = "pause"
    RESUME = "resume"
    DISABLE = "disable"


class DeliveryState(StrEnum):
    """Where the delivery of one event to one endpoint stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"  # given up; it may be replayed


class DeliveryEvent(StrEnum):
    """What happens to a delivery; a replay makes a new one of the same event."""

    ACCEPT = "accept"
    GIVE_UP = "give-up"


WEBHOOK: Final = Lifecycle(
    name="webhook",
    initial=WebhookState.ACTIVE,
    final=frozenset(),
    table={
        (WebhookState.ACTIVE, WebhookEvent.PAUSE): WebhookState.PAUSED,
        (WebhookState.ACTIVE, WebhookEvent.RESUME): WebhookState.ACTIVE,
        (WebhookState.ACTIVE, WebhookEvent.DISABLE): WebhookState.DISABLED,
        (WebhookState.PAUSED, WebhookEvent.PAUSE): WebhookState.PAUSED,
        (WebhookState.PAUSED, WebhookEvent.RESUME): WebhookState.ACTIVE,
        (WebhookState.PAUSED, WebhookEvent.DISABLE): WebhookState.PAUSED,
        (WebhookState.DISABLED, WebhookEvent.PAUSE): WebhookState.PAUSED,
        (WebhookState.DISABLED, WebhookEvent.RESUME): WebhookState.ACTIVE,
        (WebhookState.DISABLED, WebhookEvent.DISABLE): WebhookState.DISABLED,
    },
)
DELIVERY: Final = Lifecycle(
    name="delivery",
    initial=DeliveryState.PENDING,
    final=frozenset({DeliveryState.DELIVERED, DeliveryState.DEAD}),
    table={
        (DeliveryState.PENDING, DeliveryEvent.ACCEPT): DeliveryState.DELIVERED,
        (DeliveryState.PENDING, DeliveryEvent.GIVE_UP): DeliveryState.DEAD,
    },
)


def wait(waits: Sequence[float], failures: int, share: float) -> float:
    """Return the seconds to wait after so many failures in a row.

    The last wait holds for all beyond; `share`, from 0 to 1, spreads those who
    fail together.
    """
    whole = waits[min(failures, len(waits)) - 1]
    return whole * (1 + _JITTER * share)
