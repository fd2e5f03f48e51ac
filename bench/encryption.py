"""What encryption at rest costs: the same ingest with and without it, in turns.

Without it a payload has no key, nothing is wrapped and nothing is sealed; all
else is the same code.  The effect is smaller than the noise of a busy machine,
so there are many short turns, and the share of processor time that sealing takes
is measured by itself as well.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing

from attrs import evolve

from bench.files import FileMaker
from bench.harness import Bench, Goal, Row, Sample, Side, take_turns
from bench.ingest import SENDERS, Ingest, make_files, open_payloads
from bench.reactor_thread import await_in_reactor, running_reactor
from gateway.storage.payloads import Payloads, StoredPayload
from gateway.storage.vault import WrappedKey, seal

NAME = "encryption"
_WORK = "encryption at rest: what it takes off files acknowledged per second"
_GOAL = Goal(must=0.03, aim=0.01, lower=True)
_LEAST_RUNS = 41
_ON, _OFF = "encrypted", "the same run without it"
_NO_KEY = WrappedKey(key_id="k1", wrapped=b"")


class PlainPayloads(Payloads):
    """Payloads that are stored as they are; for this benchmark only."""

    def store_small(
        self, contents: Sequence[bytes], hashes: Sequence[str] = ()
    ) -> list[StoredPayload]:
        """Store whole payloads with one fsync for all of them, unsealed."""
        made = [
            (self.new_id(), sha256, len(content))
            for content, sha256 in zip(contents, hashes, strict=True)
        ]
        places = self.storage.append(contents)
        return [
            StoredPayload(id=name, sha256=sha256, size=size, place=place, key=_NO_KEY)
            for (name, sha256, size), place in zip(made, places, strict=True)
        ]


def run(bench: Bench) -> Iterator[Row]:
    """Measure it."""
    count = bench.size(400, 200)
    runs = max(bench.runs, 3 if bench.quick else _LEAST_RUNS)
    maker = FileMaker()
    reactor = running_reactor()
    on = Ingest(bench.folder / "on", reactor)
    off = Ingest(bench.folder / "off", reactor, PlainPayloads)
    with closing(on), closing(off):

        def turn_of(ingest: Ingest) -> Sample:
            files = make_files(maker, count)
            cpu = time.process_time()
            rate = await_in_reactor(ingest.send(files))
            used = time.process_time() - cpu
            return {"files per second": rate, "CPU ms per file": 1000 * used / count}

        found = take_turns(
            bench,
            [
                Side(name=_ON, turn=lambda _: turn_of(on)),
                Side(name=_OFF, turn=lambda _: turn_of(off)),
            ],
            runs=runs,
        )
    rate = found.row(
        _WORK, ours=_ON, theirs=_OFF, measure="files per second", goal=_GOAL
    )
    yield evolve(
        rate,
        percent=True,
        ratio=1 - rate.ratio,
        low=1 - rate.high,
        high=1 - rate.low,
        unit="files per second",
    )
    alone = _sealing_alone(bench, make_files(maker, count))
    whole = found.median(_ON, "CPU ms per file") / 1000
    yield Row(
        work="encryption at rest: its share of processor time",
        against="the whole of taking a file in",
        goal=_GOAL,
        unit="CPU seconds per file",
        ours=alone,
        theirs=whole,
        ratio=alone / whole,
        low=alone / whole,
        high=alone / whole,
        runs=runs,
        percent=True,
        note="key, wrapping and sealing timed by themselves",
    )


def _sealing_alone(bench: Bench, files: list[bytes]) -> float:
    """Seal files as `store_small` does, a commit's at a time.

    Returns processor seconds per file.
    """
    payloads = open_payloads(bench.folder / "alone")
    began = time.process_time()
    for first in range(0, len(files), SENDERS):
        batch = files[first : first + SENDERS]
        names = ["p000000000000000000"] * len(batch)
        keys = payloads.keys.new_keys(names)
        for name, (key, _), content in zip(names, keys, batch, strict=True):
            seal(name, key, content)
    used = time.process_time() - began
    payloads.storage.close()
    return used / len(files)
