"""Payload bytes on this machine's disk: segments for small ones, files for large.

Small payloads are appended to a segment, so that one fsync serves all that
wait; large ones have a file of their own, written under a temporary name,
fsynced and renamed.  Nothing here is state: a place that no row names is
garbage of a crash, and `octway verify` says so.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from gateway.errors import IntegrityBroken, StorageUnavailable
from gateway.storage import vault

SEGMENTS: Final = "segments"
FILES: Final = "files"
STAGING: Final = "staging"
_MOST_AHEAD: Final = 1 << 20  # bytes that a segment is made longer by at once
_FEW: Final = _MOST_AHEAD // 8  # of more at once the journal's share is small anyway
_CLOCK: Final = ".now"  # touched to learn what time the disk thinks it is


class Place(NamedTuple):
    """Where a sealed payload lies: a name in the storage folder, and an offset."""

    name: str
    offset: int


class LocalStorage:
    """A folder of sealed payloads.

    Where it need not be `durable`, as in a study, what segments take is not fsynced.
    """

    def __init__(
        self, folder: Path, *, node: str, segment_size: int, durable: bool = True
    ) -> None:
        self.folder = folder
        self._node = node
        self._segment_size = segment_size
        self._durable = durable
        self._lock = threading.Lock()
        self._segment: BinaryIO | None = None
        self._segment_name = ""
        self._end = 0  # of what was appended to the segment
        self._room = 0  # up to where it is on disk already, as zeros behind the end
        for name in (SEGMENTS, FILES, STAGING):
            (folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)

    def append(self, sealed: Sequence[bytes]) -> list[Place]:
        """Append sealed payloads to the segment; durable when this returns.

        Where they are few, the file is made longer than needed now and then: bytes
        put where it is on disk already are durable sooner than those of a file that
        grows, which takes the file system's journal with it.

        Raises `StorageUnavailable` when the disk cannot take them.
        """
        if not sealed:
            return []
        with self._lock, unavailable("take the file"):
            segment = self._open_segment()
            places = []
            end = self._end
            for piece in sealed:
                places.append(Place(self._segment_name, end))
                end += len(piece)
            ahead = b""
            few = end - self._end <= _FEW
            if self._durable and few and end > self._room:
                ahead = bytes(min(self._end, _MOST_AHEAD))
            try:
                os.lseek(segment.fileno(), self._end, os.SEEK_SET)
                write_all(segment.fileno(), b"".join((*sealed, ahead)))
                if self._durable:
                    os.fdatasync(segment.fileno())
            except OSError:
                # What was written in part belongs to nobody; begin a fresh one.
                self._end_segment(segment)
                raise
            self._end, self._room = end, max(self._room, end + len(ahead))
            return places

    def staging(self, name: str) -> Path:
        """Name a file for a payload that is still coming in."""
        return self.folder / STAGING / name

    def publish(self, name: str) -> Place:
        """Give a finished staging file its place; durable when this returns.

        The caller has fsynced the file itself.
        """
        target = self.folder / FILES / name[-2:]
        with unavailable("take the file"):
            target.mkdir(exist_ok=True, mode=0o700)
            os.rename(self.staging(name), target / name)
            sync_folder(target)
            sync_folder(target.parent)
        return Place(f"{FILES}/{name[-2:]}/{name}", 0)

    def remove(self, name: str) -> None:
        """Remove a large payload's file that no row will ever name."""
        (self.folder / FILES / name[-2:] / name).unlink(missing_ok=True)

    def remove_place(self, name: str, *, quiet: float) -> int | None:
        """Remove a file of which no row names anything that is kept; return its size.

        None while a node still appends to it, or did within `quiet` seconds: what it
        appended last may have no row yet.  One that is gone already has no size.
        """
        path = self.folder / name
        with unavailable("remove a file"):
            try:
                file = path.open("rb")
            except FileNotFoundError:
                return 0
            with file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return None
                found = os.fstat(file.fileno())
                if quiet and self._disk_time() - found.st_mtime < quiet:
                    return None
                path.unlink(missing_ok=True)
                sync_folder(path.parent)
                return found.st_size

    def read_at(self, place: Place, offset: int, length: int) -> bytes:
        """Read sealed bytes; shorter than asked only where the file ends.

        Raises `IntegrityBroken` when the file is gone.
        """
        with unavailable("read a stored file"):
            try:
                with (self.folder / place.name).open("rb", buffering=0) as file:
                    return os.pread(file.fileno(), length, place.offset + offset)
            except FileNotFoundError:
                raise IntegrityBroken(
                    f"storage file {place.name} is gone; restore the storage folder "
                    "from a backup"
                ) from None

    def open(
        self, payload: str, key: bytes, place: Place, size: int
    ) -> vault.SealedStream:
        """Open a sealed payload for reading its plain bytes."""
        return vault.SealedStream(
            payload,
            key,
            size,
            lambda offset, length: self.read_at(place, offset, length),
        )

    def free_bytes(self) -> int:
        """How many bytes the disk can still take."""
        return shutil.disk_usage(self.folder).free

    def files(self) -> Iterator[tuple[str, int]]:
        """Name every file of segments and large payloads, with its size."""
        for top in (SEGMENTS, FILES):
            for path in sorted((self.folder / top).rglob("*")):
                if path.is_file():
                    yield str(path.relative_to(self.folder)), path.stat().st_size

    def forget_staging(self, keep: set[str], *, older_than: float) -> int:
        """Remove staging files that no upload owns; count them.

        Those changed within `older_than` seconds stay: an upload under way has
        a file and no row yet.  At a start nothing is under way, so give 0.
        """
        newest = 0.0
        strays = []
        for path in (self.folder / STAGING).iterdir():
            if path.name != _CLOCK and path.name.split(".")[0] not in keep:
                changed = path.stat().st_mtime
                newest = max(newest, changed)
                strays.append((path, changed))
        now = self._disk_time() if older_than else newest
        gone = [path for path, changed in strays if now - changed >= older_than]
        for path in gone:
            path.unlink(missing_ok=True)
        return len(gone)

    def _disk_time(self) -> float:
        """Ask the disk what time it is, for comparing with times of its files."""
        probe = self.folder / STAGING / _CLOCK
        probe.touch()
        return probe.stat().st_mtime

    def close(self) -> None:
        """Close the segment."""
        with self._lock:
            if self._segment is not None:
                self._end_segment(self._segment)

    def _end_segment(self, segment: BinaryIO) -> None:
        """Close the segment, without the room that it has left."""
        with suppress(OSError):  # of a disk that fails: the zeros do no harm
            segment.truncate(self._end)
        segment.close()
        self._segment = None

    def _open_segment(self) -> BinaryIO:
        if self._segment is not None and self._end >= self._segment_size:
            self._end_segment(self._segment)
        if self._segment is None:
            segment, path = self._new_segment()
            self._segment_name = str(path.relative_to(self.folder))
            try:
                sync_folder(path.parent)
            except OSError:
                segment.close()
                raise
            self._segment = segment
            self._end = self._room = 0
        return self._segment

    def _new_segment(self) -> tuple[BinaryIO, Path]:
        """Make a segment and lock it, so that it is not removed while it is in use."""
        number = 1
        while True:
            path = self.folder / self._name(number)
            number += 1
            try:
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:
                continue
            segment = os.fdopen(descriptor, "wb", buffering=0)
            try:
                fcntl.flock(segment, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.path.samestat(os.fstat(segment.fileno()), path.stat()):
                    return segment, path
            except (BlockingIOError, FileNotFoundError):
                pass  # a purge took it for what stood under that name before
            except OSError:
                segment.close()
                raise
            segment.close()

    def _name(self, number: int) -> str:
        return f"{SEGMENTS}/{self._node}-{number:06}.seg"


@contextmanager
def unavailable(doing: str) -> Iterator[None]:
    """Say an error of the disk in words."""
    try:
        yield
    except OSError as error:
        raise StorageUnavailable(
            f"storage cannot {doing} now ({error.strerror}); nothing was accepted, "
            "try again later"
        ) from error


def write_all(descriptor: int, data: bytes) -> None:
    """Write every byte: one call may take only a part, as on a disk nearly full."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def sync_folder(folder: Path) -> None:
    """Make renames and new names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
