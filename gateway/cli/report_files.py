"""What every report shares: days on the command line, and files beside the terminal."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from gateway.cli.arguments import Options, Parser
from gateway.cli.refusal import WRONG_USAGE, Refusal
from gateway.cli.terminal import Terminal
from gateway.sheets import sheet


def a_day(text: str) -> date:
    """Read a day as `2026-11-24`."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no day; wanted one as 2026-11-24"
        ) from None


def add_period(parser: Parser, what: str, *, since: str) -> None:
    """Add `--from D --to D`, both included; `since` says what the first is by default."""
    parser.add_argument(
        "--from",
        dest="since",
        type=a_day,
        metavar="D",
        help=f"first day {what} (default: {since})",
    )
    parser.add_argument(
        "--to", dest="until", type=a_day, metavar="D", help=f"last day {what}"
    )


def must_be_in_order(options: Options) -> None:
    """Refuse a period whose first day comes after its last."""
    if options.since and options.until and options.since > options.until:
        raise Refusal(
            f"--from {options.since} comes after --to {options.until}; wanted the "
            "first day and the last",
            WRONG_USAGE,
        )


def a_picture(text: str) -> str:
    """Read the name of a file that a plot is written to."""
    suffix = Path(text).suffix.lower()
    if suffix not in {"", ".svg"} or text == "-":
        raise argparse.ArgumentTypeError(
            f"{text!r}: plots are SVG only; wanted a name that ends with .svg"
        )
    return text


def a_sheet(text: str) -> str:
    """Read the name of a file that a CSV is written to; `-` is none."""
    if text == "-":
        raise argparse.ArgumentTypeError(
            "'-' is no file; wanted a name, such as /dev/stdout for this terminal"
        )
    return text


def add_csv(parser: Parser) -> None:
    """Add `--csv FILE`."""
    parser.add_argument(
        "--csv", metavar="FILE", type=a_sheet, help="write it as CSV, for a sheet"
    )


def write_csv(
    name: str,
    header: Sequence[str],
    rows: Sequence[Sequence[object]],
    terminal: Terminal,
) -> None:
    """Write a table as CSV (UTF-8, commas) that runs nothing in a sheet, and say where."""
    write_file(name, sheet(header, rows), terminal)


def write_file(name: str, content: bytes, terminal: Terminal) -> None:
    """Write a file, in place of one that is there, and say where."""
    Path(name).write_bytes(content)
    terminal.note(f"written: {name}")
