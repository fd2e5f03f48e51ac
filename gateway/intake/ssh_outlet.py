"""The way out of a connection: what one turn sends leaves at once and together.

Twisted's `write` waits for the reactor's next round, which costs more than the
packet itself: two changes of what is polled, and a poll.  Here the packets of a
turn are gathered and go to the socket when it ends; only what the kernel does not
take is left to `write`, whose back-pressure then works as ever.
"""

from __future__ import annotations

from typing import Final, cast

from twisted.internet.interfaces import ITransport
from twisted.internet.tcp import Connection

# A turn that says more than this is sent in between, so that back-pressure acts.
_MOST_GATHERED: Final = 64 * 1024


class Outlet:
    """Sends bytes in their order; outside a turn each `write` leaves at once."""

    def __init__(self, transport: ITransport) -> None:
        self._transport = transport
        # Past a wrapper (TLS, the PROXY protocol) nothing may be sent: a wrapper
        # passes attributes through, only the class tells it from a socket.
        bare = isinstance(transport, Connection) and not transport.TLS
        self._socket = cast(Connection, transport) if bare else None
        self._gathered: list[bytes] = []
        self._size = 0
        self._in_turn = False

    def begin(self) -> None:
        """A turn begins: gather."""
        self._in_turn = True

    def end(self) -> None:
        """The turn has ended: send what it said."""
        self._in_turn = False
        self.flush()

    def write(self, data: bytes) -> None:
        """Send at the end of the turn, or at once if there is none."""
        self._gathered.append(data)
        self._size += len(data)
        if not self._in_turn or self._size > _MOST_GATHERED:
            self.flush()

    def flush(self) -> None:
        """Send what is gathered."""
        gathered = self._gathered
        if not gathered:
            return
        data = gathered[0] if len(gathered) == 1 else b"".join(gathered)
        gathered.clear()
        self._size = 0
        if self._socket is not None:
            data = _give(self._socket, data)
        if data:
            self._transport.write(data)


def _give(socket: Connection, data: bytes) -> bytes:
    """Give to the kernel what it takes now; return the rest."""
    if socket.dataBuffer or socket._tempDataBuffer or socket.disconnected:
        return data  # behind what waits already
    sent = socket.writeSomeData(data)
    if isinstance(sent, int):
        return data[sent:]
    return data  # `write` meets the same error, where Twisted deals with it
