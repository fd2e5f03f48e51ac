"""Judging a 100 MB Belgian sending: form, sums, check digits, rules of payers.

The peer is naive slicing: every zone of every record is cut out of the bytes by the
same layouts and one amount a record is made a number; it checks nothing.  Both read
from the page cache; the memory is what the judging adds in a fresh process.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from bench import memory
from bench.harness import Bench, Goal, Row, Sample, Side, take_turns
from bench.processes import BenchFailed
from protocols.mycarenet import reader
from protocols.mycarenet.message_cut import HEADER, RECORD
from protocols.mycarenet.network import MYCARENET
from protocols.records import load_layouts

NAME = "efact"
_VALIDATE = "validate and total a 100 MB Belgian sending"
_MEMORY = "memory of that above idle, against 80 MB"
_PEER = "naive slicing of every zone of every record"
_MOST_MEMORY = 80e6
_CLAIM = 8 * RECORD  # about what an invoice of the sample takes
_SECONDS = 300


def run(bench: Bench) -> Iterator[Row]:
    """Measure speed and memory."""
    path = bench.folder / "large.920000"
    size = _write(path, bench.size(100_000_000, 5_000_000))
    path.read_bytes()  # into the page cache
    bench.say(f"  {_VALIDATE}")
    found = take_turns(
        bench,
        [
            Side(name="Octway", turn=lambda _: _validate(path, size)),
            Side(name=_PEER, turn=lambda _: _naive(path, size)),
        ],
    )
    yield found.row(
        _VALIDATE,
        ours="Octway",
        theirs=_PEER,
        measure="MB per second",
        goal=Goal(must=2),
        unit="MB per second",
    )
    above = _memory(path)
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
        runs=1,
        note="peak of a fresh process, less what it had before",
    )


def _write(path: Path, size: int) -> int:
    with path.open("wb") as into:
        return MYCARENET.sample(
            "300",
            {},
            rng=random.Random(1),
            day="2026-11-20",
            sender="",
            lots=1,
            claims=size // _CLAIM,
            into=into,
        )


def _validate(path: Path, size: int) -> Sample:
    began = time.perf_counter()
    with path.open("rb") as stream:
        summary = reader.validate(stream)
    seconds = time.perf_counter() - began
    if not summary.valid or summary.records != (size - HEADER) // RECORD:
        raise BenchFailed(f"the sending should be valid: {summary.problems[:3]}")
    return {"MB per second": size / 1e6 / seconds}


def _naive(path: Path, size: int) -> Sample:
    cuts = {
        kind.encode(): [(each.start - 1, each.end) for each in layout.fields]
        for kind, layout in load_layouts("efact").items()
    }
    began = time.perf_counter()
    data = path.read_bytes()
    total = 0
    for at in range(HEADER, len(data), RECORD):
        record = data[at : at + RECORD]
        zones = [record[begin:end] for begin, end in cuts[record[:2]]]
        total += int(zones[1])  # digits in every kind of record
    seconds = time.perf_counter() - began
    if not total:
        raise BenchFailed("the slicing found nothing")
    return {"MB per second": size / 1e6 / seconds}


def _memory(path: Path) -> float:
    done = subprocess.run(
        [sys.executable, "-m", "bench.efact", str(path)],
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise BenchFailed(f"judging failed: {done.stderr[-2000:]}")
    return float(json.loads(done.stdout)["above_idle"])


if __name__ == "__main__":
    idle = memory.resident()
    memory.forget_peak()
    with Path(sys.argv[1]).open("rb") as file:
        reader.validate(file)
    print(json.dumps({"above_idle": memory.peak() - idle}))
