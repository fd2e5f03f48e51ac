"""Restores a moment of a backup into places where nothing is yet.

Files of storage first, the journal last: a node that is started too early finds no
journal, and never one that names what is not there.  What was restored by a run that
was killed is kept.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from attrs import frozen
from sqlalchemy import func, select

from config.settings import Settings
from gateway.backup import journal_copy, manifest
from gateway.backup.manifest import Kept, Manifest
from gateway.backup.storage_copy import Progress
from gateway.errors import BackupFailed, IntegrityBroken
from gateway.journal import schema
from gateway.journal.dialect import open_engine
from gateway.storage.local import LocalStorage, sync_folder
from gateway.storage.vault import KeyRing, WrappedKey


@frozen(kw_only=True)
class Restore:
    """One moment that is to be restored."""

    folder: Path
    manifest: Manifest

    def site(self, into: Path) -> tuple[list[str], list[str]]:
        """Write settings and directory; return what was written and what was kept.

        A file that is there already is somebody's who prepared the place: it stays.
        """
        made, kept = [], []
        for each in self.manifest.site:
            source, target = self.folder / "site" / each.name, into / each.name
            if target.exists():
                kept.append(each.name)
                continue
            found = manifest.take(source, target, each.name)
            if found != each:
                target.unlink()
                raise BackupFailed(_not_as_written(source))
            made.append(each.name)
        return made, kept

    def bytes(
        self, settings: Settings, *, pg_restore: str, progress: Progress
    ) -> Sequence[Kept]:
        """Restore storage and journal to where settings say; return the files.

        Raises `BackupFailed` where something is there already, or the backup is not
        as it was written.
        """
        url = settings.database.url
        journal_copy.must_be_empty(url)
        storage = LocalStorage(settings.storage.folder, node="", segment_size=0)
        files = self.manifest.files
        for number, each in enumerate(files, 1):
            _bring(self.folder.parent / manifest.STORAGE, storage.folder, each)
            progress(number, len(files))
        for folder in (storage.folder, *storage.folder.rglob("*/")):
            sync_folder(folder)
        journal = self.manifest.journal
        source = self.folder / journal.name
        if manifest.seen(source, journal.name) != journal:
            raise BackupFailed(_not_as_written(source))
        journal_copy.restore(
            url, source, journal, engine=self.manifest.engine, pg_restore=pg_restore
        )
        return files


def wrong_keys(url: str, keys: KeyRing) -> Sequence[str]:
    """Name the keys that are called as those of the restored files, and are others.

    One stored file of each key is tried.
    """
    payload = schema.payload
    one = (
        select(func.min(payload.c.id))
        .where(payload.c.purged_at.is_(None), payload.c.key_id.in_(keys.names))
        .group_by(payload.c.key_id)
    )
    query = select(payload.c.id, payload.c.key_id, payload.c.wrapped_key).where(
        payload.c.id.in_(one)
    )
    engine = open_engine(url, write=False, connections=1)
    try:
        with engine.connect() as connection:
            rows = connection.execute(query).all()
    finally:
        engine.dispose()
    wrong = []
    for row in rows:
        try:
            keys.unwrap(row.id, WrappedKey(key_id=row.key_id, wrapped=row.wrapped_key))
        except IntegrityBroken:
            wrong.append(row.key_id)
    return sorted(wrong)


def _bring(source: Path, target: Path, kept: Kept) -> None:
    """Copy a file of storage as far as the moment knows it, checked on the way."""
    to = target / kept.name
    if to.exists():
        if manifest.seen(to, kept.name).sha256 != kept.sha256:
            raise BackupFailed(
                f"{to} is there already, with other bytes, and nothing is overwritten; "
                "restore into an empty folder"
            )
        return
    to.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    working = target / "staging" / f"{to.name}.restored"
    found = hashlib.sha256()
    with (source / kept.name).open("rb") as read_from, working.open("wb") as write_to:
        for block in manifest.blocks(read_from, kept.size):
            found.update(block)
            write_to.write(block)
        write_to.flush()
        os.fsync(write_to.fileno())
    if found.hexdigest() != kept.sha256:
        working.unlink()
        raise BackupFailed(_not_as_written(source / kept.name))
    working.rename(to)


def _not_as_written(path: Path) -> str:
    return f"{path}: is not what the backup wrote there; restore another moment"
