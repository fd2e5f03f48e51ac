"""`octway inspect FILE…`: what a file is, what it says, and what is wrong with it.

Needs no settings.  A file is read in one stream for its totals and problems,
and once more from its beginning for the records that are shown, so a file of a
gigabyte takes no more memory than a small one.
"""

from __future__ import annotations

import heapq
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

from attrs import frozen

from gateway.cli import inspect_shown
from gateway.cli.arguments import Options, Parser, add_json
from gateway.cli.refusal import DOES_NOT_HOLD, WRONG_USAGE, Refusal
from gateway.cli.terminal import Terminal
from gateway.wording import size
from protocols.catalog import Catalog, Recognised
from routing.envelope import Problem, Summary

EXAMPLE: Final = (
    "octway inspect facture.b2\n"
    "octway inspect zending.920000\n"
    "octway inspect --json *.b2 | jq .valid\n"
    "octway inspect --records 500 retour.noemie"
)
_HEAD: Final = 4096
_RECORDS: Final = 10
_KEPT: Final = 1000  # problems listed; all are counted
_STDIN: Final = "-"


def define(parser: Parser) -> None:
    """Define the command line."""
    parser.add_argument("files", metavar="FILE", nargs="+", help="- is standard input")
    parser.add_argument(
        "--records",
        type=int,
        default=_RECORDS,
        metavar="N",
        help="records shown (default: %(default)s; 0: none)",
    )
    parser.add_argument("--all", action="store_true", help="show every record")
    add_json(parser)
    parser.set_defaults(call=run)


@frozen(kw_only=True)
class Inspected:
    """What was found out about a file."""

    recognised: Recognised
    is_return: bool
    kind: str  # of a return, as its payer calls it
    summary: Summary
    problems: tuple[Problem, ...]


def run(options: Options, terminal: Terminal) -> int:
    """Inspect each file; exit 1 if one is unknown or would be refused, 2 unreadable."""
    catalog = Catalog.installed()
    status = 0
    for number, name in enumerate(options.files):
        if number and not options.json:
            terminal.say()
        try:
            with _open(name) as stream:
                found = _inspect_one(name, stream, catalog, options, terminal)
        except (OSError, Refusal) as error:
            if isinstance(error, BrokenPipeError):
                raise
            why = getattr(error, "strerror", None) or str(error)
            terminal.complain(f"{name}: {why}")
            found = WRONG_USAGE
        status = max(status, found)
    return status


def examine(stream: BinaryIO, recognised: Recognised) -> Inspected:
    """Read a whole file once and keep what must be told."""
    network, format = recognised
    problems: Iterator[Problem]
    if network.is_return(format):
        returned = network.read_return(stream, format)
        for _ in returned.answers():
            pass
        return Inspected(
            recognised=recognised,
            is_return=True,
            kind=returned.kind,
            summary=returned.summary(),
            problems=tuple(returned.summary().problems),
        )
    reading = network.read(stream, format)
    problems = (problem for lot in reading.lots() for problem in lot.problems)
    kept = _first(problems)
    summary = reading.summary()
    both = dict.fromkeys((*summary.problems, *kept))
    return Inspected(
        recognised=recognised,
        is_return=False,
        kind="",
        summary=summary,
        problems=tuple(sorted(both, key=_place)[:_KEPT]),
    )


def as_json(found: Inspected | None) -> dict[str, Any]:
    """Return what programs are promised; None is an unknown file."""
    if found is None:
        return {
            "format": None,
            "network": None,
            "direction": None,
            "valid": False,
            "records": 0,
            "claims": 0,
            "keys": {},
            "totals": {},
            "problems": [],
        }
    summary = found.summary
    return {
        "format": found.recognised.format,
        "network": found.recognised.network.name,
        "direction": "return" if found.is_return else "out",
        "valid": summary.valid,
        "records": summary.records,
        "claims": summary.claims,
        "keys": dict(summary.keys),
        "totals": dict(summary.totals),
        "problems": [
            {
                "record": each.record,
                "position": each.position,
                "field": each.field,
                "severity": each.severity,
                "message": each.message,
            }
            for each in found.problems
        ],
    }


def _inspect_one(
    name: str,
    stream: BinaryIO,
    catalog: Catalog,
    options: Options,
    terminal: Terminal,
) -> int:
    head = stream.read(_HEAD)
    stream.seek(0)
    recognised = catalog.recognise(head)
    named = {"file": name} if len(options.files) > 1 else {}
    if recognised is None:
        if options.json:
            terminal.give(named | as_json(None))
        elif not head:
            terminal.say(
                f"{name}: is empty; a billing file or a payer's return is wanted"
            )
        else:
            known = ", ".join(catalog.network_names) or "none"
            terminal.say(
                f"{name}: in no format that a network here knows (networks: {known})"
            )
            inspect_shown.show_head(head, terminal)
        return DOES_NOT_HOLD
    found = examine(stream, recognised)
    if options.json:
        terminal.give(named | as_json(found))
    else:
        length = size(stream.seek(0, 2))
        inspect_shown.show(
            name,
            length,
            found,
            stream,
            most=None if options.all else max(0, options.records),
            terminal=terminal,
        )
    return 0 if found.summary.valid else DOES_NOT_HOLD


def _open(name: str) -> BinaryIO:
    """Open a file for reading from any place; standard input is copied aside first."""
    if name == _STDIN:
        copy = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
        shutil.copyfileobj(sys.stdin.buffer, copy)
        copy.seek(0)
        return copy
    path = Path(name)
    if path.is_dir():
        raise Refusal("is a folder; wanted a file")
    return path.open("rb")


def _first(problems: Iterator[Problem]) -> list[Problem]:
    """Read all, and keep the first in the order of their places."""
    numbered = ((*_place(each), number, each) for number, each in enumerate(problems))
    return [each[-1] for each in heapq.nsmallest(_KEPT, numbered)]


def _place(problem: Problem) -> tuple[int, int]:
    return problem.record or 0, problem.position or 0
