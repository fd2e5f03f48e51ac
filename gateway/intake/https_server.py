"""The HTTPS door: what listens, its limits, and its connections.

Addresses of the API are answered from its table, all others by `elsewhere` (the
console).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IReactorTime
from twisted.web.http import datetimeToString
from twisted.web.resource import Resource
from twisted.web.server import Site

from gateway.api.routes import Elsewhere, Route, RouteTable
from gateway.bound import Bound
from gateway.intake.https_channel import DoorChannel
from gateway.intake.https_login import Doorkeeper
from gateway.intake.https_request import DoorRequest


@frozen(kw_only=True)
class HttpsLimits:
    """Bounds of the door; counts and seconds."""

    max_connections: int = 1000
    head_seconds: float = 20  # for a whole request head, however it trickles
    idle_seconds: int = 60  # without a byte, between requests or in a body


class HttpsObserver(Protocol):
    """Counts what happens at the door; must not raise."""

    def connection_opened(self) -> None:
        """A connection was taken."""
        ...

    def connection_closed(self) -> None:
        """A connection that had been taken is gone."""
        ...

    def rejection(self, limit: str) -> None:
        """A limit turned something away: `connections`, `head-time`, `idle`."""
        ...


class HttpsDoor(Site):
    """Makes a channel for each connection."""

    noisy = False

    def __init__(
        self,
        *,
        routes: RouteTable[Route],
        doorkeeper: Doorkeeper,
        elsewhere: Elsewhere,
        clock: IReactorTime,
        limits: HttpsLimits,
        observe: HttpsObserver,
    ) -> None:
        super().__init__(Resource(), DoorRequest, reactor=clock)
        self.routes = routes
        self.doorkeeper = doorkeeper
        self.clock = clock
        self.limits = limits
        self.observe = observe
        self.elsewhere = elsewhere
        self._channels: set[DoorChannel] = set()
        self._date = 0, b""
        self._draining: Deferred[None] | None = None

    @property
    def draining(self) -> bool:
        """Whether each connection ends with the request that is under way."""
        return self._draining is not None

    def date(self) -> bytes:
        """Return the Date of an answer given now."""
        second = int(self.clock.seconds())
        if self._date[0] != second:
            self._date = second, datetimeToString(second)
        return self._date[1]

    def startFactory(self) -> None:
        """Start nothing: there is no access log of twisted.web's own."""

    def stopFactory(self) -> None:
        """Nothing was started."""

    def acceptableProtocols(self) -> list[bytes]:
        """Speak HTTP/1.1 only."""
        return [b"http/1.1"]

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """Make the channel of a connection."""
        channel = DoorChannel()
        channel.site = self
        channel.callLater = self.clock.callLater  # type: ignore[assignment]
        channel.timeOut = self.limits.idle_seconds
        return channel

    def take(self, channel: DoorChannel) -> bool:
        """Note a new connection; False if there are too many."""
        if len(self._channels) >= self.limits.max_connections:
            self.observe.rejection("connections")
            return False
        self._channels.add(channel)
        self.observe.connection_opened()
        return True

    def bounds(self) -> Iterator[Bound]:
        """Give the door's limit on connections, and what is used of it."""
        most = self.limits.max_connections
        yield Bound("https-connections", most, lambda: len(self._channels))

    def gone(self, channel: DoorChannel) -> None:
        """Note the end of a connection."""
        self._channels.discard(channel)
        self.observe.connection_closed()
        self._check_drained()

    def drain(self) -> Deferred[None]:
        """Close what is idle, and let the rest end with its request.

        A connection that has only just come may ask once, if it is quick.  Fires when
        the last connection is gone.
        """
        if self._draining is None:
            self._draining = Deferred()
            for channel in tuple(self._channels):
                channel.end_when_idle()
            self._check_drained()
        drained: Deferred[None] = Deferred()
        self._draining.addCallback(lambda _: drained.callback(None))
        return drained

    def _check_drained(self) -> None:
        draining = self._draining
        if draining is not None and not self._channels and not draining.called:
            draining.callback(None)
