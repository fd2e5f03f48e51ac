"""What a client has open: uploads, downloads, folders.

An upload becomes a deposit in one way only: the client closes it and no write of
it has failed.  Writes may overtake each other (rclone sends several at a time), so
those that are early wait for the gap before them to be filled.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import Final

from twisted.internet.defer import Deferred, succeed

from gateway.errors import BadUpload
from gateway.intake.interface import Download, Entry, Stored, Upload
from gateway.intake.sftp_order import answered_first

# rclone has 64 writes of 32 KiB on their way at once; four times that is generous.
_MOST_EARLY: Final = 8 * 1024 * 1024


class UploadHandle:
    """One file on its way in."""

    def __init__(self, *, path: str, upload: Upload, append: bool) -> None:
        self.path = path
        self.upload = upload
        self.broken: Exception | None = None
        self._append = append
        self._early: list[tuple[int, int, bytes]] = []
        self._early_size = 0
        self._arrivals = 0

    def write(self, offset: int, data: bytes) -> None:
        """Take bytes, also some that are early.

        Raises what the upload raised, now and for every later write: from then
        on the file is broken and will not be closed as whole.
        """
        if self.broken is not None:
            raise self.broken
        try:
            self._write(offset, data)
        except Exception as error:
            self.broken = error
            raise

    def give_up_early(self) -> None:
        """Forget writes whose gap was never filled: the file is broken then."""
        if self._early and self.broken is None:
            self.broken = BadUpload(
                f"{self.path}: bytes from {self.upload.size} on never came"
            )
        self._early.clear()
        self._early_size = 0

    def close(self) -> Deferred[Stored]:
        """Take the file as whole; for a broken one that is refused."""
        if self.broken is not None:
            self.upload.abandon()
            raise self.broken
        return self.upload.close()

    def abandon(self) -> None:
        """The line was cut."""
        self._early.clear()
        self.upload.abandon()

    def _write(self, offset: int, data: bytes) -> None:
        upload = self.upload
        if self._append:
            offset = upload.size
        if offset > upload.size:
            self._early_size += len(data)
            if self._early_size > _MOST_EARLY:
                raise BadUpload(f"{self.path}: bytes from {upload.size} on are missing")
            self._arrivals += 1
            # Answered at once: a client that waits for each answer must go on.
            heapq.heappush(self._early, (offset, self._arrivals, data))
            return
        upload.write(offset, data)
        while self._early and self._early[0][0] <= upload.size:
            offset, _, data = heapq.heappop(self._early)
            upload.write(offset, data)
            self._early_size -= len(data)


class DownloadHandle:
    """One file on its way out."""

    def __init__(self, *, path: str, download: Download) -> None:
        self.path = path
        self.download = download
        self._whole = False
        self._reading = 0
        self._idle: Deferred[None] | None = None

    def read(self, offset: int, length: int) -> Deferred[bytes]:
        """Read; several reads may be under way."""
        self._reading += 1
        reading = self.download.read(offset, length)
        return answered_first(reading.addCallback(self._read, offset), self._ended)

    def close(self) -> Deferred[None]:
        """End the reading, after the reads under way."""
        idle: Deferred[None] = succeed(None)
        if self._reading:
            idle = self._idle = Deferred()
        return idle.addCallback(lambda _: self.download.close(whole=self._whole))

    def abandon(self) -> None:
        """The line was cut: what the client got of it nobody knows."""
        self.download.close(whole=False).addErrback(lambda _: None)

    def _read(self, data: bytes, offset: int) -> bytes:
        size = self.download.size
        if (data or not size) and offset + len(data) >= size:
            self._whole = True
        return data

    def _ended(self) -> None:
        self._reading -= 1
        if not self._reading and self._idle is not None:
            self._idle.callback(None)


class FolderHandle:
    """One listing, handed out in pieces."""

    def __init__(self, *, path: str, entries: Sequence[Entry]) -> None:
        self.path = path
        self._entries = entries
        self._at = 0

    def next(self, count: int) -> list[Entry]:
        """Give up to `count` more entries; none at the end."""
        piece = list(self._entries[self._at : self._at + count])
        self._at += len(piece)
        return piece

    def abandon(self) -> None:
        """Nothing is held."""


Handle = UploadHandle | DownloadHandle | FolderHandle
