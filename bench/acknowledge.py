"""32 senders at once: group commit against one fsync and one commit per file.

Both in this process, on the same disk.  The peer is the loop that one writes
first: own file, fsync, row, commit (SQLite, WAL, synchronous=FULL); it neither
hashes nor encrypts nor signs, and makes no directory durable.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from bench.files import FileMaker
from bench.harness import Bench, Goal, Row, Sample, Side, take_turns
from bench.ingest import SENDERS, Ingest, make_files
from bench.processes import BenchFailed
from bench.reactor_thread import await_in_reactor, running_reactor

NAME = "acknowledge"
_WORK = f"{SENDERS} senders at once, files of 20 kB acknowledged per second"
_PEER = "fsync each file, commit each row"
_GOAL = Goal(must=5, aim=9)


def run(bench: Bench) -> Iterator[Row]:
    """Measure it."""
    count = bench.size(2000, 200)
    maker = FileMaker()
    ingest = Ingest(bench.folder / "octway", running_reactor())
    with closing(ingest), closing(_OneByOne(bench.folder / "naive")) as naive:

        def ours(turn: int) -> Sample:
            files = make_files(maker, count)
            rate = await_in_reactor(ingest.send(files))
            _all_there(ingest.database.read(_deposits), (turn + 1) * count)
            return {"files per second": rate}

        def theirs(turn: int) -> Sample:
            files = make_files(maker, count)
            rate = naive.take(files)
            _all_there(naive.rows(), (turn + 1) * count)
            return {"files per second": rate}

        found = take_turns(
            bench, [Side(name="Octway", turn=ours), Side(name=_PEER, turn=theirs)]
        )
    yield found.row(
        _WORK,
        ours="Octway",
        theirs=_PEER,
        against=f"“{_PEER}”, same process",
        measure="files per second",
        goal=_GOAL,
        unit="files per second",
    )


class _OneByOne:
    """A journal and a folder, each file made durable by itself."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._connection = sqlite3.connect(
            folder / "journal.db", isolation_level=None, check_same_thread=False
        )
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute(
            "CREATE TABLE deposit (id INTEGER PRIMARY KEY, path TEXT, size INTEGER)"
        )
        self._made = 0

    def take(self, files: list[bytes]) -> float:
        """Take files one after another; return files per second."""
        began = time.perf_counter()
        for content in files:
            self._made += 1
            path = self._folder / f"{self._made}"
            with path.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute(
                "INSERT INTO deposit (path, size) VALUES (?, ?)",
                (str(path), len(content)),
            )
            self._connection.execute("COMMIT")
        return len(files) / (time.perf_counter() - began)

    def rows(self) -> int:
        """Count what it journalled."""
        query = "SELECT count(*) FROM deposit"
        return int(self._connection.execute(query).fetchone()[0])

    def close(self) -> None:
        """Close the journal."""
        self._connection.close()


def _deposits(connection: object) -> int:
    return int(
        connection.exec_driver_sql(  # type: ignore[attr-defined]
            "SELECT count(*) FROM deposit"
        ).scalar_one()
    )


def _all_there(found: int, wanted: int) -> None:
    if found != wanted:
        raise BenchFailed(f"{found} deposits are journalled, {wanted} were sent")
