"""SFTP version 3, the client's side, over one channel of an SSH connection.

Written here rather than taken from paramiko's `SFTPClient`, which forgets what
extensions the server offers and with which code it refused, and waits for each
answer before the next request.  Here requests are queued by `post` and leave
together when an answer is awaited: a small file costs three round trips.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol, TypeVar

from protocols.channels import sftp_packets as packets
from protocols.channels.sftp_errors import LineLost, Refusal, on_the_line
from protocols.channels.sftp_packets import Attributes, Entry

T = TypeVar("T")
BLOCK = 32_000  # with its heads it still fits one SSH packet of 32768 bytes
_FLUSH = 32_600  # likewise: what is queued leaves before it would overflow one
_LARGEST = 1 << 20  # far above any answer that we ask for


class Stream(Protocol):
    """As much of a paramiko channel as a session uses."""

    closed: bool

    def sendall(self, s: bytes) -> object: ...  # noqa: D102
    def recv(self, nbytes: int) -> bytes: ...  # noqa: D102
    def close(self) -> None: ...  # noqa: D102


class Session:
    """One SFTP conversation; for one thread at a time.

    Raises `LineLost` and `Refusal` only.  After a `LineLost` it is of no more
    use; after a `Refusal` it is, once `settle` was called.
    """

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._queued = bytearray()
        self._received = bytearray()
        self._awaited: set[int] = set()
        self._early: dict[int, tuple[int, bytes]] = {}
        self._next = 0
        self._broken = False
        self.answers = 0
        self.extensions = self._greet()

    @property
    def alive(self) -> bool:
        """Whether the line is up, as far as this side has noticed."""
        return not self._broken and not self._stream.closed

    @property
    def clean(self) -> bool:
        """Whether another thread may go on with it: alive, and no answer due."""
        return self.alive and not (self._awaited or self._early or self._queued)

    def post(self, kind: int, *parts: bytes) -> int:
        """Queue a request; return its number, by which its answer is awaited."""
        self._next = (self._next + 1) & 0xFFFFFFFF
        length = sum(map(len, parts))
        if self._queued and len(self._queued) + length > _FLUSH:
            self.flush()
        self._queued += packets.HEAD.pack(length + 5, kind, self._next)
        for part in parts:
            self._queued += part
        self._awaited.add(self._next)
        return self._next

    def flush(self) -> None:
        """Send what is queued."""
        if self._queued:
            queued, self._queued = bytes(self._queued), bytearray()
            with self._line():
                self._stream.sendall(queued)

    def confirm(self, number: int) -> None:
        """Wait until a request has been granted."""
        self._answer(number, (packets.STATUS, packets.EXTENDED_REPLY))

    def handle(self, number: int) -> bytes:
        """Wait for the handle that a request opens."""
        return self._read(packets.text_in, self._answer(number, (packets.HANDLE,)))

    def attributes(self, number: int) -> Attributes:
        """Wait for what is known of a file."""
        body = self._answer(number, (packets.ATTRS,))
        return self._read(packets.attributes_in, body)

    def data(self, number: int) -> bytes:
        """Wait for a block of a file; empty at its end."""
        body = self._answer_or_end(number, packets.DATA)
        return b"" if body is None else self._read(packets.text_in, body)

    def entries(self, number: int) -> list[Entry]:
        """Wait for a part of a folder; empty at its end."""
        body = self._answer_or_end(number, packets.NAME)
        return [] if body is None else self._read(packets.entries_in, body)

    def settle(self) -> None:
        """Wait for every answer due and forget it, so that the line is clean."""
        self.flush()
        while self._awaited:
            self._take_one()
        self._early.clear()

    def close(self) -> None:
        """Give up the channel; quiet if the line is gone."""
        self._broken = True
        try:
            with on_the_line():
                self._stream.close()
        except LineLost:
            return

    def _greet(self) -> Mapping[str, str]:
        with self._line():
            self._stream.sendall(packets.HEAD.pack(5, packets.INIT, 3))
        kind, body = self._packet()
        if kind != packets.VERSION:
            raise self._garbled(f"packet {kind} where its version was due")
        return self._read(lambda found: dict(packets.extensions_in(found[4:])), body)

    def _answer(self, number: int, kinds: tuple[int, ...]) -> bytes:
        self.flush()
        while number not in self._early:
            self._take_one()
        kind, body = self._early.pop(number)
        if kind == packets.STATUS:
            code, words = self._read(packets.status_in, body)
            if code != packets.STATUS_OK:
                raise Refusal(code, words)
        if kind not in kinds:
            raise self._garbled(f"packet {kind} where one of {kinds} was due")
        return body

    def _answer_or_end(self, number: int, kind: int) -> bytes | None:
        try:
            return self._answer(number, (kind,))
        except Refusal as refusal:
            if refusal.code == packets.STATUS_EOF:
                return None
            raise

    def _take_one(self) -> None:
        kind, packet = self._packet()
        number = int.from_bytes(packet[:4])
        if number not in self._awaited:
            raise self._garbled("an answer to a request that was not made")
        self._awaited.discard(number)
        self._early[number] = (kind, packet[4:])
        self.answers += 1

    def _packet(self) -> tuple[int, bytes]:
        self._receive(5)
        length = int.from_bytes(self._received[:4])
        if not 1 <= length <= _LARGEST:
            raise self._garbled(f"a packet of {length} bytes")
        self._receive(4 + length)
        kind = self._received[4]
        packet = bytes(self._received[5 : 4 + length])
        del self._received[: 4 + length]
        return kind, packet

    def _receive(self, wanted: int) -> None:
        if len(self._received) >= wanted:
            return
        with self._line():
            while len(self._received) < wanted:
                block = self._stream.recv(65536)
                if not block:
                    raise EOFError
                self._received += block

    def _read(self, reader: Callable[[bytes], T], body: bytes) -> T:
        try:
            return reader(body)
        except packets.Malformed as error:
            raise self._garbled(f"{error}") from error

    def _garbled(self, what: str) -> LineLost:
        self._broken = True
        return LineLost(f"the payer's side does not speak SFTP 3: it sent {what}")

    @contextmanager
    def _line(self) -> Iterator[None]:
        try:
            with on_the_line():
                yield
        except LineLost:
            self._broken = True
            raise
