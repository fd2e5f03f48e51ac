"""`octway report no-response`: which share of the claims sent has no closing answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any, Final

from gateway.cli import opening
from gateway.cli.arguments import Actions, Options, a_count
from gateway.cli.payer_names import must_be_known
from gateway.cli.report_files import (
    a_picture,
    add_csv,
    add_period,
    must_be_in_order,
    write_csv,
    write_file,
)
from gateway.cli.tables import table
from gateway.cli.terminal import Terminal
from gateway.journal import cohorts
from gateway.plots import Point, line_plot
from gateway.wording import counted, percent
from routing.no_response import Rate, Sending, over_until, rates, sendings

_GROUPS: Final[Mapping[str, Callable[[Sending], str]]] = {
    "payer": lambda each: each.payer,
    "flow": lambda each: each.flow,
    "month": lambda each: each.sent_on[:7],
    "day": lambda each: each.sent_on,
}
_BACK: Final = 90  # days that are reported of unless said, beside the age
_MOST_LINES: Final = 6  # in a plot


def define(actions: Actions) -> None:
    """Define the command line."""
    parser = actions.add(
        "no-response",
        "share of the claims sent that have no closing answer after D+k",
        "octway report no-response --by month --after 30 --plot rate.svg",
        run,
    )
    parser.add_argument(
        "--by", choices=list(_GROUPS), default="payer", help="default: payer"
    )
    parser.add_argument(
        "--after",
        type=a_count,
        default=30,
        metavar="K",
        help="days after the sending at which it is looked at (default: 30)",
    )
    parser.add_argument("--payer", metavar="ID", help="of one payer only")
    parser.add_argument("--flow", metavar="FLOW", help="of one flow only")
    add_period(parser, "of sending", since="90 days before the last that is ripe")
    add_csv(parser)
    parser.add_argument(
        "--plot", type=a_picture, metavar="FILE.svg", help="draw it over the days"
    )


def run(options: Options, terminal: Terminal) -> int:
    """Count, and show it."""
    must_be_in_order(options)
    over = over_until(terminal.now())
    since = options.since or over - timedelta(days=options.after + _BACK)
    until = options.until or date.max
    with opening.journal(options, terminal) as opened:
        must_be_known(opened, options.payer)
        rows = opened.database.read(cohorts.read, str(since), str(until))
    found = [
        each
        for each in sendings(rows)
        if options.payer in (None, each.payer) and options.flow in (None, each.flow)
    ]
    groups = rates(found, after=options.after, over=over, by=_GROUPS[options.by])
    everything = rates(found, after=options.after, over=over, by=lambda _: "all")
    total = everything.get("all", Rate(0, 0, 0))
    groups = dict(sorted(groups.items()))
    if options.csv:
        _write(options, groups, terminal)
    if options.plot:
        drawn = _drawn(found, options.by, options.after, over)
        write_file(options.plot, drawn, terminal)
    if options.json:
        terminal.give(
            {
                "after": options.after,
                "by": options.by,
                "total": _facts(total),
                "groups": [
                    {"name": name, **_facts(each)} for name, each in groups.items()
                ],
            }
        )
    else:
        _show(options, groups, total, terminal)
    return 0


def _show(
    options: Options, groups: Mapping[str, Rate], total: Rate, terminal: Terminal
) -> None:
    if not groups:
        filtered = options.payer or options.flow
        what = "none fits: nothing of that" if filtered else "nothing"
        terminal.say(f"{what} was sent in these days; there is no rate to tell")
        return
    rows = [*groups.items(), ("all", total)] if len(groups) > 1 else groups.items()
    table(
        terminal,
        (options.by, "sent", "too young", "unanswered", "share", "95 % interval"),
        [
            (
                name,
                f"{each.sent + each.young:,}",
                f"{each.young:,}" if each.young else "",
                f"{each.lacking:,}" if each.sent else "",
                "" if each.share is None else percent(each.share),
                " to ".join(map(percent, each.interval)) if each.sent else "",
            )
            for name, each in rows
        ],
        right=("sent", "unanswered", "share", "too young"),
    )
    terminal.say()
    if total.sent:
        terminal.say(
            f"{percent(total.share or 0.0)} of {counted(total.sent, 'claim')} had no "
            f"closing answer {counted(options.after, 'day')} after they were sent"
        )
    if total.young:
        terminal.say(f"{_young(total.young, options.after)} and not counted yet")


def _young(claims: int, after: int) -> str:
    told = counted(claims, "claim")
    if not after:
        return (
            f"{told} {'was' if claims == 1 else 'were'} sent on a day that is not over"
        )
    return (
        f"{told} {'is' if claims == 1 else 'are'} younger than {counted(after, 'day')}"
    )


def _write(options: Options, groups: Mapping[str, Rate], terminal: Terminal) -> None:
    header = (
        options.by,
        "after",
        "sent",
        "unanswered",
        "share",
        "low",
        "high",
        "young",
    )
    rows = []
    for name, each in groups.items():
        shares: tuple[object, ...] = ("", "", "")
        if each.share is not None:
            shares = tuple(f"{value:.6f}" for value in (each.share, *each.interval))
        rows.append((name, options.after, each.sent, each.lacking, *shares, each.young))
    write_csv(options.csv, header, rows, terminal)


def _drawn(found: list[Sending], by: str, after: int, over: date) -> bytes:
    """Draw the rate over the days of sending, a line for each of the largest groups."""
    line_of = _GROUPS[by] if by in {"payer", "flow"} else lambda _: "all"
    members: dict[str, list[Sending]] = {}
    for each in found:
        members.setdefault(line_of(each), []).append(each)
    largest = sorted(members, key=lambda name: -sum(m.claims for m in members[name]))
    series: dict[str, list[Point]] = {}
    for name in sorted(largest[:_MOST_LINES]):
        days = rates(members[name], after=after, over=over, by=_GROUPS["day"])
        series[name] = [
            (date.fromisoformat(day), each.share)
            for day, each in sorted(days.items())
            if each.share is not None
        ]
    return line_plot(
        series,
        title=f"Claims without a closing answer after {counted(after, 'day')}",
        x_label="sent on",
        y_label="share of the claims sent",
        percent=True,
    )


def _facts(rate: Rate) -> dict[str, Any]:
    low, high = rate.interval
    return {
        "sent": rate.sent,
        "unanswered": rate.lacking,
        "share": rate.share,
        "low": low if rate.sent else None,
        "high": high if rate.sent else None,
        "young": rate.young,
    }
