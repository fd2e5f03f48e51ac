"""One caller's requests on a session that others use too, and their answers.

Requests are queued by `post` and leave together when an answer is awaited, so a
small file costs three round trips; and the caller is woken only by the answer
that it waits for, not by those before it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from queue import SimpleQueue
from typing import TypeVar

from protocols.channels import sftp_packets as packets
from protocols.channels.sftp_errors import Refusal
from protocols.channels.sftp_packets import Attributes, Entry
from protocols.channels.sftp_session import Session

T = TypeVar("T")
BLOCK = 32_000  # with its heads it still fits one SSH packet of 32768 bytes
_FLUSH = 32_600  # likewise: what is queued leaves before it would overflow one


class Exchange:
    """What one caller asks of a session, and is answered; for one thread.

    Raises `LineLost` and `Refusal` only.  `heard` says whether it was ever
    answered.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self._queued = bytearray()
        self._due: set[int] = set()
        self._early: dict[int, tuple[int, bytes]] = {}
        self._awaited = 0
        self._bell: SimpleQueue[None] = SimpleQueue()
        self.heard = False

    @property
    def extensions(self) -> Mapping[str, str]:
        """What the server offers beyond version 3."""
        return self.session.extensions

    def post(self, kind: int, *parts: bytes) -> int:
        """Queue a request; return its number, by which its answer is awaited."""
        number = self.session.number(self)
        length = sum(map(len, parts))
        if self._queued and len(self._queued) + length > _FLUSH:
            self.flush()
        self._queued += packets.HEAD.pack(length + 5, kind, number)
        for part in parts:
            self._queued += part
        self._due.add(number)
        return number

    def flush(self) -> None:
        """Send what is queued."""
        if self._queued:
            queued, self._queued = bytes(self._queued), bytearray()
            self.session.send(queued)

    def wait(self, number: int) -> None:
        """Wait until a request has been answered, with yes or no."""
        self.flush()
        self._awaited = number
        while number not in self._early:
            self.session.sleep(self._bell)

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
        """Wait for every answer due and forget it."""
        for number in sorted(self._due, reverse=True):
            self.wait(number)
            self._early.pop(number)
        self._due.clear()

    def take(self, number: int, answer: tuple[int, bytes], *, wake: bool) -> None:
        """Keep an answer for its caller; called in the library's thread."""
        self.heard = True
        self._early[number] = answer
        if wake or number == self._awaited:
            self.ring()

    def ring(self) -> None:
        """Have the caller look again, if it waits."""
        self._bell.put(None)

    def _answer(self, number: int, kinds: tuple[int, ...]) -> bytes:
        self.wait(number)
        self._due.discard(number)
        kind, body = self._early.pop(number)
        if kind == packets.STATUS:
            code, words = self._read(packets.status_in, body)
            if code != packets.STATUS_OK:
                raise Refusal(code, words)
        if kind not in kinds:
            raise self.session.garbled(f"packet {kind} where one of {kinds} was due")
        return body

    def _answer_or_end(self, number: int, kind: int) -> bytes | None:
        try:
            return self._answer(number, (kind,))
        except Refusal as refusal:
            if refusal.code == packets.STATUS_EOF:
                return None
            raise

    def _read(self, reader: Callable[[bytes], T], body: bytes) -> T:
        try:
            return reader(body)
        except packets.Malformed as error:
            raise self.session.garbled(error) from error
