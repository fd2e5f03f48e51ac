"""`octway report remedies`: what was tried for missing answers, and what it brought."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from gateway.cli import opening
from gateway.cli.arguments import Actions, Options
from gateway.cli.payer_names import must_be_known
from gateway.cli.report_files import add_csv, add_period, must_be_in_order, write_csv
from gateway.cli.tables import table
from gateway.cli.terminal import Terminal
from gateway.journal import report_remedies
from gateway.wording import counted
from routing.chase import RemedyState
from routing.remedy import Remedy

_HEADER = (
    *("payer", "remedy", "tried", "brought", "claims"),
    *("nothing", "failed", "waiting", "denied"),
)

_QUESTIONS = frozenset({Remedy.ASK_STATUS, Remedy.ASK_ENROLMENT})


def define(actions: Actions) -> None:
    """Define the command line."""
    parser = actions.add(
        "remedies",
        "what was tried for missing answers, and what it brought",
        "octway report remedies --from 2026-11-01",
        run,
    )
    parser.add_argument("--payer", metavar="ID", help="of one payer only")
    add_period(parser, "of the tries, UTC", since="the first that there was")
    add_csv(parser)


def run(options: Options, terminal: Terminal) -> int:
    """Count, and show it."""
    must_be_in_order(options)
    since = 0.0 if options.since is None else _begin(options.since)
    until = float("inf")
    if options.until is not None:
        until = _begin(options.until + timedelta(days=1))
    with opening.journal(options, terminal) as opened:
        must_be_known(opened, options.payer)
        found = opened.database.read(report_remedies.read, since, until)
    rows = [_cells(each) for each in found if options.payer in (None, each.payer)]
    if options.csv:
        write_csv(options.csv, _HEADER, rows, terminal)
    if options.json:
        facts = [dict(zip(_HEADER, row, strict=True)) for row in rows]
        terminal.give({"remedies": facts})
        return 0
    if not rows:
        filtered = options.payer or options.since or options.until
        terminal.say(
            "no remedy was tried that fits"
            if filtered
            else "no remedy was tried; nothing was so late that it needed one"
        )
        return 0
    shown = [
        (payer, remedy, *(f"{count:,}" for count in counts))
        for payer, remedy, *counts in rows
    ]
    table(terminal, _HEADER, shown, right=_HEADER[2:])
    terminal.say()
    tried, claims = sum(row[2] for row in rows), sum(row[4] for row in rows)
    terminal.say(
        f"{counted(tried, 'try')} brought the answers of {counted(claims, 'claim')}"
    )
    if any(row[1] in _QUESTIONS and not row[3] for row in rows):
        terminal.say(
            "ask-status and ask-enrolment seldom bring an answer themselves: they tell "
            "which remedy is safe next"
        )
    return 0


def _cells(
    row: report_remedies.Tried,
) -> tuple[str, str, int, int, int, int, int, int, int]:
    state = RemedyState
    return (
        row.payer,
        row.remedy,
        row.tried,
        row.count(state.BROUGHT),
        row.claims,
        row.count(state.NOTHING),
        row.count(state.FAILED),
        row.count(state.APPROVAL, state.PLANNED, state.TRIED),
        row.count(state.DENIED),
    )


def _begin(day: date) -> float:
    return datetime.combine(day, time(), UTC).timestamp()
