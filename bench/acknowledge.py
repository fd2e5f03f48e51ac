"""32 senders at once: group commit against one fsync and one commit per file.

Both in this process, on the same disk.  The peer is the loop that one writes
first: own file, fsync, row, commit (SQLite, WAL, synchronous=FULL); it neither
hashes nor encrypts nor signs, and makes no directory durable.

The disks of virtual machines make a file durable in a tenth of a millisecond,
where a server's take one to ten.  So both are measured once more with a pause
of two milliseconds at each of their syncs, which is said in the row.

Beside them stands a floor (`bench.bare`): only what cannot be left out, 32 files at a
time and one at a time.  Where a goal is above it, that disk does not let it be reached.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from bench.bare import Bare, count_deposits, open_journal
from bench.files import FileMaker
from bench.harness import Bench, Goal, Row, Sample, Samples, Side, take_turns
from bench.ingest import SENDERS, Ingest, make_files
from bench.processes import BenchFailed
from bench.reactor_thread import await_in_reactor, running_reactor

NAME = "acknowledge"
_WORK = f"{SENDERS} senders at once, files of 20 kB acknowledged per second"
_PEER = "fsync each file, commit each row"
_GOAL = Goal(must=5, aim=9)
_PAUSE = 0.002
_TABLE = "CREATE TABLE deposit (id INTEGER PRIMARY KEY, path TEXT, size INTEGER)"


def run(bench: Bench) -> Iterator[Row]:
    """Measure it on the disk that is there, then on a slower one."""
    found = _turns(bench, bench.folder / "fast", bench.size(2000, 200), pause=0.0)
    yield _row(found, _WORK, _GOAL)
    yield from _floors(bench, bench.folder / "bare", bench.size(2000, 200))
    slow = _turns(bench, bench.folder / "slow", bench.size(1000, 200), pause=_PAUSE)
    yield _row(slow, f"{_WORK}: each sync made 2 ms slower, simulated", None)


def _turns(bench: Bench, folder: Path, count: int, *, pause: float) -> Samples:
    folder.mkdir()
    maker = FileMaker()
    ingest = Ingest(folder / "octway", running_reactor(), pause=pause)
    with closing(ingest), closing(_OneByOne(folder / "naive", pause)) as naive:

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

        return take_turns(
            bench, [Side(name="Octway", turn=ours), Side(name=_PEER, turn=theirs)]
        )


def _floors(bench: Bench, folder: Path, count: int) -> Iterator[Row]:
    """Measure hash, sealing, signature, rows and syncs alone, against the same peer."""
    folder.mkdir()
    maker = FileMaker()
    with (
        closing(Bare(folder / "one")) as one,
        closing(Bare(folder / "many")) as many,
        closing(_OneByOne(folder / "naive", 0.0)) as naive,
    ):

        def taken(side: Bare, together: int) -> Sample:
            return {
                "files per second": side.take(
                    make_files(maker, count), together=together
                )
            }

        def theirs(turn: int) -> Sample:
            return {"files per second": naive.take(make_files(maker, count))}

        found = take_turns(
            bench,
            [
                Side(name="many", turn=lambda _: taken(many, SENDERS)),
                Side(name=_PEER, turn=theirs),
                Side(name="one", turn=lambda _: taken(one, 1)),
            ],
        )
        if not one.rows() == many.rows() == naive.rows():
            raise BenchFailed("not all that was sent is journalled")
    what = "hash, seal, sign, rows and two syncs alone, in one thread"
    yield _row(found, f"{what}, {SENDERS} files at a time", None, ours="many")
    yield _row(found, f"{what}, one file at a time", None, ours="one")


def _row(found: Samples, work: str, goal: Goal | None, *, ours: str = "Octway") -> Row:
    return found.row(
        work,
        ours=ours,
        theirs=_PEER,
        against=f"“{_PEER}”, same process",
        measure="files per second",
        goal=goal,
        unit="files per second",
    )


class _OneByOne:
    """A journal and a folder, each file made durable by itself."""

    def __init__(self, folder: Path, pause: float) -> None:
        folder.mkdir()
        self._folder = folder
        self._pause = pause
        self._connection = open_journal(folder, _TABLE)
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
            time.sleep(self._pause)  # noqa: TID251 - a slower disk
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute(
                "INSERT INTO deposit (path, size) VALUES (?, ?)",
                (str(path), len(content)),
            )
            self._connection.execute("COMMIT")
            time.sleep(self._pause)  # noqa: TID251 - a slower disk
        return len(files) / (time.perf_counter() - began)

    def rows(self) -> int:
        """Count what it journalled."""
        return count_deposits(self._connection)

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
