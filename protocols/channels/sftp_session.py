"""SFTP version 3, the client's side, over one channel of an SSH connection.

Written here rather than taken from paramiko's `SFTPClient`, which forgets what
extensions the server offers and with which code it refused, and waits for each
answer before the next request.  Here several callers share a session, each with
an exchange of its own (`sftp_exchange`), so that one file's answers arrive while
another's blocks leave.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from queue import Empty, SimpleQueue
from typing import Protocol

from protocols.channels import sftp_packets as packets
from protocols.channels.sftp_errors import LineLost, on_the_line

_LARGEST = 1 << 20  # far above any answer that we ask for
_GRANT = 256 << 10  # bytes taken in before the payer's side may send as many more


class Stream(Protocol):
    """As much of an SSH channel as a session uses."""

    def listen(self, take: Callable[[bytes], None], lost: Callable[[], None]) -> None:
        """Call `take` with whatever arrives, `lost` at the end; in any thread."""
        ...

    def sendall(self, data: bytes) -> None:
        """Send it, from one thread at a time."""
        ...

    def room(self) -> int:
        """Tell how much may be sent now without waiting for the other side."""
        ...

    def grant(self, size: int) -> None:
        """Let the other side send so many bytes more."""
        ...

    def close(self) -> None:
        """Close it; quiet if the line is gone."""
        ...


class Asker(Protocol):
    """Who asked, and is told; both are called in the library's thread."""

    def take(self, number: int, answer: tuple[int, bytes], *, wake: bool) -> None:
        """Be given an answer."""
        ...

    def ring(self) -> None:
        """Look again, if you wait."""
        ...


class Sender:
    """Sends for all sessions of a connection: who comes first sends for the rest.

    The library lets one thread send at a time; waking those who wait for that
    costs more than sending for them.
    """

    def __init__(self) -> None:
        self._ready: deque[Session] = deque()
        self._lock = threading.Lock()

    def send(self, session: Session) -> None:
        """Have what is left on a session sent, now or by who is sending now."""
        self._ready.append(session)
        while self._ready and self._lock.acquire(blocking=False):
            try:
                while self._ready:
                    self._ready.popleft().push()
            finally:
                self._lock.release()


class Session:
    """One SFTP conversation, shared by the exchanges on it; thread-safe.

    `patience` is how many seconds may pass without any answer before the line
    counts as lost.  Once lost it is of no more use, to anybody.
    """

    def __init__(self, stream: Stream, sender: Sender, *, patience: float) -> None:
        self._stream = stream
        self._sender = sender
        self._patience = patience
        self._leaving: deque[bytes] = deque()
        self._stuck = False
        self._sending = threading.Lock()
        self._granting = threading.Lock()
        self._numbers = count(1)
        self._owners: dict[int, Asker] = {}
        self._received = bytearray()
        self._taken = self._granted = self._heard = 0
        self._why_lost = ""
        self._greeting: SimpleQueue[tuple[int, bytes] | None] = SimpleQueue()
        self._greeted = False
        stream.listen(self._take, self._ended)
        self.extensions = self._greet()

    @property
    def alive(self) -> bool:
        """Whether the line is up, as far as this side has noticed."""
        return not self._why_lost

    def number(self, owner: Asker) -> int:
        """Give out a number whose answer goes to `owner`."""
        number = next(self._numbers) & 0xFFFFFFFF
        self._owners[number] = owner
        return number

    def send(self, data: bytes) -> None:
        """Have whole requests sent, by whoever sends now; `sleep` tells if it failed.

        Raises `LineLost` if it was lost before.
        """
        self._still_up()
        self._leaving.append(data)
        self._sender.send(self)

    def push(self) -> None:
        """Send what is left, in any caller's thread, if that needs no waiting.

        Else one of its own callers does, in `sleep`.
        """
        if self._sending.acquire(blocking=False):
            try:
                self._send_all(wait=False)
            except LineLost:
                return
            finally:
                self._sending.release()
        self._stuck = bool(self._leaving)
        if self._stuck:
            self._ring_all()

    def sleep(self, bell: SimpleQueue[None]) -> None:
        """Wait until the bell rings; raises `LineLost` if nothing comes any more."""
        self._grant()
        if self._stuck:
            with self._sending:
                self._stuck = False
                self._send_all(wait=True)
        self._still_up()
        heard = self._heard
        try:
            bell.get(timeout=self._patience)
        except Empty:
            if self._heard == heard:
                self._lose("no answer in time")

    def garbled(self, what: object) -> LineLost:
        """Give the line up because of what was sent on it."""
        self._lose(f"the payer's side does not speak SFTP 3: it sent {what}")
        return LineLost(self._why_lost)

    def close(self) -> None:
        """Give up the channel; quiet if the line is gone."""
        self._lose("the session was closed")
        self._stream.close()

    def _greet(self) -> Mapping[str, str]:
        self.send(packets.HEAD.pack(5, packets.INIT, 3))
        try:
            greeting = self._greeting.get(timeout=self._patience)
        except Empty:
            self._lose("no answer in time")
            greeting = None
        if greeting is None:
            raise LineLost(self._why_lost)
        kind, body = greeting
        if kind != packets.VERSION:
            raise self.garbled(f"packet {kind} where its version was due")
        try:
            return dict(packets.extensions_in(body[4:]))
        except packets.Malformed as error:
            raise self.garbled(error) from error

    def _take(self, data: bytes) -> None:
        """Hand answers to those who asked; called in the library's thread."""
        if self._why_lost:
            return
        self._taken += len(data)
        self._received += data
        try:
            for kind, packet in self._packets():
                self._hand_over(kind, packet)
        except packets.Malformed as error:
            self.garbled(error)

    def _packets(self) -> Iterator[tuple[int, bytes]]:
        received, place = self._received, 0
        while len(received) >= place + 5:
            length = int.from_bytes(received[place : place + 4])
            if not 1 <= length <= _LARGEST:
                raise packets.Malformed(f"a packet of {length} bytes")
            end = place + 4 + length
            if len(received) < end:
                break
            yield received[place + 4], bytes(received[place + 5 : end])
            place = end
        del received[:place]

    def _hand_over(self, kind: int, packet: bytes) -> None:
        if not self._greeted:
            self._greeted = True
            self._greeting.put((kind, packet))
            return
        owner = self._owners.pop(int.from_bytes(packet[:4]), None)
        if owner is None:
            raise packets.Malformed("an answer to a request that was not made")
        self._heard += 1
        owner.take(
            int.from_bytes(packet[:4]),
            (kind, packet[4:]),
            wake=self._taken - self._granted >= _GRANT,
        )

    def _send_all(self, *, wait: bool) -> None:
        while self._leaving:
            parts = list(self._leaving)
            whole = b"".join(parts)
            if not wait and self._stream.room() < len(whole):
                return
            for _ in parts:
                self._leaving.popleft()
            try:
                with on_the_line():
                    self._stream.sendall(whole)
            except LineLost as error:
                self._lose(str(error))
                raise

    def _grant(self) -> None:
        if self._taken - self._granted < _GRANT:
            return
        with self._granting:
            more = self._taken - self._granted
            if more >= _GRANT:  # nobody else was faster
                self._granted += more
                with on_the_line():
                    self._stream.grant(more)

    def _ended(self) -> None:
        self._lose("the payer's side closed the line")

    def _lose(self, why: str) -> None:
        """Note the first reason, and wake everybody who waits."""
        self._why_lost = self._why_lost or why
        self._greeting.put(None)
        self._ring_all()

    def _ring_all(self) -> None:
        for owner in list(self._owners.values()):
            owner.ring()

    def _still_up(self) -> None:
        if self._why_lost:
            raise LineLost(self._why_lost)
