"""One SSH connection of the door, from the first byte to the last.

Not a subclass of Conch's transport: each direction has to change keys at its own
moment for strict key exchange (the remedy of Terrapin), the lists of algorithms
are closed, malformed bytes must end the connection without a stack trace in the
log, and no packet is logged or formatted.  Conch gives keys and constants.

Behind a balancer, listen on Twisted's `haproxy:` endpoint (PROXY protocol v1 and
v2): the peer's address is asked only after the client's first bytes.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, cast

from twisted.conch.ssh import transport as conch
from twisted.internet.interfaces import IDelayedCall, IPushProducer, ITCPTransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.tcp import Connection
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from gateway.intake.ssh_ciphers import Opener, PacketRefused
from gateway.intake.ssh_connection import DoorConnection
from gateway.intake.ssh_keys import MSG_KEXINIT, MSG_NEWKEYS, KeyExchange
from gateway.intake.ssh_login import LoginService
from gateway.intake.ssh_offer import NothingInCommon
from gateway.intake.ssh_outlet import Outlet
from gateway.intake.ssh_packets import DURING_EXCHANGE, PacketLine
from gateway.intake.ssh_signing import LOGIN_ALGORITHMS
from gateway.intake.ssh_watch import Watch
from gateway.intake.ssh_wire import Fields, Malformed, string, u32

if TYPE_CHECKING:
    from gateway.intake.interface import Client
    from gateway.intake.sftp_door import SftpFactory

VERSION: Final = b"SSH-2.0-Octway"
# How long a peer that does not read may keep a socket that we want closed.
_LINGER_SECONDS: Final = 10.0
_MOST_UNREAD: Final = 1000  # messages of a client that reads none of the answers
_LOOK_AGAIN_SECONDS: Final = 0.05
_JUST_COME_SECONDS: Final = 2.0  # at a stop, for who is not logged in yet
_FIRST_SERVICE_MESSAGE: Final = 50
# These clients offer without waiting for us, so we wait a moment for them: who sees
# the client's offer can choose the cipher that costs both sides least.
_OFFERS_FIRST: Final = b"SSH-2.0-OpenSSH_"
_PATIENCE_SECONDS: Final = 0.5
_CHANNEL_DATA: Final = 94
_WINDOW_ADJUST: Final = 93
_DURING_STRICT_EXCHANGE: Final = frozenset((1, 20, 21, *range(30, 50)))
_IGNORED: Final = frozenset(
    (conch.MSG_IGNORE, conch.MSG_UNIMPLEMENTED, conch.MSG_DEBUG, conch.MSG_EXT_INFO)
)

_log = Logger()


@implementer(IPushProducer)
class DoorTransport(Protocol):
    """One client's connection."""

    def __init__(self, *, door: SftpFactory) -> None:
        self.door = door
        self.peer = "unknown"
        self.keys = KeyExchange(host_keys=door.host_keys, server_version=VERSION)
        self._paused = False
        self._unread = 0
        self.over = False
        self.connection: DoorConnection | None = None
        self._login: LoginService | None = None
        self.admitted = False  # the address is known and counted
        self._secured = False  # the client has begun to use keys
        self._next_opener: Opener | None = None
        self._patience: IDelayedCall | None = None
        self._linger: IDelayedCall | None = None
        self._leaving: IDelayedCall | None = None

    # Beginning and end.

    def connectionMade(self) -> None:
        """Greet, and give the client a limited time to log in."""
        # Wrappers of TLS and the PROXY protocol pass these attributes through.
        self._socket = cast(Connection, self.transport)
        if ITCPTransport.providedBy(self.transport):
            self._socket.setTcpNoDelay(True)
            self._socket.setTcpKeepAlive(True)
        self._socket.registerProducer(self, True)
        self._outlet = Outlet(self._socket)
        self._line = PacketLine(write=self._outlet.write)
        self.door.opened(self)
        self._watch = Watch(
            clock=self.door.clock, limits=self.door.limits, refuse=self.refuse
        )
        self._outlet.write(VERSION + b"\r\n")

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Let go of all: open uploads are abandoned, not closed."""
        self.over = True
        self._watch.stop()
        for call in (self._patience, self._linger, self._leaving):
            _cancel(call)
        if self._login is not None:
            self._login.stop()
        if self.connection is not None:
            self.connection.stop()
        self.door.closed(self)

    def disconnect(self, reason: int, text: str) -> None:
        """Say why, then close; a peer that does not read is cut off."""
        if self.over:
            return
        words = string(text.encode()) + string(b"")
        self._line.send(conch.MSG_DISCONNECT, u32(reason) + words)
        self._hang_up()

    def refuse(self, limit: str, reason: int, text: str) -> None:
        """End a connection because of a limit, and count it."""
        self.door.observer.rejection(limit)
        self.disconnect(reason, text)

    def end_when_idle(self) -> None:
        """Close once no request is being worked on; looks again every while.

        Who has just come has some time to log in and ask: who was let in is served.
        """
        busy = self.connection is not None and self.connection.busy
        fresh = self.connection is None and self._leaving is None
        if (busy or fresh) and not self.over:
            wait = _JUST_COME_SECONDS if fresh else _LOOK_AGAIN_SECONDS
            self._leaving = self.door.clock.callLater(wait, self.end_when_idle)
            return
        self.disconnect(conch.DISCONNECT_BY_APPLICATION, "service is stopping")

    def logged_in(self, client: Client) -> None:
        """The client is known: from here on only silence ends the connection."""
        if self._login is not None:
            self._login.stop()
            self._login = None
        self.connection = DoorConnection(client=client, transport=self)
        self._watch.logged_in()

    def _hang_up(self) -> None:
        self.over = True
        _cancel(self._patience)
        self._line.clear()
        self._outlet.end()
        self._socket.unregisterProducer()
        self._socket.loseConnection()
        self._linger = self.door.clock.callLater(
            _LINGER_SECONDS, self._socket.abortConnection
        )

    # Back-pressure.

    @property
    def congested(self) -> bool:
        """Whether what is sent now would only pile up here."""
        return self._paused or self._line.holding

    def pauseProducing(self) -> None:
        """The client reads too slowly: take no more requests."""
        self._paused = True

    def resumeProducing(self) -> None:
        """The client has read on."""
        self._paused = False
        self._resume()

    def stopProducing(self) -> None:
        """The socket is gone; `connectionLost` follows."""

    def _is_read(self, kind: int) -> bool:
        """Say no, and end, when a client asks on and on and reads no answer."""
        if not self.congested:
            self._unread = 0
        elif kind != _WINDOW_ADJUST:  # which is not answered
            self._unread += 1
        if self._unread <= _MOST_UNREAD:
            return True
        words = f"{_MOST_UNREAD} messages came while no answer was read"
        self.refuse("unread", conch.DISCONNECT_BY_APPLICATION, words)
        return False

    def _resume(self) -> None:
        if self.connection is not None:
            self.connection.resumed()

    # Packets.

    def dataReceived(self, data: bytes) -> None:
        """Take what came, as many whole packets as there are."""
        if self.over:
            return
        self._watch.heard()
        self._line.feed(data)
        self._outlet.begin()
        try:
            if not self.admitted and not self._take_version():
                return
            while not self.over:
                payload = self._line.next()
                if payload is None:
                    break
                if payload[0] == _CHANNEL_DATA and self.connection is not None:
                    self.connection.data(payload)
                elif self._is_read(payload[0]):
                    self._dispatch(payload[0], bytes(payload))
        except PacketRefused as refused:
            reason = conch.DISCONNECT_PROTOCOL_ERROR
            if refused.tampered:
                reason = conch.DISCONNECT_MAC_ERROR
            self.disconnect(reason, str(refused))
        except NothingInCommon as error:
            _log.info("client {peer}: {error}", peer=self.peer, error=error)
            words = f"no common {error.kind}"
            self.refuse("algorithms", conch.DISCONNECT_KEY_EXCHANGE_FAILED, words)
        except (ValueError, struct.error) as error:
            self.disconnect(conch.DISCONNECT_PROTOCOL_ERROR, f"bad message: {error}")
        except Exception:
            _log.failure("client {peer}: a packet could not be served", peer=self.peer)
            self.disconnect(conch.DISCONNECT_BY_APPLICATION, "internal error")
        finally:
            self._outlet.end()

    def send(self, kind: int, payload: bytes) -> None:
        """Send a message; keys that have served long enough are changed."""
        if self.over:
            return
        self._line.send(kind, payload)
        if self._line.moved > self.door.limits.rekey_bytes and not self.keys.under_way:
            self._begin_exchange()

    def send_unimplemented(self) -> None:
        """Say that the packet just taken means nothing here."""
        sequence = (self._line.sequence_in - 1) & 0xFFFFFFFF
        self.send(conch.MSG_UNIMPLEMENTED, u32(sequence))

    def _take_version(self) -> bool:
        line = self._line.version_line()
        if line is None:
            return False
        if not line.startswith((b"SSH-2.0-", b"SSH-1.99-")):
            raise Malformed("no SSH 2 version line")
        self.admitted = True
        self.keys.client_version = line
        self.peer = getattr(self._socket.getPeer(), "host", "unknown")
        self.door.admit(self)
        if self.over:
            return True
        if line.startswith(_OFFERS_FIRST):
            self._patience = self.door.clock.callLater(
                _PATIENCE_SECONDS, self._begin_exchange
            )
        else:
            self._begin_exchange()
        return True

    def _dispatch(self, kind: int, payload: bytes) -> None:
        if not self._secured:
            strict = self.keys.strict
            if kind not in (_DURING_STRICT_EXCHANGE if strict else DURING_EXCHANGE):
                raise Malformed(f"message {kind} before the first keys")
        if kind >= _FIRST_SERVICE_MESSAGE:
            service = self.connection or self._login
            if service is None:
                self.send_unimplemented()
            else:
                service.take(kind, payload[1:])
        elif kind == MSG_KEXINIT:
            self._take_offer(payload[1:])
        elif kind == MSG_NEWKEYS:
            self._take_new_keys()
        elif kind > MSG_NEWKEYS:
            self._take_exchange(kind, payload[1:])
        elif kind == conch.MSG_SERVICE_REQUEST:
            self._take_service_request(Fields(payload, 1).string())
        elif kind == conch.MSG_DISCONNECT:
            self._hang_up()
        elif kind not in _IGNORED:
            self.send_unimplemented()

    # Keys.

    def _begin_exchange(self, theirs: bytes = b"") -> None:
        _cancel(self._patience)
        self._line.send(MSG_KEXINIT, self.keys.begin(theirs))
        self._line.hold()

    def _take_offer(self, payload: bytes) -> None:
        if not self.keys.under_way:
            self._begin_exchange(payload)
        first = not self.keys.session_id
        is_first_packet = self._line.sequence_in == 1
        agreed = self.keys.take_offer(payload, is_first_packet=is_first_packet)
        if first:
            for name in agreed.names:
                self.door.observer.algorithm(name)

    def _take_exchange(self, kind: int, payload: bytes) -> None:
        first = not self.keys.session_id
        reply, content, fresh = self.keys.take(kind, payload)
        if reply:
            self._line.send(reply, content)
        if fresh is None:
            return
        self._line.send(MSG_NEWKEYS, b"")
        self._line.renew_outgoing(fresh.sealer, restart=self.keys.strict)
        self._next_opener = fresh.opener
        if first and self.keys.agreed is not None and self.keys.agreed.ext_info:
            names = string(b"server-sig-algs") + string(b",".join(LOGIN_ALGORITHMS))
            self._line.send_now(conch.MSG_EXT_INFO, u32(1) + names)
        self._line.release()
        self._resume()

    def _take_new_keys(self) -> None:
        self.keys.end()
        if self._next_opener is None:
            raise Malformed("NEWKEYS without keys")
        self._line.renew_incoming(self._next_opener, restart=self.keys.strict)
        self._next_opener = None
        self._secured = True

    def _take_service_request(self, name: bytes) -> None:
        if name != b"ssh-userauth" or self._login or self.connection:
            self.disconnect(
                conch.DISCONNECT_SERVICE_NOT_AVAILABLE, "only ssh-userauth, and once"
            )
            return
        self.send(conch.MSG_SERVICE_ACCEPT, string(name))
        self._login = LoginService(transport=self)


def _cancel(call: IDelayedCall | None) -> None:
    if call is not None and call.active():
        call.cancel()
