"""The line of packets under a connection: sequence numbers, keys, held packets.

Each direction has its own sequence number and keys and changes them by itself.
While keys change, what must not be sent then is held and follows in order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from gateway.intake.ssh_ciphers import Opener, PlainOpener, PlainSealer, Sealer
from gateway.intake.ssh_wire import Malformed

_SEQUENCE_MASK: Final = 0xFFFFFFFF
_MAX_VERSION_LINE: Final = 255  # RFC 4253, 4.2
# RFC 4253, 7.1: these may be sent while keys change, services may not speak.
DURING_EXCHANGE: Final = frozenset((1, 2, 3, 4, 20, 21, *range(30, 50)))


class PacketLine:
    """Both directions of one connection; `moved` counts bytes under these keys."""

    def __init__(self, *, write: Callable[[bytes], None]) -> None:
        self.moved = 0
        self.sequence_in = 0  # of the next packet to come
        self._sequence_out = 0
        self._write = write
        self._buffer = bytearray()
        self._sealer: Sealer = PlainSealer()
        self._opener: Opener = PlainOpener()
        self._held: list[tuple[int, bytes]] | None = None

    @property
    def holding(self) -> bool:
        """Whether messages wait for new keys."""
        return self._held is not None

    def feed(self, data: bytes) -> None:
        """Take bytes off the socket."""
        self.moved += len(data)
        self._buffer += data

    def version_line(self) -> bytes | None:
        """Take the line that begins a connection; None while it is not whole."""
        end = self._buffer.find(b"\n", 0, _MAX_VERSION_LINE)
        if end < 0:
            if len(self._buffer) >= _MAX_VERSION_LINE:
                raise Malformed("no SSH version line")
            return None
        line = bytes(self._buffer[:end]).removesuffix(b"\r")
        del self._buffer[: end + 1]
        return line

    def next(self) -> memoryview | None:
        """Show the next payload, message number first; None while there is none.

        Raises `PacketRefused`.
        """
        if not self._buffer:
            return None
        payload = self._opener.open(self.sequence_in, self._buffer)
        if payload is not None:
            self.sequence_in = (self.sequence_in + 1) & _SEQUENCE_MASK
        return payload

    def send(self, kind: int, payload: bytes) -> None:
        """Seal and write, or hold."""
        if self._held is not None and kind not in DURING_EXCHANGE:
            self._held.append((kind, payload))
        else:
            self.send_now(kind, payload)

    def send_now(self, kind: int, payload: bytes) -> None:
        """Seal and write."""
        packet = self._sealer.seal(self._sequence_out, b"%c%b" % (kind, payload))
        self._sequence_out = (self._sequence_out + 1) & _SEQUENCE_MASK
        self.moved += len(packet)
        self._write(packet)

    def hold(self) -> None:
        """Our KEXINIT is out: hold all but the exchange itself."""
        self._held = []

    def renew_outgoing(self, sealer: Sealer, *, restart: bool) -> None:
        """Our NEWKEYS is out: use the new keys, with `restart` counting from 0."""
        self._sealer = sealer
        self.moved = 0
        if restart:
            self._sequence_out = 0

    def release(self) -> None:
        """Send what was held."""
        held, self._held = self._held or [], None
        for kind, payload in held:
            self.send(kind, payload)

    def renew_incoming(self, opener: Opener, *, restart: bool) -> None:
        """Their NEWKEYS came: use the new keys from the next packet on."""
        self._opener = opener
        if restart:
            self.sequence_in = 0

    def clear(self) -> None:
        """Forget what came and was not taken."""
        self._buffer.clear()
