"""The no-response study: two runs of one plan side by side, tracking off and on.

Each run is a process of its own, since each is busy all the time; they share
nothing but the plan, which both deal from the same seed.
"""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final

from gateway.house import read_directory
from gateway.simulator.study_measured import Measured
from gateway.simulator.study_report import Study
from gateway.simulator.study_run import Run, StudyOptions
from gateway.simulator.study_world import timings
from protocols.catalog import Catalog
from routing.directory import Directory

UNTRACKED, TRACKED = "untracked", "tracked"
RUNS: Final = (UNTRACKED, TRACKED)

Progress = Callable[[str, int], None]
"""Is told of each day that is over in a run, by the run's name."""


class StudyBroken(Exception):
    """A run ended before its last day."""


def conduct(options: StudyOptions, folder: Path, progress: Progress) -> Study:
    """Live through both runs; their journals are in `folder`, by the run's name.

    Raises `StudyBroken` with the run and what was wrong.
    """
    with _both(options, folder) as connections:
        found = dict(_listen(connections, progress))
    catalog = Catalog.installed()
    plan = options.plan(catalog)
    return Study(
        plan=plan,
        timings=timings(plan, _directory(folder / UNTRACKED, catalog).calendar),
        untracked=found[UNTRACKED],
        tracked=found[TRACKED],
    )


@contextmanager
def _both(options: StudyOptions, folder: Path) -> Iterator[dict[Connection, str]]:
    """Start both runs; what still runs in the end is ended."""
    context = multiprocessing.get_context("spawn")
    connections: dict[Connection, str] = {}
    processes: list[BaseProcess] = []
    try:
        for name in RUNS:
            here, there = context.Pipe(duplex=False)
            process = context.Process(
                target=_live, args=(options, name, folder / name, there), name=name
            )
            process.start()
            there.close()  # so that its end is seen here
            processes.append(process)
            connections[here] = name
        yield connections
    finally:
        for each in processes:
            each.terminate()
            each.join()
        for connection in connections:
            connection.close()


def _listen(
    connections: dict[Connection, str], progress: Progress
) -> Iterator[tuple[str, Measured]]:
    waiting = dict(connections)
    while waiting:
        for ready in wait(list(waiting)):
            assert isinstance(ready, Connection)  # noqa: S101 - nothing else was given
            name = waiting[ready]
            try:
                said = ready.recv()
            except EOFError:
                raise StudyBroken(
                    f"the {name} run ended before its last day; what it said is above"
                ) from None
            if isinstance(said, Measured):
                del waiting[ready]
                yield name, said
            else:
                progress(name, said)


def _live(options: StudyOptions, name: str, folder: Path, said: Connection) -> None:
    """Be one run, in a process of its own; Ctrl-C is for the one who started it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    run = Run(
        options,
        tracked=name == TRACKED,
        folder=folder,
        catalog=Catalog.installed(),
        monotonic=time.monotonic,
    )
    said.send(run.run(said.send))


def _directory(folder: Path, catalog: Catalog) -> Directory:
    networks = {network.name: network for network in catalog.networks()}
    return Directory(read_directory(folder / "payers", catalog, networks))
