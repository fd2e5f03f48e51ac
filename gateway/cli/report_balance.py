"""`octway report balance`: where all claims stand, and what moved on a day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gateway.cli import opening
from gateway.cli.arguments import Actions, Options
from gateway.cli.payer_names import must_be_known
from gateway.cli.refusal import DOES_NOT_HOLD, WRONG_USAGE, Refusal
from gateway.cli.report_files import a_day, add_csv, write_csv
from gateway.cli.tables import table
from gateway.cli.terminal import Terminal
from gateway.journal import payments, report_balance
from gateway.journal.report_balance import Line
from gateway.wording import counted, money
from routing.ledger import Balance

_HEADER: Final = (
    *("client", "payer", "account", "opening_claims", "opening_cents"),
    *("in_claims", "in_cents", "out_claims", "out_cents"),
    *("closing_claims", "closing_cents"),
)


def define(actions: Actions) -> None:
    """Define the command line."""
    parser = actions.add(
        "balance",
        "daily balance of each client and payer, in claims and in amounts",
        "octway report balance --day 2026-11-24 --csv balance.csv",
        run,
    )
    parser.add_argument("--day", type=a_day, metavar="D", help="default: today")
    parser.add_argument(
        "--zone",
        metavar="ZONE",
        default="UTC",
        help="whose day it is, as Europe/Paris (default: UTC)",
    )
    parser.add_argument("--client", metavar="ID", help="of one client only")
    parser.add_argument("--payer", metavar="ID", help="of one payer only")
    parser.add_argument(
        "--sandbox",
        action="store_true",
        help="of test clients alone, who are in no other balance",
    )
    parser.add_argument(
        "--each", action="store_true", help="a line for each client and payer"
    )
    add_csv(parser)


def run(options: Options, terminal: Terminal) -> int:
    """Add up, and show it; exit 1 if the accounts do not add up to zero.

    People see one line for each account unless they ask; CSV and JSON have all.
    """
    zone = _zone(options.zone)
    day = options.day or datetime.fromtimestamp(terminal.now(), zone).date()
    begins, ends = (
        datetime.combine(each, time(), zone).timestamp()
        for each in (day, day + timedelta(days=1))
    )
    with opening.journal(options, terminal) as opened:
        must_be_known(opened, options.payer)
        lines = opened.database.read(
            report_balance.read, begins, ends, sandbox=options.sandbox
        )
        count, cents = opened.database.read(
            payments.to_come,
            day=day.isoformat(),
            ends=ends,
            client=options.client,
            payer=options.payer,
        )
    lines = [
        line
        for line in lines
        if options.client in (None, line.client) and options.payer in (None, line.payer)
    ]
    total = report_balance.total(lines)
    if options.csv:
        write_csv(options.csv, _HEADER, [_cells(line) for line in lines], terminal)
    if options.json:
        terminal.give(
            {
                "day": day.isoformat(),
                "zone": options.zone,
                "lines": [
                    dict(zip(_HEADER, _cells(line), strict=True)) for line in lines
                ],
                "total": _facts(total),
                "payments_to_come": {"payments": count, "cents": cents},
            }
        )
    else:
        filtered = bool(options.client or options.payer)
        shown = lines if options.each else report_balance.by_account(lines)
        _show(day, options.zone, shown, total, terminal, filtered=filtered)
        if shown and not options.each:
            terminal.say("of each client and payer: octway report balance --each")
        if count:
            words = f"{counted(count, 'payment')}, {money(cents)}"
            terminal.say(f"announced and still to come: {words} (octway payment list)")
    return DOES_NOT_HOLD if any(total) else 0


def _show(
    day: date,
    zone: str,
    lines: Sequence[Line],
    total: Balance,
    terminal: Terminal,
    *,
    filtered: bool,
) -> None:
    if not lines:
        fits = " that fits" if filtered else ""
        terminal.say(f"no claim{fits} had come in by the end of {day} ({zone})")
        return
    table(
        terminal,
        ("client", "payer", "account", "opening", "in", "out", "closing", "asked then"),
        [
            (
                line.client,
                line.payer or ("none yet" if line.client else ""),
                line.account,
                *(
                    f"{each.claims:,}"
                    for each in (line.opening, line.came, line.went, line.closing)
                ),
                money(line.closing.amount),
            )
            for line in lines
        ],
        right=("opening", "in", "out", "closing", "asked then"),
    )
    terminal.say()
    if any(total):
        terminal.say(
            f"the accounts add up to {total.claims:,} claims and {money(total.amount)}, "
            "and must add up to nothing; see: octway verify"
        )
    else:
        terminal.say(
            f"claims on {day} ({zone}), and what those at its end ask; all accounts add up "
            "to nothing, as they must: what came in from outside stands in the others"
        )


def _cells(line: Line) -> tuple[Any, ...]:
    sums = (line.opening, line.came, line.went, line.closing)
    return (
        line.client,
        line.payer,
        str(line.account),
        *(value for each in sums for value in each),
    )


def _facts(balance: Balance) -> dict[str, int]:
    return {"claims": balance.claims, "cents": balance.amount}


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise Refusal(
            f"--zone: {name!r} is no time zone; wanted one as Europe/Paris", WRONG_USAGE
        ) from None
