"""A part of a stored payload, read as if it were all there is."""

from __future__ import annotations

import io
from typing import Any, BinaryIO


class Slice(io.RawIOBase):
    """The `length` bytes of a stream from `start` on; closes the stream with itself."""

    def __init__(self, stream: BinaryIO, start: int, length: int) -> None:
        super().__init__()
        self._stream = stream
        self._start = start
        self._length = length
        self._at = 0

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def seekable(self) -> bool:
        """Say that it can be read from any place."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place of the part."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._length}
        self._at = max(0, base[whence] + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Read what comes next, to the part's end at most."""
        self._stream.seek(self._start + self._at)
        left = max(0, self._length - self._at)
        data = self._stream.read(min(len(buffer), left))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def close(self) -> None:
        """Close the whole stream."""
        self._stream.close()
        super().close()
