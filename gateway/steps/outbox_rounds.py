"""Who looks into which outbox when, in one process.

Workers go round all outboxes together, so that a payer whose line hangs keeps one of
them, and not the returns of the others.  What is due is only a pace: that one node
alone empties an outbox is seen to by a lease (`gateway.steps.collect`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Protocol


class Outboxes(Protocol):
    """As much of step 7 as is used here."""

    def endpoints(self) -> Mapping[str, str]:
        """Map every endpoint to its network."""
        ...

    def empty(self, endpoint: str, network: str) -> bool:
        """Empty one outbox; True if anything came."""
        ...


class OutboxRounds:
    """Step 7 for several workers: each outbox every `interval` seconds, by one of them."""

    name = "collect"

    def __init__(
        self, outboxes: Outboxes, *, interval: float, monotonic: Callable[[], float]
    ) -> None:
        self._outboxes = outboxes
        self._interval = interval
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._at_work: set[str] = set()
        self._rests_until: dict[str, float] = {}

    def run_once(self) -> bool:
        """Empty every outbox that is due and in nobody's hands; True if anything came."""
        came = False
        for endpoint, network in self._outboxes.endpoints().items():
            if self._begin(endpoint):
                try:
                    came |= self._outboxes.empty(endpoint, network)
                finally:
                    self._end(endpoint)
        return came

    def _begin(self, endpoint: str) -> bool:
        now = self._monotonic()
        with self._lock:
            if endpoint in self._at_work or now < self._rests_until.get(endpoint, now):
                return False
            self._at_work.add(endpoint)
            self._rests_until[endpoint] = now + self._interval
            return True

    def _end(self, endpoint: str) -> None:
        now = self._monotonic()
        with self._lock:
            self._at_work.discard(endpoint)
            if self._rests_until[endpoint] <= now:
                del self._rests_until[endpoint]
