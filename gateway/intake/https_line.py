"""TLS under an HTTPS connection, on the `ssl` of Python rather than Twisted's.

Twisted's TLS makes some twenty calls into pyOpenSSL for a request, each of which
gives up the interpreter, and declares its interfaces anew for each connection;
with a busy journal beside it that cost more than HTTP itself.  Here a read from
the socket is decrypted whole and handed over at once, and an answer is written
at once.  Session tickets of TLS 1.3 ride with the first answer.
"""

from __future__ import annotations

import ssl
from typing import Any, Final, Protocol

from twisted.internet.interfaces import (
    IAddress,
    IConsumer,
    IDelayedCall,
    IProducer,
    IProtocol,
    IProtocolFactory,
    IPushProducer,
    IReactorTime,
    ITransport,
)
from twisted.internet.protocol import Protocol as TwistedProtocol
from twisted.internet.protocol import ServerFactory, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

_RECORD: Final = 16 * 1024  # the most that one record of TLS holds
_CLOSING_SECONDS: Final = 5.0  # for the other side to say that it closes as well


class TlsMaker(Protocol):
    """Makes the server's side of TLS connections."""

    def over(self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO) -> ssl.SSLObject:
        """Make one over a pair of buffers."""
        ...


class TlsLines(ServerFactory):
    """Puts TLS between TCP and what another factory makes."""

    noisy = False

    def __init__(
        self, door: IProtocolFactory, tls: TlsMaker, clock: IReactorTime
    ) -> None:
        self._door = door
        self._tls = tls
        self._clock = clock

    def doStart(self) -> None:
        """Start the factory behind."""
        self._door.doStart()
        super().doStart()

    def doStop(self) -> None:
        """Stop the factory behind."""
        self._door.doStop()
        super().doStop()

    def buildProtocol(self, addr: IAddress | None) -> TlsLine | None:
        """Make the line of a connection."""
        inner = self._door.buildProtocol(addr)  # type: ignore[arg-type]
        return None if inner is None else TlsLine(inner, self._tls, self._clock)


@implementer(ITransport, IPushProducer, IConsumer)
class TlsLine(TwistedProtocol):
    """One connection: decrypts what comes for `inner`, and is its transport."""

    transport: Any  # TCP, or what speaks the PROXY protocol over it
    disconnecting = False

    def __init__(self, inner: IProtocol, tls: TlsMaker, clock: IReactorTime) -> None:
        self._inner = inner
        self._clock = clock
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = tls.over(self._incoming, self._outgoing)
        self._agreed = False  # the handshake is done
        self._over = False  # of TLS: nothing is read or written any more
        self._early: list[bytes] = []  # written before the handshake was done
        self._producer: IProducer | None = None
        self._closing: IDelayedCall | None = None

    # From TCP

    def connectionMade(self) -> None:
        """Tell the inner protocol; the client speaks first."""
        self.transport.setTcpNoDelay(True)  # every write is a whole answer
        self._inner.makeConnection(self)

    def dataReceived(self, data: bytes) -> None:
        """Decrypt what came, and hand it over in one piece."""
        if self._over:
            return
        self._incoming.write(data)
        if not (self._agreed or self._agree()):
            return
        pieces: list[bytes] = []
        ended = broken = False
        try:
            while self._incoming.pending and not ended:
                pieces.append(self._tls.read(_RECORD))
                ended = not pieces[-1]  # how the other side's close is told
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            broken = True
        plain = b"".join(pieces)
        if plain and self._closing is None:
            self._inner.dataReceived(plain)
        if broken:
            self._break()
        elif ended and not self._over:
            self._shut()
            self._end()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Tell the inner protocol that the line is gone."""
        self._over = True
        if self._closing is not None and self._closing.active():
            self._closing.cancel()
        self._inner.connectionLost(reason)

    def _agree(self) -> bool:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
            return False
        except ssl.SSLError:
            self._break()
            return False
        self._agreed = True
        if self._tls.version() != "TLSv1.3":
            self._flush()  # the client waits for it
        early, self._early = self._early, []
        for data in early:
            self._encrypt(data)
        if self.disconnecting and self._producer is None:
            self._shut()
        return not self._over

    def _break(self) -> None:
        """End a connection whose TLS failed; the alert is still sent."""
        self._over = True
        self._flush()
        self._end()

    # For the inner protocol

    def write(self, data: bytes) -> None:
        """Encrypt and send."""
        if self._over or (self.disconnecting and self._producer is None):
            return
        if self._agreed:
            self._encrypt(data)
        else:
            self._early.append(data)

    def writeSequence(self, data: Any) -> None:
        """Encrypt and send all of them as one."""
        self.write(b"".join(data))

    def loseConnection(self) -> None:
        """Close once all has been sent."""
        if not self._agreed and not self._early:
            self.abortConnection()
            return
        self.disconnecting = True
        if self._agreed and self._producer is None:
            self._shut()

    def abortConnection(self) -> None:
        """Cut the connection."""
        self.disconnecting = self._over = True
        self.transport.abortConnection()

    def getPeer(self) -> Any:
        """Return the address of the client."""
        return self.transport.getPeer()

    def getHost(self) -> Any:
        """Return the address that the client reached."""
        return self.transport.getHost()

    def getPeerCertificate(self) -> bytes | None:
        """Return the certificate that the client proved to have, as DER."""
        return self._tls.getpeercert(binary_form=True) if self._agreed else None

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        """Have a producer pause while the client takes nothing; it must stream."""
        if self._over:
            producer.stopProducing()
            return
        self.transport.registerProducer(producer, streaming)
        self._producer = producer

    def unregisterProducer(self) -> None:
        """The producer is done."""
        if self._producer is None:
            return
        self._producer = None
        self.transport.unregisterProducer()
        if self.disconnecting and self._agreed:
            self._shut()

    def pauseProducing(self) -> None:
        """Stop reading from the client."""
        self.transport.pauseProducing()

    def resumeProducing(self) -> None:
        """Go on reading."""
        self.transport.resumeProducing()

    def stopProducing(self) -> None:
        """Close."""
        self.loseConnection()

    def _encrypt(self, data: bytes) -> None:
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self._tls.write(rest) :]
        except ssl.SSLError:
            self._break()
            return
        self._flush()

    def _flush(self) -> None:
        if self._outgoing.pending:
            self.transport.write(self._outgoing.read())

    def _shut(self) -> None:
        """Say that nothing more comes, and wait a little for the same word.

        Closing TCP at once could reset the line, and take the answer away.
        """
        if self._over:
            return
        if self._closing is None:
            self._closing = self._clock.callLater(_CLOSING_SECONDS, self._end)
        try:
            self._tls.unwrap()
        except ssl.SSLWantReadError:
            self._flush()
        except ssl.SSLError:
            self._break()
        else:
            self._flush()
            self._end()

    def _end(self) -> None:
        self._over = True
        self.transport.loseConnection()
