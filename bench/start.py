"""From `octway run` to its open doors, over a journal of a million deposits.

The same node starts in turns on an empty journal and on one that has been worked on for
a year, on either engine.  It is ready when it says so to the service manager that the
bench is, as systemd would hear it.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial

from bench import old_journal
from bench.harness import Bench, Goal, Row, Sample, Side, take_turns
from bench.node import OctwayNode, waiting_payer
from bench.peers import make_keys
from bench.processes import BenchFailed
from gateway.journal.dialect import open_engine
from tests.engines import drop_database, new_database

NAME = "start"
_DEPOSITS = 1_000_000
_EMPTY, _OLD = "an empty journal", "a million deposits"
_SECONDS, _PROCESSOR = "seconds", "processor seconds"
_PATIENCE = 120.0
_ENGINES = {"SQLite": "sqlite", "PostgreSQL": "postgresql"}


def run(bench: Bench) -> Iterator[Row]:
    """Fill a journal on each engine, then start nodes in turns."""
    deposits = bench.size(_DEPOSITS, 10_000)
    with ExitStack() as stack:
        node = OctwayNode(
            bench.folder / "node",
            make_keys(bench.folder / "keys"),
            payer=waiting_payer(bench.folder / "payer"),
        )
        node.server.stop()
        for shown, engine in _ENGINES.items():
            sides = []
            for name, count in ((_EMPTY, 0), (_OLD, deposits)):
                folder = bench.folder / engine / name.replace(" ", "-")
                folder.mkdir(parents=True)
                url = new_database(engine, folder)
                stack.callback(drop_database, url)
                if count:
                    bench.say(f"  writing {count:,} deposits into {shown}")
                    _fill(url, count, node.config.stat().st_mtime)
                sides.append(Side(name=name, turn=partial(_start, node, url)))
            found = take_turns(bench, sides)
            work = (
                f"`octway run` until its doors are open, {deposits:,} deposits, {shown}"
            )
            for measure, goal, said in (
                (_SECONDS, Goal(must=1.2, lower=True), ""),
                (_PROCESSOR, Goal(), ": processor time"),
            ):
                yield found.row(
                    work + said,
                    ours=_OLD,
                    theirs=_EMPTY,
                    against="the same with an empty journal",
                    measure=measure,
                    goal=goal,
                    unit=measure,
                    note=f"{found.median(_OLD, measure):.1f} s",
                )


def _fill(url: str, deposits: int, now: float) -> None:
    engine = open_engine(url, write=True, connections=1)
    old_journal.fill(engine, deposits, now)
    engine.dispose()


def _start(node: OctwayNode, url: str, _turn: int) -> Sample:
    """Start the node on a journal, wait until it is ready, and end it."""
    place = node.folder / "ready"
    place.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(str(place))
        line.settimeout(_PATIENCE)
        began = time.perf_counter()
        environ = {"OCTWAY_DATABASE__URL": url, "NOTIFY_SOCKET": str(place)}
        with node.again(environ) as server:
            try:
                word = line.recv(4096)
            except TimeoutError:
                raise BenchFailed("the node was not ready in time") from None
            if not word.startswith(b"READY=1"):
                raise BenchFailed(f"the node said {word!r}")
            return {
                _SECONDS: time.perf_counter() - began,
                _PROCESSOR: server.cpu(),
            }
