"""A simulated payer's account as its SFTP server shows it: one plain folder.

Requests of one session are done one after the other, in order, also when the
payer is dialled slow; a request that cuts the line is never answered.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import TypeVar

from attrs import define, field
from twisted.conch.interfaces import ISFTPServer
from twisted.conch.ls import lsLine
from twisted.conch.ssh.filetransfer import (
    FX_FAILURE,
    FX_OP_UNSUPPORTED,
    FX_PERMISSION_DENIED,
    SFTPError,
)
from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from zope.interface import implementer

from gateway.simulator.payer_faults import Faults
from gateway.simulator.payer_file import PayerFile, attributes

T = TypeVar("T")
INBOX = "in"
OUTBOX = "out"
_WORKING_SUFFIXES = (".tmp", ".part", ".partial", ".filepart")


@define(eq=False, kw_only=True)
class Account:
    """One simulated payer: who may log in, its folder and its present faults."""

    user: str
    folder: Path
    passwords: list[str] = field(factory=list, repr=False)
    keys: list[bytes] = field(factory=list)
    faults: Faults = field(factory=Faults)


@implementer(ISFTPServer)
class PayerFolder:
    """One session on an account.  `drop` cuts its line, `arrived` takes a name."""

    avatar = None  # asked for by Conch's interface and used by nobody

    def __init__(
        self,
        *,
        account: Account,
        clock: IReactorTime,
        drop: Callable[[], None],
        arrived: Callable[[str, str], None],
    ) -> None:
        self.account = account
        self._clock = clock
        self._drop = drop
        self._arrived = arrived
        self._turn = DeferredLock()
        self._lost = False

    @property
    def line_is_up(self) -> bool:
        """Whether there is somebody to answer."""
        return not self._lost

    @property
    def faults(self) -> Faults:
        """What goes wrong now."""
        return self.account.faults

    def in_turn(self, act: Callable[[], T]) -> Deferred[T]:
        """Do `act` after all that was asked before; unanswered once cut."""
        return self._turn.run(lambda: Deferred.fromCoroutine(self._do(act)))

    def cut(self) -> None:
        """Cut the line; nothing is answered any more."""
        self._lost = True
        self._drop()

    def line_lost(self) -> None:
        """Answer nothing any more: the other side is gone."""
        self._lost = True

    def refuse_if_read_only(self) -> None:
        """Refuse a change while the account is dialled read-only."""
        if self.faults.read_only:
            raise SFTPError(FX_PERMISSION_DENIED, "this account may not write")

    def settled(self, path: Path) -> None:
        """Tell that a file is whole, if it is one of the inbox under a final name."""
        if path.parent == self.account.folder / INBOX and not path.name.endswith(
            _WORKING_SUFFIXES
        ):
            self._arrived(self.account.user, path.name)

    def gotVersion(  # noqa: D102  # Conch's name and meaning
        self,
        otherVersion: int,
        extData: Mapping[bytes, bytes],
    ) -> dict[bytes, bytes]:
        return {b"posix-rename@openssh.com": b"1", b"fsync@openssh.com": b"1"}

    def openFile(  # noqa: D102
        self, filename: bytes, flags: int, attrs: Mapping[str, int]
    ) -> Deferred[PayerFile]:
        return self.in_turn(lambda: PayerFile(self, self._at(filename), flags))

    def removeFile(self, filename: bytes) -> Deferred[None]:  # noqa: D102
        def remove() -> None:
            self.refuse_if_read_only()
            self._at(filename).unlink()

        return self.in_turn(remove)

    def renameFile(  # noqa: D102
        self, oldpath: bytes, newpath: bytes, *, replace: bool = False
    ) -> Deferred[None]:
        def rename() -> None:
            self.refuse_if_read_only()
            if self.faults.drop_before_rename:
                self.cut()
                return
            old, new = self._at(oldpath), self._at(newpath)
            if new.exists() and not replace:
                raise SFTPError(FX_FAILURE, "a file of that name is there")
            old.replace(new)
            self.settled(new)
            if self.faults.drop_after_rename:
                self.cut()

        return self.in_turn(rename)

    def openDirectory(self, path: bytes) -> Deferred[PayerListing]:  # noqa: D102
        return self.in_turn(lambda: PayerListing(self._listed(self._at(path))))

    def getAttrs(  # noqa: D102
        self,
        path: bytes,
        followLinks: bool,
    ) -> Deferred[dict[str, int]]:
        return self.in_turn(lambda: attributes(self._at(path).stat()))

    def setAttrs(self, path: bytes, attrs: Mapping[str, int]) -> None:
        """Accept and ignore: a payer's system keeps its own rights and times."""

    def realPath(self, path: bytes) -> bytes:  # noqa: D102
        return str(_virtual(path)).encode()

    def makeDirectory(self, path: bytes, attrs: Mapping[str, int]) -> None:  # noqa: D102
        raise SFTPError(FX_PERMISSION_DENIED, "folders are the payer's to make")

    def removeDirectory(self, path: bytes) -> None:  # noqa: D102
        raise SFTPError(FX_PERMISSION_DENIED, "folders are the payer's to remove")

    def readLink(self, path: bytes) -> bytes:  # noqa: D102
        raise SFTPError(FX_OP_UNSUPPORTED, "there are no links")

    def makeLink(self, linkPath: bytes, targetPath: bytes) -> None:  # noqa: D102
        raise SFTPError(FX_OP_UNSUPPORTED, "there are no links")

    def extendedRequest(  # noqa: D102
        self,
        extendedName: bytes,
        extendedData: bytes,
    ) -> bytes:
        raise SFTPError(FX_OP_UNSUPPORTED, "unknown extension")

    async def _do(self, act: Callable[[], T]) -> T:
        if self.faults.delay:
            await deferLater(self._clock, self.faults.delay, lambda: None)
        if self.line_is_up:
            done = act()
            if self.line_is_up:
                return done
        return await Deferred[T]()  # never: there is nobody to answer

    def _at(self, path: bytes) -> Path:
        """Find a path inside the account's folder; links out of it are not there."""
        real = self.account.folder.joinpath(*_virtual(path).parts[1:])
        if not real.parent.resolve().is_relative_to(self.account.folder.resolve()):
            raise SFTPError(FX_PERMISSION_DENIED, "outside this account")
        if real.is_symlink():
            raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))
        return real

    def _listed(self, folder: Path) -> list[tuple[bytes, bytes, dict[str, int]]]:
        outbox = self.account.folder / OUTBOX
        if self.faults.hide_outbox and folder == outbox:
            return []
        found = []
        for entry in sorted(folder.iterdir()):
            seen = entry.lstat()
            line = lsLine(entry.name, seen)
            found.append((os.fsencode(entry.name), os.fsencode(line), attributes(seen)))
        return found


class PayerListing:
    """An opened folder: what it held at that moment."""

    def __init__(self, lines: list[tuple[bytes, bytes, dict[str, int]]]) -> None:
        self._lines = lines

    def __iter__(self) -> Iterator[tuple[bytes, bytes, dict[str, int]]]:
        return iter(self._lines)

    def close(self) -> None:
        """Nothing is held open."""


def _virtual(path: bytes) -> PurePosixPath:
    """Make a client's path absolute and free of dots, within its own world."""
    parts: list[str] = []
    for part in path.decode("utf-8", "surrogateescape").split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return PurePosixPath("/", *parts)
