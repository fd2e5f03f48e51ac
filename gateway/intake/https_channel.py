"""One connection to the HTTPS door: HTTP/1.1 on twisted.web, bodies streamed.

twisted.web keeps a whole body before anyone may look at it.  Here the channel
tells a request of its head at once, so that a client is known, and refused,
before its body is taken; what came early waits, and the line is paused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel

from gateway.api.problems import Refusal
from gateway.intake.https_answer import answer_of, head_of
from gateway.intake.https_head import Head, Heading, read_head
from gateway.intake.https_request import DoorRequest

if TYPE_CHECKING:
    from gateway.intake.https_server import HttpsDoor

_FIRST: Final = (
    "cannot be read; wanted METHOD /address HTTP/1.1, and in the address printable "
    "ASCII only, all else percent-encoded: é is %C3%A9"
)
_LINES: Final = (
    "cannot be read; wanted NAME: VALUE without control characters, and either one "
    "Content-Length of digits only or Transfer-Encoding: chunked"
)
_CHUNKS: Final = (
    "cannot be read; wanted each as its length in hex, CRLF, its bytes, CRLF, and "
    "at the end one of length 0"
)
_FIRST_SECONDS: Final = 2.0  # at a stop, for the first request of who just came
_LINGER_SECONDS: Final = 2.0
_LINGER_BYTES: Final = 4 * 1024 * 1024


class DoorChannel(HTTPChannel):
    """One connection: HTTPChannel, and what it lacks at the head of a request."""

    site: HttpsDoor
    requests: list[DoorRequest]
    transport: Any  # TCP, or TLS over it; both can abort
    requestFactory = DoorRequest
    _head_began: float | None = None
    _taken = False
    _lingering: IDelayedCall | None = None
    _lingered = 0
    _held = False
    _asked = False  # at least once
    _leaving: IDelayedCall | None = None
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
        for timer in (self._lingering, self._leaving):
            if timer is not None and timer.active():
                timer.cancel()
        super().connectionLost(reason)
        if self._taken:
            self.site.gone(self)

    def end_when_idle(self) -> None:
        """End with the request that is under way, at once where there is none.

        A client that has not asked yet has some time to: who was let in is served.
        """
        if self.requests:
            self.persistent = 0
        elif self._asked:
            self.loseConnection()
        else:
            clock = self.site.clock
            self._leaving = clock.callLater(_FIRST_SECONDS, self._leave)

    def _leave(self) -> None:
        if not self._asked:
            self.loseConnection()

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
        head = read_head(data) if self._between_requests else None
        if head is None:
            super().dataReceived(data)
        else:
            self._begin(head, data[head.size :])

    @property
    def _between_requests(self) -> bool:
        """Whether the next byte is the first of a head, and may be read here."""
        return not (self.requests or self._buffer or self._busyReceiving) and bool(
            self.line_mode and self.persistent
        )

    def _begin(self, head: Head, rest: bytes) -> None:
        """Begin a request whose head came whole; `rest` is what came behind it."""
        request = DoorRequest(self, 0)
        self.requests.append(request)
        self._command, self._path, self._version = head.method, head.uri, b"HTTP/1.1"
        self._busyReceiving = True  # what is answered at once must not begin the next
        try:
            if len(rest) >= head.length:
                self.length = head.length
                self._headed(request, head.heading, here=True)
                if head.length:
                    request.handleContentChunk(rest[: head.length])
                self._finishRequestBody(rest[head.length :])
                rest = b""
            else:
                length = b"%d" % head.length
                self._maybeChooseTransferDecoder(b"Content-Length", length)
                self._headed(request, head.heading, here=False)
                self.setRawMode()
        finally:
            self._busyReceiving = False
        if rest or self._buffer:
            super().dataReceived(rest)

    def rawDataReceived(self, data: bytes) -> None:
        """Take bytes of a body, unless its request was answered already."""
        if self._lingering is None:
            super().rawDataReceived(data)

    def allHeadersReceived(self) -> None:
        """Tell the request of its head, before any of its body."""
        request = self.requests[-1]
        lines = [
            (name.lower(), value)
            for name, values in request.requestHeaders.getAllRawHeaders()
            for value in values
        ]
        self._headed(request, Heading(lines), here=self.length == 0)

    def _headed(self, request: DoorRequest, heading: Heading, *, here: bool) -> None:
        self._head_began = None
        self._asked = True
        version = self._version
        closes = heading.closes or self.site.draining
        self.persistent = version == b"HTTP/1.1" and not closes
        request.headed(
            self._command, self._path, version, heading, length=self.length, here=here
        )

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

    def isSecure(self) -> bool:
        """Say yes: nothing but TLS comes to this door."""
        return True

    def _respondToBadRequestAndDisconnect(self) -> None:
        """Say what could not be read, and close; twisted.web would say only 400."""
        size, count = self._receivedHeaderSize, self._receivedHeaderCount
        if size > self.totalHeadersSize or count > self.maxHeaders:
            self.lineLengthExceeded(b"")
        elif not self.line_mode:
            self._refuse("bad-request", f"the chunks of the body {_CHUNKS}")
        elif hasattr(self, "_command"):
            self._refuse("bad-request", f"a header line {_LINES}")
        else:
            self._refuse("bad-request", f"the first line {_FIRST}")

    def lineLengthExceeded(self, line: bytes) -> None:
        """Say that the head is too large, and close."""
        self._refuse(
            "head-too-large",
            f"the head of the request has more than {self.totalHeadersSize} bytes or "
            f"{self.maxHeaders} lines; send fewer or shorter ones",
        )

    def _refuse(self, code: str, detail: str) -> None:
        self._log.info("a request could not be read", code=code)
        answer = answer_of(Refusal(code, detail))
        date, length = self.site.date(), len(answer.body)
        self.write(head_of(answer, length, date, closing=True) + answer.body)
        self.loseConnection()

    def getPeer(self) -> Any:
        """Return the address of the client."""
        return self._peer

    def getHost(self) -> Any:
        """Return the address that the client reached."""
        return self._host

    def say_continue(self) -> None:
        """Tell the client to send its body."""
        self._send100Continue()
