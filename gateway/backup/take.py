"""Takes a backup: the journal first, then every stored file that it names.

In that order all that is named is there, since a stored file is older than the row
that names it.  The other way round rows would come in between that name files which
were not there yet.  Nodes work on meanwhile.  What is copied is read back and
compared with its SHA-256; the list that makes the moment a backup comes last.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from attrs import frozen
from sqlalchemy import Connection, func, select

from config.settings import Settings
from gateway.backup import journal_copy, manifest
from gateway.backup.journal_copy import Named
from gateway.backup.manifest import Kept, Manifest
from gateway.backup.site_files import SiteFiles
from gateway.backup.storage_copy import Progress, StorageCopy
from gateway.database import Database
from gateway.errors import BackupFailed, IntegrityBroken, Purged, StorageUnavailable
from gateway.journal import schema
from gateway.storage.local import LocalStorage
from gateway.storage.payloads import Payloads
from gateway.storage.vault import sealed_size

_MOMENT: Final = "%Y%m%dT%H%M%S%fZ"
_LOCK: Final = ".lock"
_TRIES: Final = 3  # a purge that goes on meanwhile has the moment taken anew
_AT_ONCE: Final = 500
_BLOCK: Final = 1 << 20


@frozen(kw_only=True)
class Backup:
    """One installation, and how its backups are taken."""

    settings: Settings
    database: Database
    payloads: Payloads
    site: SiteFiles
    now: Callable[[], float]
    version: str
    pg_dump: str
    progress: Progress = lambda done, total: None

    def run(self, to: Path, *, keep: int) -> tuple[Path, Manifest]:
        """Take a moment and keep that many; return its folder and its list.

        Everything that was acknowledged before the call is in it.  Raises
        `BackupFailed`; then the moments that were there before are as they were.
        """
        with _held(to), _said(to):
            for _ in range(_TRIES):
                try:
                    folder, made = self._take(to)
                except _PurgedMeanwhile:
                    continue
                for old in manifest.moments(to)[:-keep]:
                    shutil.rmtree(old)
                self._tidy(to)
                return folder, made
        raise BackupFailed(
            "stored files were purged again and again meanwhile; run it after the purge"
        )

    def _take(self, to: Path) -> tuple[Path, Manifest]:
        began = self.now()
        folder = to / datetime.fromtimestamp(began, UTC).strftime(_MOMENT)
        folder.mkdir(mode=0o700)
        try:
            url = self.settings.database.url
            journal, named = journal_copy.copy(url, folder, pg_dump=self.pg_dump)
            files, broken = self._files(to, named)
            made = Manifest(
                taken_at=began,
                version=self.version,
                schema=named.schema,
                engine=journal_copy.engine_of(url),
                journal=journal,
                site=[
                    manifest.take(each, folder / "site" / name, name)
                    for each in self.site.texts
                    for name in [self.site.name(each)]
                ],
                files=files,
                payloads=named.payloads,
                keys=named.keys,
                key_files=[self.site.name(each) for each in self.site.keys],
                broken=broken,
            )
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        manifest.write(folder, made)
        return folder, made

    def _files(self, to: Path, named: Named) -> tuple[list[Kept], list[str]]:
        target = LocalStorage(to / manifest.STORAGE, node="", segment_size=0)
        work = StorageCopy(
            source=self.payloads.storage.folder, target=target.folder, held=_held_by(to)
        )
        files, broken = [], []
        for ending in named.endings:
            try:
                files.append(work.bring(ending))
            except FileNotFoundError:
                if not self.database.read(_names, ending.place):
                    raise _PurgedMeanwhile from None
                broken.append(
                    f"{ending.place}: is missing in storage, and rows name it"
                )
            except IntegrityBroken as error:
                broken.append(str(error))
            self.progress(len(files), len(named.endings))
        work.settle()
        sizes = {each.name: each.size for each in files}
        broken += self.database.read(self._read_back, target, work.fresh, sizes)
        return files, broken

    def _read_back(
        self,
        connection: Connection,
        target: LocalStorage,
        fresh: Mapping[str, int],
        sizes: Mapping[str, int],
    ) -> list[str]:
        """Open every stored thing that was copied in the copy, as a restore would."""
        if not fresh:
            return []
        copies = self.payloads.on(target)
        payload = schema.payload
        rows = connection.execution_options(yield_per=_AT_ONCE).execute(
            select(payload)
            .where(payload.c.purged_at.is_(None))
            .order_by(payload.c.place, payload.c.place_offset)
        )
        broken = []
        for row in rows:
            end = row.place_offset + sealed_size(row.size)
            if not fresh.get(row.place, end) < end <= sizes.get(row.place, 0):
                continue
            try:
                with copies.open_row(row) as stream:
                    found = hashlib.file_digest(stream, "sha256").hexdigest()
            except Purged:
                continue
            except (IntegrityBroken, StorageUnavailable) as error:
                broken.append(f"payload {row.id}: {error}")
                continue
            if found != row.sha256:
                broken.append(f"payload {row.id}: its bytes do not fit its SHA-256")
        return broken

    def _tidy(self, to: Path) -> None:
        """Remove what belongs to no moment: purged files, moments never finished."""
        kept = manifest.moments(to)
        for each in to.iterdir():
            if each.is_dir() and each.name != manifest.STORAGE and each not in kept:
                shutil.rmtree(each)
        names = {each.name for one in kept for each in manifest.read(one).files}
        storage = to / manifest.STORAGE
        StorageCopy(source=storage, target=storage, held={}).forget(names)


@contextmanager
def _said(to: Path) -> Iterator[None]:
    """Say in words what a disk or the engine of the journal could not do."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        place = getattr(error, "filename", None) or to
        why = getattr(error, "strerror", None) or error
        raise BackupFailed(
            f"{place}: {why}; no moment was made, and those that are there are as they "
            "were"
        ) from error


class _PurgedMeanwhile(Exception):
    """A file that the moment names was purged before it was copied."""


@contextmanager
def _held(to: Path) -> Iterator[None]:
    """Hold a folder of backups, made if it is not there, for one run."""
    to.mkdir(parents=True, exist_ok=True, mode=0o700)
    others = [each.name for each in to.iterdir() if not _is_ours(each)]
    if others:
        raise BackupFailed(
            f"{to} holds {others[0]!r}, which no backup wrote; name a folder of its own"
        )
    with (to / _LOCK).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupFailed(
                f"another backup into {to} is under way; wait for it"
            ) from None
        yield


def _is_ours(path: Path) -> bool:
    if path.name in {_LOCK, manifest.STORAGE}:
        return True
    try:
        datetime.strptime(path.name, _MOMENT).replace(tzinfo=UTC)
    except ValueError:
        return False
    return True


def _held_by(to: Path) -> dict[str, Kept]:
    """Give, of every file, the most that any finished moment holds."""
    found: dict[str, Kept] = {}
    for folder in manifest.moments(to):
        for each in manifest.read(folder).files:
            before = found.get(each.name)
            if before is None or before.size <= each.size:
                found[each.name] = each
    return found


def _names(connection: Connection, place: str) -> int:
    """Count what a file of storage still holds."""
    payload = schema.payload
    here = (payload.c.place == place) & payload.c.purged_at.is_(None)
    query = select(func.count()).select_from(payload).where(here)
    count: int = connection.execute(query).scalar_one()
    return count
