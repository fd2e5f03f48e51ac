"""Stored files, copied as far as a moment of the journal names them.

Files in storage are never changed, and segments only grow: what a backup has of them
already is compared, and only what lies behind is copied.  So a backup that was killed
goes on where it was, and the next one copies what is new.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from attrs import define, field

from gateway.backup.journal_copy import Ending
from gateway.backup.manifest import Kept, blocks
from gateway.errors import BackupFailed, IntegrityBroken
from gateway.storage.local import sync_folder

Progress = Callable[[int, int], None]
"""Is told (files done, of how many) after each."""


@define(kw_only=True)
class StorageCopy:
    """One run of copying; `held` is the most that any finished moment holds of a file.

    `fresh` tells, for every file that something was copied of, from which byte on.
    """

    source: Path
    target: Path
    held: Mapping[str, Kept]
    fresh: dict[str, int] = field(factory=dict)

    def bring(self, ending: Ending) -> Kept:
        """Have the backup hold a file as far as it is named; its name is not durable yet.

        Raises `FileNotFoundError` where the source is gone, and `IntegrityBroken`
        where it ends too early.
        """
        name, held = ending.place, self.held.get(ending.place)
        if held is not None and (held.size, held.last) == (ending.size, ending.last):
            return held
        trusted = 0 if held is None else held.size
        sha256, fresh = self._copy(name, ending.size, trusted)
        if fresh < ending.size:
            self.fresh[name] = fresh
        return Kept(name=name, size=ending.size, sha256=sha256, last=ending.last)

    def settle(self) -> None:
        """Make the names of all files durable."""
        for folder in (self.target, *self.target.rglob("*/")):
            sync_folder(folder)

    def forget(self, keep: set[str]) -> int:
        """Remove what no moment names any more, such as what was purged; count it."""
        gone = 0
        for path in sorted(self.target.rglob("*")):
            name = str(path.relative_to(self.target))
            if path.is_file() and name not in keep:
                path.unlink()
                gone += 1
        return gone

    def _copy(self, name: str, size: int, trusted: int) -> tuple[str, int]:
        """Copy what is not there yet; return the SHA-256, and where the new begins."""
        found, at, fresh = hashlib.sha256(), 0, size
        with (self.source / name).open("rb") as source:
            target = self.target / name
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            there = os.open(target, os.O_RDWR | os.O_CREAT, 0o600)
            with os.fdopen(there, "r+b") as held:
                for block in blocks(source, size):
                    had = os.pread(held.fileno(), len(block), at)
                    sure = max(0, trusted - at)
                    if had[:sure] != block[: min(sure, len(had))]:
                        raise BackupFailed(_other_life(name))
                    if had != block:
                        fresh = min(fresh, at)
                        held.seek(at)
                        held.write(block)
                    found.update(block)
                    at += len(block)
                held.flush()
                os.fsync(held.fileno())
        if at < size:
            raise IntegrityBroken(f"{name}: has {at} bytes, and rows name {size}")
        return found.hexdigest(), fresh


def _other_life(name: str) -> str:
    return (
        f"{name}: has other bytes than an earlier backup took of it, so that one is of "
        "another life of this installation (before a restore?), or one of both is "
        "damaged: run octway verify, and back up into another folder"
    )
