"""The SFTP server of one session: takes packets, keeps them in bounds, answers.

This is not Conch's `FileTransferServer` with methods replaced: there a lost line
closes files as a client's CLOSE does, a CLOSE overtakes writes, an unknown handle
is never answered and every packet is logged; too little would have been left.

Requests wait in the buffer, unread, while too many are being worked on or the
client does not read its answers; the SSH window then closes by itself.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, Protocol, cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from gateway.errors import DoorError
from gateway.intake import sftp_packets as sftp
from gateway.intake.sftp_extensions import MAX_PACKET
from gateway.intake.sftp_order import is_settled
from gateway.intake.sftp_requests import Requests
from gateway.intake.ssh_wire import Fields, Malformed

if TYPE_CHECKING:
    from gateway.intake.interface import Space
    from gateway.intake.sftp_limits import SftpLimits, SftpObserver
    from gateway.intake.sftp_pace import Pace

_HEAD: Final = struct.Struct("!LB")
# Head room over the largest piece of data, as OpenSSH's own server has it.
_MOST: Final = MAX_PACKET + 1024
_LEAST: Final = 5  # kind and request id
# Requests served before the reactor gets its turn.
_AT_A_TIME: Final = 256
# Answers are gathered up to this many bytes, to be sealed in one packet.
_GATHERED: Final = 32 * 1024
# Errors with words for the client; any other is one of ours.
_FORESEEN: Final = (DoorError, sftp.Refusal, Malformed)

_log = Logger()


class Channel(Protocol):
    """The way back to the client."""

    @property
    def clogged(self) -> bool:
        """Whether the client must read before it may ask for more."""
        ...

    def write(self, data: bytes) -> None:
        """Send."""
        ...

    def worked_off(self) -> None:
        """The backlog has become smaller."""
        ...

    def close(self, *, status: int) -> None:
        """End the session after what is still to be sent."""
        ...


class SftpServer:
    """Serves one client's session on its space."""

    def __init__(
        self,
        *,
        space: Space,
        channel: Channel,
        clock: IReactorTime,
        limits: SftpLimits,
        observer: SftpObserver,
        pace: Pace,
    ) -> None:
        self.pending = 0  # requests being worked on
        self._channel = channel
        self._clock = clock
        self._limits = limits
        self._pace = pace
        self._requests = Requests(
            space=space,
            clock=clock,
            limits=limits,
            observer=observer,
            reply=self._reply,
        )
        self._buffer = bytearray()
        self._gathered: list[bytes] = []
        self._gathered_size = 0
        self._began = self._working = self._finishing = self._over = False
        self._later: IDelayedCall | None = None

    @property
    def backlog(self) -> int:
        """Bytes that have come and were not worked off yet."""
        return len(self._buffer)

    def feed(self, data: bytes | memoryview) -> None:
        """Take bytes from the client."""
        self._buffer += data
        self._work()

    def resume(self) -> None:
        """Go on, if the way back is free."""
        self._work()

    def finish(self) -> None:
        """No more bytes will come: end the session when all is answered."""
        self._finishing = True
        self._work()

    def lost(self) -> None:
        """The session is gone: nothing that is still open was whole."""
        if self._over:
            return
        self._over = True
        if not self._working:  # a request in the buffer may be being read
            self._buffer.clear()
        if self._later is not None:
            self._later.cancel()
            self._later = None
        self._requests.lost()

    def _go_on(self) -> None:
        self._later = None
        self._work()

    def _work(self) -> None:
        if self._working or self._over:
            return
        self._working = True
        try:
            self._serve_waiting()
        except Malformed as error:
            _log.info("SFTP session ended: {error}", error=error)
            self._channel.close(status=1)
        finally:
            self._working = False
        self._send_gathered()
        if self._over:
            self._buffer.clear()
            return
        self._channel.worked_off()
        idle = not self.pending and self._later is None
        if self._finishing and idle and not self._channel.clogged:
            self._channel.close(status=0)

    def _serve_waiting(self) -> None:
        buffer = self._buffer
        for _ in range(_AT_A_TIME):
            if self._over or self._later is not None or len(buffer) < _HEAD.size:
                return
            if self.pending >= self._limits.max_pending or self._channel.clogged:
                return
            length, kind = _HEAD.unpack_from(buffer)
            if not _LEAST <= length <= _MOST:
                raise Malformed(f"SFTP packet of {length} bytes")
            end = 4 + length
            if len(buffer) < end:
                return
            with memoryview(buffer) as view, view[_HEAD.size : end] as packet:
                self._serve(kind, packet)
            del buffer[:end]
            wait = self._pace.take(end)
            if wait:
                self._later = self._clock.callLater(wait, self._go_on)
        if self._later is None and not self._over:
            self._later = self._clock.callLater(0, self._go_on)

    def _serve(self, kind: int, packet: memoryview) -> None:
        if self._began == (kind == sftp.INIT):
            raise Malformed("an SFTP session begins with INIT, once")
        self._began = True
        request = bytes(packet[:4])
        try:
            answer = self._requests.serve(kind, request, Fields(packet, 4))
        except _FORESEEN as error:
            answer = sftp.refused(request, error)
        except Exception as error:
            _log.failure("SFTP request {kind} failed", kind=kind)
            answer = sftp.refused(request, error)
        if isinstance(answer, Deferred) and is_settled(answer):
            # Nothing to wait for: an answer like any other, unless it is an error.
            answer = self._at_once(answer, kind, request)
        if isinstance(answer, Deferred):
            self.pending += 1
            answer.addErrback(self._failed, kind, request)
            answer.addCallback(self._answered)
        elif answer:
            self._reply(answer)

    def _at_once(self, answer: Deferred[bytes], kind: int, request: bytes) -> bytes:
        result = answer.result
        if isinstance(result, Failure):
            answer.addErrback(lambda _: None)  # it is told here
            return self._failed(result, kind, request)
        return cast(bytes, result)

    def _failed(self, failure: Failure, kind: int, request: bytes) -> bytes:
        error = failure.value
        if not isinstance(error, _FORESEEN):
            _log.failure("SFTP request {kind} failed", failure=failure, kind=kind)
        return sftp.refused(
            request, error if isinstance(error, Exception) else Exception(str(error))
        )

    def _answered(self, answer: bytes) -> None:
        self.pending -= 1
        if not self._over:
            self._reply(answer)
            self._work()

    def _reply(self, answer: bytes) -> None:
        self._gathered.append(answer)
        self._gathered_size += len(answer)
        if self._gathered_size >= _GATHERED or not self._working:
            self._send_gathered()

    def _send_gathered(self) -> None:
        if self._gathered:
            gathered = b"".join(self._gathered)
            self._gathered.clear()
            self._gathered_size = 0
            self._channel.write(gathered)
