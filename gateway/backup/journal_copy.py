"""A copy of the journal as it was at one moment, taken while nodes write to it.

SQLite's own online backup makes it, or PostgreSQL's pg_dump under a snapshot that is
held meanwhile; either way it is asked of that very moment what it names.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final
from urllib.parse import quote

from attrs import frozen
from sqlalchemy import Connection, create_engine, func, inspect, select, text
from sqlalchemy.engine import make_url

from gateway.backup.manifest import Kept, pour, seen
from gateway.errors import BackupFailed
from gateway.journal import revision, schema
from gateway.journal.dialect import open_engine
from gateway.storage.local import sync_folder
from gateway.storage.vault import sealed_size

SQLITE: Final = "sqlite"
_NAMES: Final = {SQLITE: "journal.db", "postgresql": "journal.pgdump"}
_SAID: Final = 3  # last lines of a program that failed
_BESIDE: Final = ("-wal", "-shm", "-journal")  # SQLite would play them into the new one
_PATIENCE: Final = 30.0  # seconds for which a lock of SQLite is waited for


@frozen(kw_only=True)
class Ending:
    """A file of storage, how much of it is named by rows, and the last thing in it."""

    place: str
    size: int
    last: str


@frozen(kw_only=True)
class Named:
    """What the journal of one moment names."""

    schema: str
    endings: Sequence[Ending]
    payloads: int
    keys: Sequence[str]


def copy(url: str, folder: Path, *, pg_dump: str) -> tuple[Kept, Named]:
    """Copy the journal of a url into a folder, and say what it names.

    Raises `BackupFailed`, with the words of whoever could not do it.
    """
    kind = engine_of(url)
    target = folder / _NAMES[kind]
    if kind == SQLITE:
        _copy_sqlite(make_url(url).database or "", target)
        engine = create_engine("sqlite://", creator=lambda: _opened(target))
        try:
            with engine.connect() as connection:
                named = _named(connection)
        finally:
            engine.dispose()
    else:
        engine = open_engine(url, write=False, connections=1)
        try:
            with engine.connect() as connection:
                query = text("SELECT pg_export_snapshot()")
                snapshot = connection.execute(query).scalar_one()
                _run(
                    *(pg_dump, "--format=custom", "--no-owner", "--no-privileges"),
                    *(f"--snapshot={snapshot}", f"--file={target}"),
                    *("--dbname", url),
                )
                named = _named(connection)
        finally:
            engine.dispose()
    with target.open("rb") as file:
        os.fsync(file.fileno())
    return seen(target, target.name), named


def restore(
    url: str, source: Path, kept: Kept, *, engine: str, pg_restore: str
) -> None:
    """Make the journal of a url what a copy holds; it must be empty, or not there."""
    kind = engine_of(url)
    if kind != engine:
        raise BackupFailed(
            f"the backup is of {engine} and database.url names {kind}: there is no way "
            "from one to the other; name one of its own kind"
        )
    if kind == SQLITE:
        _restore_sqlite(source, Path(make_url(url).database or ""), kept)
        return
    must_be_empty(url)
    _run(
        *(pg_restore, "--no-owner", "--no-privileges", "--exit-on-error"),
        *("--single-transaction", "--dbname", url, str(source)),
    )


def must_be_empty(url: str) -> None:
    """Raise `BackupFailed` where there is a journal already."""
    if engine_of(url) == SQLITE:
        file = Path(make_url(url).database or "")
        for each in (file, *(file.with_name(file.name + end) for end in _BESIDE)):
            if each.exists():
                raise BackupFailed(
                    f"{each} is there already, and nothing is overwritten; move it away "
                    "with all that stands beside it, or restore into another folder"
                )
        return
    engine = open_engine(url, write=False, connections=1)
    try:
        with engine.connect() as connection:
            tables = inspect(connection).get_table_names()
    finally:
        engine.dispose()
    if tables:
        raise BackupFailed(
            f"the database has {len(tables)} tables, and nothing is overwritten; name "
            "an empty one in database.url"
        )


def engine_of(url: str) -> str:
    """Say which engine a url means: `sqlite` or `postgresql`."""
    return make_url(url).get_backend_name()


def _copy_sqlite(source: str, target: Path) -> None:
    with (
        closing(sqlite3.connect(source, timeout=_PATIENCE)) as live,
        closing(sqlite3.connect(target)) as made,
    ):
        live.backup(made)  # all in one step: one moment, and writers go on
        made.execute("PRAGMA journal_mode=DELETE")  # one file, and no more
        (said,) = made.execute("PRAGMA quick_check(1)").fetchone()
    if said != "ok":
        raise BackupFailed(f"the journal is damaged ({said}); keep every older backup")


def _opened(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True)


def _restore_sqlite(source: Path, target: Path, kept: Kept) -> None:
    must_be_empty(f"sqlite:///{target}")
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    working = target.with_name(f".{target.name}.part")
    with source.open("rb") as read_from, working.open("wb") as write_to:
        found = pour(read_from, write_to)
        os.fsync(write_to.fileno())
    if found != (kept.size, kept.sha256):
        working.unlink()
        raise BackupFailed(
            f"{source}: is not what was written there; take another moment"
        )
    working.rename(target)
    sync_folder(target.parent)


def _named(connection: Connection) -> Named:
    payload = schema.payload
    kept = payload.c.purged_at.is_(None)
    ends = (
        select(payload.c.place, func.max(payload.c.place_offset).label("begin"))
        .where(kept)
        .group_by(payload.c.place)
        .subquery()
    )
    last = select(payload.c.place, payload.c.place_offset, payload.c.size, payload.c.id)
    same = (payload.c.place == ends.c.place) & (payload.c.place_offset == ends.c.begin)
    rows = connection.execute(last.join(ends, same).where(kept))
    endings = [
        Ending(place=place, size=begin + sealed_size(size), last=name)
        for place, begin, size, name in rows
    ]
    count = select(func.count()).select_from(payload).where(kept)
    keys = select(payload.c.key_id).where(kept).distinct()
    return Named(
        schema=revision.current(connection) or "",
        endings=sorted(endings, key=lambda each: each.place),
        payloads=connection.execute(count).scalar_one(),
        keys=sorted(connection.execute(keys).scalars()),
    )


def _run(program: str, *arguments: str) -> None:
    """Run a program of PostgreSQL; the password goes by the environment."""
    environ, words = dict(os.environ), []
    for each in arguments:
        if not each.startswith("postgresql+"):
            words.append(each)
            continue
        url = make_url(each)
        if url.password:
            environ["PGPASSWORD"] = str(url.password)
        plain = url.set(drivername="postgresql", password=None)
        words.append(plain.render_as_string(hide_password=False))
    try:
        done = subprocess.run(  # noqa: S603 - a program of PostgreSQL, no shell
            [program, *words], env=environ, capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise BackupFailed(
            f"{program} cannot be run ({error.strerror}); install PostgreSQL's client "
            "programs of the server's version, or name one"
        ) from error
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["it said nothing"]
        raise BackupFailed(f"{program} failed: {'; '.join(said[-_SAID:])}")
