"""One session channel: its windows, and the SFTP server behind it.

The receive window opens again only by bytes that the server has worked off, so a
client cannot make us hold more than one window, whatever it sends; the server in
turn takes no more requests while answers wait for the client to read them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from twisted.conch.ssh import connection as conch

from gateway.intake.sftp_server import SftpServer
from gateway.intake.ssh_wire import Fields, Malformed, string, u32

if TYPE_CHECKING:
    from gateway.intake.ssh_connection import DoorConnection

# Stock 128 KiB makes a fast line wait for window adjustments.
WINDOW: Final = 2 * 1024 * 1024
PACKET: Final = 64 * 1024
# What we send at once, even if the client allowed more.
_MOST_SENT: Final = 32 * 1024
# More answers than this waiting for the client: no further requests are taken.
_MOST_UNSENT: Final = 1024 * 1024
_STDERR: Final = 1
_SFTP_ONLY: Final = (
    b"This service is SFTP only: there is no shell. Use sftp or scp -s.\r\n"
)


class SftpChannel:
    """A channel of kind `session`, which can become an SFTP session."""

    offer = u32(WINDOW) + u32(PACKET)

    def __init__(
        self,
        *,
        connection: DoorConnection,
        number: int,
        theirs: int,
        window: int,
        packet_size: int,
    ) -> None:
        self.number = number
        self.theirs = theirs
        self._connection = connection
        self._send = connection.transport.send
        self._head = u32(theirs)
        self._may_send = window
        self._packet_size = min(packet_size, _MOST_SENT)
        self._may_come = WINDOW
        self._unsent = bytearray()
        self._server: SftpServer | None = None
        self._closed = False
        self._ending: int | None = None

    @property
    def busy(self) -> bool:
        """Whether requests are being worked on or answers wait to be sent."""
        return self._server is not None and bool(self._server.pending or self._unsent)

    @property
    def clogged(self) -> bool:
        """Whether the client must read before it may ask for more."""
        return len(self._unsent) > _MOST_UNSENT or self._connection.transport.congested

    # From the client.

    def request(self, kind: bytes, body: bytes) -> Callable[[], None] | None:
        """Judge a channel request; what comes back is to be called after the answer."""
        if self._closed or self._server is not None:
            return None
        if kind == b"subsystem" and Fields(body).string() == b"sftp":
            return self._begin
        if kind in {b"exec", b"shell"}:
            return self._explain
        return None  # env, pty-req and the rest

    def data(self, data: bytes | memoryview) -> None:
        """Hand bytes to the SFTP server."""
        size = len(data)
        if size > self._may_come or size > PACKET:
            raise Malformed("more data than the window allows")
        self._may_come -= size
        if self._server is not None:
            self._server.feed(data)

    def extended(self, size: int) -> None:
        """Count bytes of an extended stream, which nobody reads."""
        if size > self._may_come:
            raise Malformed("more data than the window allows")
        self._may_come -= size

    def window_grew(self, size: int) -> None:
        """The client takes more."""
        self._may_send += size
        if self._unsent:
            self._flush()
            self.resumed()
        if self._ending is not None:
            self.close(status=self._ending)

    def resumed(self) -> None:
        """What clogged the way has gone: go on with waiting requests."""
        if self._server is not None:
            self._server.resume()

    def eof(self) -> None:
        """The client sends no more; what it asked for is still answered."""
        if self._server is None:
            self.close(status=1)
        else:
            self._server.finish()

    def closed_by_client(self) -> None:
        """The client has closed the channel."""
        self._connection.forget(self)
        self._unsent.clear()
        self._close()
        self.lost()

    def lost(self) -> None:
        """Nothing can be answered any more: open uploads are cut, not whole."""
        self._closed = True
        server, self._server = self._server, None
        if server is not None:
            server.lost()

    # To the client.

    def write(self, data: bytes) -> None:
        """Send, or keep until the client takes more."""
        if self._closed:
            return
        size = len(data)
        if not self._unsent and size <= self._packet_size and size <= self._may_send:
            self._may_send -= size
            self._send(conch.MSG_CHANNEL_DATA, self._head + string(data))
            return
        self._unsent += data
        self._flush()

    def close(self, *, status: int) -> None:
        """End the session from our side, after what is still to be sent."""
        if self._closed:
            return
        if self._unsent:
            self._ending = status
            return
        self._send(
            conch.MSG_CHANNEL_REQUEST,
            self._head + string(b"exit-status") + b"\0" + u32(status),
        )
        self._close()
        server, self._server = self._server, None
        if server is not None:
            server.lost()

    def worked_off(self) -> None:
        """The server has taken requests out of its backlog."""
        self._open_window()

    def _begin(self) -> None:
        connection = self._connection
        self._server = SftpServer(
            space=connection.door.space_for(connection.client),
            channel=self,
            clock=connection.door.clock,
            limits=connection.door.limits,
            observer=connection.door.observer,
            pace=connection.door.pace_of(connection.client),
        )

    def _explain(self) -> None:
        if self._may_send >= len(_SFTP_ONLY):
            self._send(
                conch.MSG_CHANNEL_EXTENDED_DATA,
                self._head + u32(_STDERR) + string(_SFTP_ONLY),
            )
        self.close(status=1)

    def _flush(self) -> None:
        unsent = self._unsent
        while unsent and self._may_send:
            piece = bytes(unsent[: min(self._packet_size, self._may_send)])
            del unsent[: len(piece)]
            self._may_send -= len(piece)
            self._send(conch.MSG_CHANNEL_DATA, self._head + string(piece))

    def _close(self) -> None:
        if not self._closed:
            self._closed = True
            self._send(conch.MSG_CHANNEL_CLOSE, self._head)

    def _open_window(self) -> None:
        if self._closed or self._server is None:
            return
        grant = WINDOW - self._may_come - self._server.backlog
        if grant >= WINDOW // 2:
            self._may_come += grant
            self._send(conch.MSG_CHANNEL_WINDOW_ADJUST, self._head + u32(grant))
