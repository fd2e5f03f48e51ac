"""Reading a 100 MB B2 file: judging it, and splitting it into journalled claims.

The peer is naive slicing: the whole file is read, six fields of every record
are cut out, and one of them is made a number; it checks nothing.  Both read
from the page cache.  Splitting runs in a fresh process each time, with the
writer, storage and step that a node has.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from bench.files import write_large
from bench.harness import Bench, Goal, Row, Sample, Side, take_turns
from bench.processes import BenchFailed
from protocols.sesam import reader

NAME = "records"
_VALIDATE = "validate and total a 100 MB B2 file"
_SPLIT = "validate, split and journal the same file into claims"
_MEMORY = "memory of that above idle, against 80 MB"
_PEER = "naive slicing of every record"
_RECORD = 128
_MOST_MEMORY = 80e6
_SECONDS = 300


def run(bench: Bench) -> Iterator[Row]:
    """Measure both."""
    path = bench.folder / "large.b2"
    size = write_large(path, bench.size(100_000_000, 5_000_000))
    path.read_bytes()  # into the page cache
    naive = Side(name=_PEER, turn=lambda _: _naive(path, size))
    bench.say(f"  {_VALIDATE}")
    found = take_turns(
        bench, [Side(name="Octway", turn=lambda _: _validate(path, size)), naive]
    )
    yield found.row(
        _VALIDATE,
        ours="Octway",
        theirs=_PEER,
        measure="MB per second",
        goal=Goal(must=5, aim=20),
        unit="MB per second",
    )
    bench.say(f"  {_SPLIT}")
    house = bench.folder / "house"
    _child("deposit", house, path)
    found = take_turns(
        bench, [Side(name="Octway", turn=lambda _: _split(house, size)), naive]
    )
    yield found.row(
        _SPLIT,
        ours="Octway",
        theirs=_PEER,
        against="the same slicing",
        measure="MB per second",
        goal=Goal(must=0.3, aim=1.0),
        unit="MB per second",
    )
    above = found.median("Octway", "MB above idle") * 1e6
    yield Row(
        work=_MEMORY,
        against="80 MB",
        goal=Goal(must=1.0, lower=True),
        unit="bytes",
        ours=above,
        theirs=_MOST_MEMORY,
        ratio=above / _MOST_MEMORY,
        low=above / _MOST_MEMORY,
        high=above / _MOST_MEMORY,
        runs=bench.runs,
        note="peak of a fresh process, less what it had before",
    )


def _validate(path: Path, size: int) -> Sample:
    began = time.perf_counter()
    with path.open("rb") as stream:
        summary = reader.validate(stream)
    seconds = time.perf_counter() - began
    if not summary.valid or summary.records != size // _RECORD:
        raise BenchFailed(f"the file should be valid: {summary.problems[:3]}")
    return {"MB per second": size / 1e6 / seconds}


def _naive(path: Path, size: int) -> Sample:
    began = time.perf_counter()
    data = path.read_bytes()
    total = 0
    for at in range(0, len(data), _RECORD):
        record = data[at : at + _RECORD]
        _kind = record[0:1]
        _sender = record[1:10]
        _insured = record[11:26]
        _number = record[26:35]
        _amount = record[41:49]
        total += int(record[5:10])  # digits in every kind of record
    seconds = time.perf_counter() - began
    if not total:
        raise BenchFailed("the slicing found nothing")
    return {"MB per second": size / 1e6 / seconds}


def _split(house: Path, size: int) -> Sample:
    """Split the deposit in a fresh process, on a fresh copy of the journal."""
    journal, kept = house / "octway.db", house / "before.db"
    for leftover in house.glob("octway.db*"):
        leftover.unlink()
    shutil.copyfile(kept, journal)
    found = json.loads(_child("split", house))
    return {
        "MB per second": size / 1e6 / float(found["seconds"]),
        "MB above idle": float(found["above_idle"]) / 1e6,
    }


def _child(what: str, *places: Path) -> str:
    try:
        done = subprocess.run(
            [sys.executable, "-m", "bench.split_once", what, *map(str, places)],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise BenchFailed(f"{what} took longer than {_SECONDS} s") from None
    if done.returncode != 0:
        raise BenchFailed(f"{what} failed: {done.stderr[-2000:]}")
    return done.stdout
