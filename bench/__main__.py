"""`python -m bench [--only NAME]… [--runs N] [--quick] [--write] [--dir DIR]`."""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from bench import table
from bench.harness import LEAST_RUNS, Bench, Row
from bench.processes import BenchFailed

Group = Callable[[Bench], Iterator[Row]]
_README = Path(__file__).parent / "README.md"
_QUICK_RUNS = 2


def groups() -> Mapping[str, Group]:
    """Return every group of rows by name, in the order of the table."""
    from bench import (  # noqa: PLC0415 - they take their time to import
        acknowledge,
        console,
        delivery,
        efact,
        encryption,
        https_intake,
        idle,
        records,
        sftp_intake,
        start,
        watch,
        whole_way,
    )

    modules = (
        *(sftp_intake, acknowledge, https_intake, records, efact),
        *(delivery, whole_way, encryption, watch, console, idle, start),
    )
    return {module.NAME: module.run for module in modules}


def main(arguments: list[str]) -> int:
    """Run what was asked for; 1 if a row missed its goal or a group failed."""
    known = groups()
    options = _parser(known).parse_args(arguments)
    runs = options.runs or (_QUICK_RUNS if options.quick else LEAST_RUNS)
    if options.write and (options.quick or runs < LEAST_RUNS or options.only):
        print(f"--write wants the whole of it, {LEAST_RUNS} runs or more")
        return 2
    began = time.monotonic()
    rows: list[Row] = []
    failed = False
    for name in options.only or known:
        minutes = (time.monotonic() - began) / 60
        print(f"{name}, after {minutes:.1f} minutes", file=sys.stderr)
        with tempfile.TemporaryDirectory(
            prefix=f"octway-bench-{name}-", dir=options.dir, ignore_cleanup_errors=True
        ) as folder:
            bench = Bench(folder=Path(folder), runs=runs, quick=options.quick)
            try:
                for row in known[name](bench):
                    rows.append(row)
                    print(table.terminal(row), flush=True)
            except BenchFailed as error:
                failed = True
                print(f"{name}: failed: {error}", file=sys.stderr)
    minutes = (time.monotonic() - began) / 60
    print(f"\n{table.markdown(rows)}\n{_about(runs)}, {minutes:.1f} minutes")
    if options.write and not failed:
        table.write(_README, rows, _about(runs))
    return int(failed or any(row.verdict == "missed" for row in rows))


def _parser(known: Mapping[str, Group]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Ratios against named peers."
    )
    parser.add_argument(
        "--only",
        action="append",
        choices=list(known),
        help="one group; may be repeated",
    )
    parser.add_argument("--runs", type=int, default=0, help="turns of each side")
    parser.add_argument(
        "--quick", action="store_true", help="small and rough, to see that it works"
    )
    parser.add_argument(
        "--write", action="store_true", help="put the table into bench/README.md"
    )
    parser.add_argument(
        "--dir", help="folder for everything, on the disk that is meant"
    )
    return parser


def _about(runs: int) -> str:
    """Say on what the table was made."""
    cores = os.cpu_count()
    release = importlib.metadata.version("octway")
    return (
        f"Octway {release}, Python {platform.python_version()}, {cores} cores, "
        f"{platform.system()} {platform.machine()}; medians of {runs}, sides in turns"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
