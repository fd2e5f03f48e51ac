"""The mailbox between the gateway and one payer of a study, in memory.

All that either side ever learns of the other goes through it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import BinaryIO

from gateway.clock import Now
from protocols.channels.interface import Arrival, RemoteFile, Sent


class Mailbox:
    """A `protocols.channels.interface.Channel`, and its payer's way to put files into it.

    `take` is called with the name and the content of each file that comes.
    """

    def __init__(self, now: Now, take: Callable[[str, bytes], None]) -> None:
        self._now = now
        self._take = take
        self._arrived: dict[str, int] = {}
        self._outbox: dict[str, tuple[RemoteFile, bytes]] = {}

    def put(self, name: str, content: bytes) -> None:
        """Put a return into the outbox."""
        file = RemoteFile(name=name, size=len(content), modified=self._now())
        self._outbox[name] = (file, content)

    def send(self, name: str, size: int, body: BinaryIO) -> Sent:
        """Take a file."""
        self._arrived[name] = size
        self._take(name, body.read())
        return Sent(reference=name, note=f"{size} bytes taken")

    def ask(self, name: str, size: int) -> Arrival:
        """Say whether a file has come whole."""
        there = self._arrived.get(name) == size
        return Arrival.ARRIVED if there else Arrival.ABSENT

    def list(self) -> Sequence[RemoteFile]:
        """List the outbox."""
        return [file for file, _ in self._outbox.values()]

    def fetch(self, file: RemoteFile, into: BinaryIO) -> int:
        """Copy a file of the outbox."""
        _, content = self._outbox[file.name]
        into.write(content)
        return len(content)

    def remove(self, file: RemoteFile) -> None:
        """Forget a file that was fetched."""
        self._outbox.pop(file.name, None)

    def check(self) -> str:
        """Say that it is there."""
        return "a mailbox of the study, in memory"

    def close(self) -> None:
        """Do nothing: there is no connection."""
