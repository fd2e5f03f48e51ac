"""Hands files to a partner on the same machine, or behind a mounted folder.

The same promise as over a line: a temporary name first, the bytes on the disk,
the size seen, then the final name, and the folder itself on the disk.  A folder
that is not there counts as a partner out of reach: a share may come back.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from attrs import frozen

from config.errors import ConfigErrors, Mistake
from config.reader import Table
from protocols.channels.interface import Arrival, Channel, RemoteFile, Sent
from protocols.channels.naming import WORKING_NAMES, checked_name, is_whole
from protocols.errors import (
    OutcomeUnknown,
    PayerRefused,
    PayerUnavailable,
    TransferError,
)

_BLOCK = 1 << 20
_AWAY = frozenset(
    {errno.ENOENT, errno.ENOTCONN, errno.ESTALE, errno.EIO, errno.ETIMEDOUT}
    | {errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENODEV, errno.EAGAIN, errno.EINTR}
)


@frozen(kw_only=True)
class FolderSettings:
    """Where files are put, and where the partner's wait."""

    send_folder: Path
    collect_folder: Path
    temporary_suffix: str
    skip: tuple[str, ...]
    keeps_files: bool


def open_channel(settings: Mapping[str, object]) -> Channel:
    """Build a channel from an endpoint's settings; raises `ConfigErrors`.

    The folders are looked at when they are used, not here.
    """
    mistakes: list[Mistake] = []
    table = Table(settings, mistakes, file="folder endpoint")
    suffix = table.get("temporary_suffix", str, ".tmp")
    if not suffix.strip(".") or "/" in suffix:
        table.wrong("temporary_suffix", f"is {suffix!r}; wanted one such as '.tmp'")
    read = FolderSettings(
        send_folder=Path(table.get("send_folder", str)),
        collect_folder=Path(table.get("collect_folder", str)),
        temporary_suffix=suffix,
        skip=(*table.texts("skip", WORKING_NAMES), f"*{suffix}"),
        keeps_files=table.get("keeps_files", bool, False),
    )
    table.done()
    if mistakes:
        raise ConfigErrors(mistakes)
    return FolderChannel(read)


class FolderChannel:
    """Two folders of one partner.  Thread-safe; holds nothing open between calls."""

    def __init__(self, settings: FolderSettings) -> None:
        self._settings = settings

    def send(self, name: str, size: int, body: BinaryIO) -> Sent:
        """Put a file there under a temporary name, verify its size, rename it.

        Errors of `body` itself come through as they are, with nothing left.
        """
        final, temporary = self._places(name)
        first = body.read(_BLOCK)
        with _translate(f"sending {final}"):
            file = temporary.open("wb")
        try:
            _write(first, body, file, final, size)
            with _translate(f"renaming {final}", in_doubt=True):
                temporary.replace(final)
                _sync_folder(final.parent)
        except OutcomeUnknown:
            raise
        except BaseException:
            with suppress(OSError):
                file.close()
            with suppress(OSError):
                temporary.unlink()
            raise
        return Sent(reference=str(final), note=f"{size} bytes on the disk, renamed")

    def ask(self, name: str, size: int) -> Arrival:
        """Look whether a file has arrived; finish or remove what was begun."""
        final, temporary = self._places(name)
        with _translate(f"asking for {final}"):
            self._settings.send_folder.stat()
            there, begun = _size(final), _size(temporary)
            if there is not None:
                return Arrival.ARRIVED if there == size else Arrival.UNCLEAR
            if begun is None:
                kept = self._settings.keeps_files
                return Arrival.ABSENT if kept else Arrival.UNCLEAR
            if begun != size:
                temporary.unlink(missing_ok=True)
                return Arrival.ABSENT
            temporary.replace(final)
            _sync_folder(final.parent)
        return Arrival.ARRIVED

    def list(self) -> Sequence[RemoteFile]:
        """List every whole file of the partner's folder, by name."""
        folder = self._settings.collect_folder
        found = []
        with _translate(f"listing {folder}"), os.scandir(folder) as entries:
            for entry in entries:
                if is_whole(entry.name, self._settings.skip) and entry.is_file(
                    follow_symlinks=False
                ):
                    seen = entry.stat(follow_symlinks=False)
                    found.append(RemoteFile(entry.name, seen.st_size, seen.st_mtime))
        return sorted(found)

    def fetch(self, file: RemoteFile, into: BinaryIO) -> int:
        """Copy a file; raise if its size is not the one listed."""
        path = self._settings.collect_folder / checked_name(file.name)
        with _translate(f"fetching {path}"):
            source = path.open("rb")
        with source:
            with _translate(f"fetching {path}"):
                found = os.fstat(source.fileno()).st_size
            if found == file.size:
                shutil.copyfileobj(source, into, _BLOCK)
                found = source.tell()
        if found != file.size:
            raise PayerUnavailable(
                f"fetching {path}: it has {found} bytes now and had {file.size} when"
                " listed: still being written, or replaced; it will be listed again"
            )
        return found

    def remove(self, file: RemoteFile) -> None:
        """Confirm a fetched file by removing it; silent if it is gone.

        A file that was replaced since is left there: raises `PayerUnavailable`.
        """
        path = self._settings.collect_folder / checked_name(file.name)
        with _translate(f"removing {path}"):
            found = _size(path)
            if found == file.size:
                path.unlink(missing_ok=True)
        if found not in (None, file.size):
            raise PayerUnavailable(
                f"removing {path}: it has {found} bytes and had {file.size} when"
                " fetched: replaced since, so it stays"
            )

    def check(self) -> str:
        """Look at both folders; return words for people, or raise."""
        settings = self._settings
        for folder in (settings.send_folder, settings.collect_folder):
            with _translate(f"checking {folder}"):
                mode = folder.stat().st_mode
            if not stat.S_ISDIR(mode):
                raise PayerRefused(f"checking {folder}: is no folder; wanted one")
        return f"{settings.send_folder} and {settings.collect_folder} are there"

    def close(self) -> None:
        """Nothing is held open."""

    def _places(self, name: str) -> tuple[Path, Path]:
        final = self._settings.send_folder / checked_name(name)
        return final, final.with_name(final.name + self._settings.temporary_suffix)


def _write(
    first: bytes, body: BinaryIO, file: BinaryIO, final: Path, size: int
) -> None:
    """Write all to the disk; errors of `body` are not called the partner's."""
    written, block = 0, first
    while block:
        with _translate(f"sending {final}"):
            file.write(block)
        written += len(block)
        block = body.read(_BLOCK)
    if written != size:
        raise TransferError(
            f"sending {final}: the file to send has {written} bytes in place of"
            f" {size}; nothing was handed over: verify the stored payload"
        )
    with _translate(f"sending {final}"):
        file.flush()
        os.fsync(file.fileno())
        found = os.fstat(file.fileno()).st_size
        file.close()
    if found != size:
        raise PayerUnavailable(
            f"sending {final}: {found} bytes of {size} are there after writing;"
            " nothing was handed over, it may be tried again"
        )


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


@contextmanager
def _translate(doing: str, *, in_doubt: bool = False) -> Iterator[None]:
    """Raise a `TransferError` for an error of the partner's folder.

    `in_doubt` says that the partner may already hold the file.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _AWAY and in_doubt:
            raise OutcomeUnknown(
                f"{doing}: no sure answer: {error.strerror}; ask before sending again"
            ) from error
        if error.errno in _AWAY:
            raise PayerUnavailable(
                f"{doing}: {error.strerror}; nothing was handed over, it may be tried"
                " again: is the folder mounted?"
            ) from error
        raise PayerRefused(
            f"{doing}: {error.strerror}; wanted a folder that we may use: see with"
            " the partner"
        ) from error
