"""The HTTPS door: HTTP/1.1 on twisted.web, with bodies that are streamed.

twisted.web keeps a whole body before anyone may look at it.  Here the channel
tells a request of its head at once, so that a client is known, and refused,
before its body is taken; what came early waits, and the line is paused.
Addresses of the API are answered from its table, all others by `resources`
(the console), whose bodies are kept in memory and bounded.
"""

from __future__ import annotations

from typing import Any, Final, Protocol

from attrs import frozen
from twisted.internet.interfaces import IAddress, IDelayedCall, IReactorTime
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel, datetimeToString
from twisted.web.resource import Resource
from twisted.web.server import Site

from gateway.api.routes import RouteTable
from gateway.intake.https_login import Doorkeeper
from gateway.intake.https_request import DoorRequest

_LINGER_SECONDS: Final = 2.0
_LINGER_BYTES: Final = 4 * 1024 * 1024


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


class DoorChannel(HTTPChannel):
    """One connection: HTTPChannel, and what it lacks at the head of a request."""

    site: HttpsDoor
    transport: Any  # TCP, or TLS over it; both can abort
    requestFactory = DoorRequest
    _head_began: float | None = None
    _taken = False
    _lingering: IDelayedCall | None = None
    _lingered = 0
    _held = False
    _peer: Any = None
    _host: Any = None
    fingerprint: str | None = None  # of the client's certificate, once looked up

    def connectionMade(self) -> None:
        """Take the connection, or turn it away."""
        if not self.site.take(self):
            self.timeOut = None
            super().connectionMade()
            self.transport.loseConnection()
            return
        self._taken = True
        # Every request asks for both, and each would be a system call.
        self._peer, self._host = self.transport.getPeer(), self.transport.getHost()
        self._head_began = self.site.clock.seconds()
        super().connectionMade()

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        """Clean up."""
        if self._lingering is not None and self._lingering.active():
            self._lingering.cancel()
        super().connectionLost(reason)
        if self._taken:
            self.site.gone(self)

    def timeoutConnection(self) -> None:
        """End a connection on which nothing comes."""
        self.site.observe.rejection("idle")
        super().timeoutConnection()

    def dataReceived(self, data: bytes) -> None:
        """Take bytes; a head that trickles in too slowly ends the connection."""
        if not self._taken:
            return
        if self._lingering is not None:
            self._lingered += len(data)
            if self._lingered > _LINGER_BYTES:
                # Not aborted: a reset would take the answer from the client.
                self.hold(on=True)
            return
        if not self.requests or self._head_began is not None:
            now = self.site.clock.seconds()
            if self._head_began is None:
                self._head_began = now
            elif now - self._head_began > self.site.limits.head_seconds:
                self.site.observe.rejection("head-time")
                self.transport.abortConnection()
                return
        super().dataReceived(data)

    def rawDataReceived(self, data: bytes) -> None:
        """Take bytes of a body, unless its request was answered already."""
        if self._lingering is None:
            super().rawDataReceived(data)

    def allHeadersReceived(self) -> None:
        """Tell the request of its head, before any of its body."""
        self._head_began = None
        request = self.requests[-1]
        self.persistent = self.checkPersistence(request, self._version)
        request.headed(self._command, self._path, self._version, self.length)

    def requestDone(self, request: DoorRequest) -> None:
        """Go on with the next request, or let a body that nobody wants run out."""
        if not request.answered_early:
            self._held = False
            super().requestDone(request)
            return
        self.requests.remove(request)
        self.setTimeout(None)
        # Closing at once would reset the line, and the client might never read
        # the answer.
        self._lingering = self.site.clock.callLater(
            _LINGER_SECONDS, self._end_lingering
        )
        self.hold(on=False)

    def _end_lingering(self) -> None:
        if self._held:
            self.transport.abortConnection()
        else:
            self.transport.loseConnection()

    def hold(self, *, on: bool) -> None:
        """Stop reading from the line, or go on."""
        if on is self._held:
            return
        self._held = on
        if on:
            self._networkProducer.pauseProducing()
        elif not self._waitingForTransport:
            self._networkProducer.resumeProducing()

    def resumeProducing(self) -> None:
        """Go on, as far as the line is not held."""
        super().resumeProducing()
        if self._held:
            self._networkProducer.pauseProducing()

    def getPeer(self) -> Any:
        """Return the address of the client."""
        return self._peer

    def getHost(self) -> Any:
        """Return the address that the client reached."""
        return self._host

    def say_continue(self) -> None:
        """Tell the client to send its body."""
        self._send100Continue()


class HttpsDoor(Site):
    """Makes a channel for each connection."""

    noisy = False

    def __init__(
        self,
        *,
        routes: RouteTable,
        doorkeeper: Doorkeeper,
        resources: Resource,
        clock: IReactorTime,
        limits: HttpsLimits,
        observe: HttpsObserver,
    ) -> None:
        super().__init__(resources, DoorRequest, reactor=clock)
        self.routes = routes
        self.doorkeeper = doorkeeper
        self.clock = clock
        self.limits = limits
        self.observe = observe
        self.tops = frozenset(resources.listStaticNames())
        self._channels: set[DoorChannel] = set()
        self._date = 0, b""

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

    def gone(self, channel: DoorChannel) -> None:
        """Note the end of a connection."""
        self._channels.discard(channel)
        self.observe.connection_closed()

    def drain(self) -> int:
        """Close what is idle, let the rest end with its request; count the rest."""
        busy = 0
        for channel in list(self._channels):
            if channel.requests:
                channel.persistent = 0
                busy += 1
            else:
                channel.loseConnection()
        return busy
