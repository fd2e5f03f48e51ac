"""Which anomalies a command line means: the filters of the desk's list."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime, tzinfo
from typing import Final

from gateway.cli.arguments import Options, Parser
from gateway.cli.refusal import WRONG_USAGE, Refusal
from gateway.journal.anomalies import KINDS
from gateway.journal.cases import HOLDS, STATES, TO_DO, Wanted
from routing.case import SEVERITIES

_UNITS: Final = {"h": 3600.0, "d": 86_400.0, "w": 7 * 86_400.0}
_MOST_DIGITS: Final = 3


def add(parser: Parser) -> None:
    """Add the filters to a command."""
    parser.add_argument("--kind", choices=list(KINDS), metavar="KIND")
    parser.add_argument(
        "--cause", choices=HOLDS, metavar="CAUSE", help="what holds held lots"
    )
    parser.add_argument("--severity", choices=SEVERITIES, metavar="SEVERITY")
    parser.add_argument("--payer", metavar="ID")
    parser.add_argument("--client", metavar="ID")
    parser.add_argument("--assignee", metavar="NAME", help="whose they are")
    parser.add_argument("--text", metavar="WORDS", help="what their words contain")
    add_sandbox(parser)
    parser.add_argument(
        "--state",
        choices=STATES,
        default=TO_DO,
        metavar="STATE",
        help=f"{', '.join(STATES)} (default: {TO_DO})",
    )


def add_sandbox(parser: Parser) -> None:
    """Add the choice of what is about the sandbox; without it that is left out."""
    parser.add_argument(
        "--sandbox", action="store_true", help="those of test clients only"
    )


def wanted_of(options: Options) -> Wanted:
    """Read the filters."""
    return Wanted(
        state=options.state,
        kind=options.kind or "",
        cause=options.cause or "",
        severity=options.severity or "",
        payer=options.payer or "",
        client=options.client or "",
        assignee=options.assignee or "",
        text=options.text or "",
        sandbox="only" if options.sandbox else "",
    )


def a_span(text: str) -> float:
    """Read for how long: `3h`, `2d`, `1w`; returns seconds."""
    number, unit = text[:-1], text[-1:]
    if number.isdecimal() and len(number) <= _MOST_DIGITS and unit in _UNITS:
        return int(number) * _UNITS[unit]
    raise argparse.ArgumentTypeError(
        f"{text!r} is no span; wanted hours, days or weeks: 3h, 2d, 1w"
    )


def add_until(parser: Parser, *, required: bool) -> None:
    """Add until when something is put off: for a span, or until a moment."""
    group = parser.add_mutually_exclusive_group(required=required)
    group.add_argument(
        "--for", dest="span", type=a_span, metavar="SPAN", help="3h, 2d, 1w"
    )
    group.add_argument(
        "--until", metavar="WHEN", help="2026-12-01 or 2026-12-01T08:00, where you are"
    )


def until_of(options: Options, now: float, zone: tzinfo | None) -> float:
    """Read until when, epoch seconds; 0 if it is not said."""
    if options.span is not None:
        return float(now + options.span)
    if options.until is None:
        return 0.0
    try:
        found = datetime.fromisoformat(options.until)
    except ValueError:
        raise Refusal(
            f"--until: {options.until!r} is no moment; wanted 2026-12-01 or "
            "2026-12-01T08:00",
            WRONG_USAGE,
        ) from None
    if found.tzinfo is None and zone is not None:
        found = found.replace(tzinfo=zone)
    return found.astimezone(UTC).timestamp()
