"""An opened file of a simulated payer, which may be cut at any byte."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol, TypeVar

from twisted.conch.interfaces import ISFTPFile
from twisted.conch.ssh.filetransfer import (
    FX_FAILURE,
    FXF_CREAT,
    FXF_EXCL,
    FXF_READ,
    FXF_TRUNC,
    FXF_WRITE,
    SFTPError,
)
from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from gateway.simulator.payer_faults import Faults

T = TypeVar("T")


class Owner(Protocol):
    """As much of a `PayerFolder` as its files use."""

    @property
    def faults(self) -> Faults:
        """What goes wrong now."""
        ...

    @property
    def line_is_up(self) -> bool:
        """Whether there is somebody to answer."""
        ...

    def in_turn(self, act: Callable[[], T]) -> Deferred[T]:
        """Do `act` after all that was asked before."""
        ...

    def cut(self) -> None:
        """Cut the line."""
        ...

    def refuse_if_read_only(self) -> None:
        """Refuse a change while dialled read-only."""
        ...

    def settled(self, path: Path) -> None:
        """Tell that a file is whole."""
        ...


@implementer(ISFTPFile)
class PayerFile:
    """An opened file of an account."""

    def __init__(self, session: Owner, path: Path, flags: int) -> None:
        if flags & FXF_WRITE:
            session.refuse_if_read_only()
        if path.is_dir():
            raise SFTPError(FX_FAILURE, "that is a folder")
        self._session = session
        self._path = path
        self._writing = bool(flags & FXF_WRITE)
        self._moved = 0
        self._open = True
        self._file = os.open(path, _mode(flags), 0o640)

    def readChunk(self, offset: int, length: int) -> Deferred[bytes]:
        """Give a block, unless the line is dialled to be cut by now."""

        def read() -> bytes:
            allowed = self._allowed(length)
            block = os.pread(self._file, min(length, allowed), offset)
            if allowed < length and len(block) == allowed:
                self._session.cut()
            self._moved += len(block)
            return block

        return self._session.in_turn(read)

    def writeChunk(self, offset: int, data: bytes) -> Deferred[None]:
        """Take a block, or as much of it as comes before the cut."""

        def write() -> None:
            if self._session.faults.disk_full:
                raise SFTPError(FX_FAILURE, "no space left on device")
            allowed = self._allowed(len(data))
            os.pwrite(self._file, data[:allowed], offset)
            self._moved += len(data)
            if allowed < len(data):
                self._session.cut()

        return self._session.in_turn(write)

    def sync(self) -> Deferred[None]:
        """Put it on the disk."""
        return self._session.in_turn(lambda: os.fsync(self._file))

    def close(self) -> Deferred[None]:
        """Close it; Conch calls this for a lost line as well."""
        if not self._session.line_is_up:
            self._shut()
            return succeed(None)

        def close() -> None:
            self._shut()
            if self._writing:
                self._session.settled(self._path)

        return self._session.in_turn(close)

    def getAttrs(self) -> Deferred[dict[str, int]]:
        """Tell what is known of it."""
        return self._session.in_turn(lambda: attributes(os.fstat(self._file)))

    def setAttrs(self, attrs: Mapping[str, int]) -> None:
        """Accept and ignore."""

    def _allowed(self, length: int) -> int:
        limit = self._session.faults.drop_after_bytes
        return length if limit is None else max(0, min(length, limit - self._moved))

    def _shut(self) -> None:
        if self._open:
            self._open = False
            os.close(self._file)


def attributes(seen: os.stat_result) -> dict[str, int]:
    """Tell a file's attributes as Conch packs them."""
    return {
        "size": seen.st_size,
        "permissions": seen.st_mode,
        "atime": int(seen.st_atime),
        "mtime": int(seen.st_mtime),
        "uid": seen.st_uid,
        "gid": seen.st_gid,
    }


def _mode(flags: int) -> int:
    reading, writing = bool(flags & FXF_READ), bool(flags & FXF_WRITE)
    mode = os.O_RDWR if reading and writing else os.O_WRONLY if writing else os.O_RDONLY
    for flag, meaning in (
        (FXF_CREAT, os.O_CREAT),
        (FXF_TRUNC, os.O_TRUNC),
        (FXF_EXCL, os.O_EXCL),
    ):
        if flags & flag:
            mode |= meaning
    return mode
