"""Between the SSH library and our sessions: fewer copies, calls and wake-ups.

The library reads a packet's head and body from the socket one after the other,
and wakes a waiting thread for every packet.  Here the socket is read ahead, and
what arrives on a channel is looked at in the library's own thread, which wakes
a caller only when the answer that it waits for is there.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress

from paramiko import Channel
from paramiko.buffered_pipe import BufferedPipe

from protocols.channels.sftp_errors import LineLost, on_the_line

_AHEAD = 64 << 10
_QUICKACK: int | None = getattr(socket, "TCP_QUICKACK", None)  # Linux has it


class ReadAhead(socket.socket):
    """A connected socket, taken over from another, that asks for much at once.

    While `prompt`, arrivals are acknowledged at once: a server may hold its next
    small packet back until then (Nagle), and ours may wait 40 ms for company.
    """

    def __init__(self, line: socket.socket) -> None:
        super().__init__(line.family, line.type, line.proto, fileno=line.detach())
        self.prompt = True
        self._ahead = b""
        self._place = 0

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Return some of what has arrived, at most `size` bytes; empty at the end."""
        if self._place == len(self._ahead):
            if self.prompt and _QUICKACK is not None:
                self.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)
            self._ahead, self._place = super().recv(_AHEAD, flags), 0
        found = self._ahead[self._place : self._place + size]
        self._place += len(found)
        return found


class _Tap(BufferedPipe):  # type: ignore[type-arg]  # generic in the stubs only
    """A channel's buffer that tells what comes into it."""

    def __init__(self, take: Callable[[bytes], None], lost: Callable[[], None]) -> None:
        super().__init__()
        self._tell = take
        self._tell_end = lost

    def feed(self, data: bytes) -> None:
        super().feed(data)
        self._tell(data)

    def close(self) -> None:
        super().close()
        self._tell_end()


class ChannelStream:
    """A channel on which nothing was said yet, as a session uses it."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def listen(self, take: Callable[[bytes], None], lost: Callable[[], None]) -> None:
        """Call `take` with whatever arrives, `lost` at the end."""
        self._channel.in_buffer = _Tap(take, lost)
        if self._channel.closed:
            lost()

    def sendall(self, data: bytes) -> None:
        """Send it; one thread at a time."""
        self._channel.sendall(data)

    def room(self) -> int:
        """Tell how much may be sent now without waiting for the other side."""
        return self._channel.out_window_size

    def grant(self, size: int) -> None:
        """Empty the buffer of bytes that were taken: the library then grants more."""
        self._channel.recv(size)

    def close(self) -> None:
        """Close it; quiet if the line is gone."""
        with suppress(LineLost), on_the_line():
            self._channel.close()
