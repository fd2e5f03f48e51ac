"""What is counted at one door."""

from __future__ import annotations

from prometheus_client import Counter, Gauge


class DoorMetrics:
    """Counts what happens at one door; satisfies both doors' observers."""

    def __init__(
        self,
        channel: str,
        *,
        open_now: Gauge,
        logins: Counter,
        algorithms: Counter,
        rejections: Counter,
    ) -> None:
        self._channel = channel
        self._open_now = open_now
        self._logins = logins
        self._algorithms = algorithms
        self._rejections = rejections

    def connection_opened(self) -> None:
        """A connection was taken."""
        self._open_now.inc()

    def connection_closed(self) -> None:
        """A connection that had been taken is gone."""
        self._open_now.dec()

    def login(self, outcome: str) -> None:
        """Note a login, or that one was refused."""
        self._logins.labels(outcome).inc()

    def algorithm(self, name: str) -> None:
        """Note an algorithm agreed on."""
        self._algorithms.labels(name).inc()

    def rejection(self, limit: str) -> None:
        """Note that a limit of the door turned something away."""
        self._rejections.labels(f"{self._channel}-{limit}").inc()
