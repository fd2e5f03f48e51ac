"""Files being read by their client: returns, receipts, own deposits."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import BinaryIO

from twisted.internet.defer import Deferred, succeed

from gateway.intake.interface import Download
from gateway.intake.reception import RunInThread


class InMemory:
    """A small text that is there already."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.size = len(content)

    def read(self, offset: int, length: int) -> Deferred[bytes]:
        """Give a part of it."""
        return succeed(self._content[offset : offset + length])

    def close(self, *, whole: bool) -> Deferred[None]:
        """Nothing to end."""
        return succeed(None)


class Payload:
    """A stored payload, opened and decrypted in a thread, part by part."""

    def __init__(self, stream: BinaryIO, size: int, run: RunInThread) -> None:
        self._stream = stream
        self.size = size
        self._run = run
        self._lock = threading.Lock()  # clients have several reads under way

    def read(self, offset: int, length: int) -> Deferred[bytes]:
        """Give a part of it."""
        return self._run(lambda: self._read(offset, length))

    def close(self, *, whole: bool) -> Deferred[None]:
        """Close the stream."""
        return self._run(self._close)

    def _read(self, offset: int, length: int) -> bytes:
        with self._lock:
            self._stream.seek(offset)
            return self._stream.read(length)

    def _close(self) -> None:
        with self._lock:
            self._stream.close()


class Fetched:
    """A download that says when its last byte has been handed out and closed."""

    def __init__(self, inner: Download, fetched: Callable[[], Deferred[None]]) -> None:
        self._inner = inner
        self._fetched = fetched
        self.size = inner.size

    def read(self, offset: int, length: int) -> Deferred[bytes]:
        """Give a part of it."""
        return self._inner.read(offset, length)

    def close(self, *, whole: bool) -> Deferred[None]:
        """End it; a whole one is journaled as fetched."""
        return Deferred.fromCoroutine(self._close(whole))

    async def _close(self, whole: bool) -> None:
        await self._inner.close(whole=whole)
        if whole:
            await self._fetched()
