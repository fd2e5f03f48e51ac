"""`octway report completeness`: what became of all that a client deposited in a month."""

from __future__ import annotations

from typing import Any, Final

from gateway.cli import client_access, opening
from gateway.cli.arguments import Actions, Options
from gateway.cli.refusal import WRONG_USAGE, Refusal
from gateway.cli.report_files import a_sheet, write_file
from gateway.cli.tables import facts, table
from gateway.cli.terminal import Terminal
from gateway.console import report_files
from gateway.console.languages import LANGUAGES, language
from gateway.journal import report_completeness
from gateway.journal.report_completeness import Completeness, Line, Standing
from gateway.wording import counted, money, percent
from protocols.catalog import Catalog

_SHOWN: Final = 20


def define(actions: Actions) -> None:
    """Define the command line."""
    parser = actions.add(
        "completeness",
        "what became of all that a client deposited in a month, to print or send",
        "octway report completeness --client cabinet-1 --month 2026-11 --html nov.html",
        run,
    )
    parser.add_argument("--client", metavar="ID", required=True)
    parser.add_argument("--month", metavar="MONTH", required=True, help="as 2026-11")
    parser.add_argument(
        "--html", metavar="FILE", type=a_sheet, help="write it as a page of its own"
    )
    parser.add_argument(
        "--csv", metavar="FILE", type=a_sheet, help="write it by payer, for a sheet"
    )
    parser.add_argument(
        "--language", choices=list(LANGUAGES), default="en", help="of the page"
    )


def run(options: Options, terminal: Terminal) -> int:
    """Count, and show it; months are those of the console's time zone."""
    with opening.journal(options, terminal) as opened:
        settings = opened.settings
        zone = settings.console.time_zone
        month = report_files.month_of(options.month, zone)
        if month is None:
            raise Refusal(
                f"--month: {options.month!r} is no month; wanted one as 2026-11",
                WRONG_USAGE,
            )
        client = client_access.must_exist(opened.database, options.client)
        report = opened.database.read(report_completeness.read, client.id, *month)
        directory = opening.directory_in_force(opened, Catalog.installed())
    if options.html:
        made = report_files.page(
            report,
            {each.id: each.name for each in directory.payers()},
            client=client,
            now=terminal.now(),
            language=language(options.language),
            zone=zone,
        )
        write_file(options.html, made, terminal)
    if options.csv:
        write_file(options.csv, report_files.csv(report), terminal)
    if options.json:
        terminal.give(_as_json(report, options.month))
    else:
        _show(report, options.month, terminal)
    return 0


def _show(report: Completeness, month: str, terminal: Terminal) -> None:
    if not report.deposits:
        terminal.say(f"{report.client} deposited nothing in {month}")
        return
    total = report.total
    pairs = [
        ("client", report.client),
        ("month", month),
        ("deposits", f"{report.deposits:,}, {report.unreadable:,} unreadable"),
        ("claims", f"{total.total.claims:,}, {money(total.total.asked)} asked"),
        ("paid", money(total.total.paid)),
    ]
    if total.share is not None and total.untracked is not None:
        pairs += [
            ("unanswered", f"{percent(total.share)} of what was sent"),
            ("untracked", f"{percent(total.untracked)} had nothing been done"),
        ]
    facts(terminal, pairs)
    terminal.say()
    header = ("payer", "lots", "claims", *(str(each) for each in Standing), "share")
    table(
        terminal,
        header,
        [_row(each.payer or "none", each) for each in report.lines]
        + [_row("all", total)],
        right=header[1:],
    )
    terminal.say()
    terminal.say(f"{counted(report.late_lots, 'lot')} late")
    for row in report.late[:_SHOWN]:
        terminal.say(f"  {row.id}  {row.payer_id}  {counted(row.claims, 'claim')}")
    if report.late_lots > _SHOWN:
        terminal.say("  and more; --html or --json lists them")


def _row(name: str, line: Line) -> tuple[str, ...]:
    return (
        name,
        f"{line.lots:,}",
        f"{line.total.claims:,}",
        *(f"{line.of([each]).claims:,}" for each in Standing),
        "" if line.share is None else percent(line.share),
    )


def _as_json(report: Completeness, month: str) -> dict[str, Any]:
    return {
        "client": report.client,
        "month": month,
        "deposits": report.deposits,
        "unreadable": report.unreadable,
        "payers": [
            _line(each) | {"payer": each.payer or None} for each in report.lines
        ],
        "total": _line(report.total),
        "late_lots": report.late_lots,
        "late": [
            {
                "lot": row.id,
                "number": row.number,
                "sender": row.sender,
                "payer": row.payer_id,
                "claims": row.claims,
                "asked_cents": row.asked,
                "state": row.state,
            }
            for row in report.late
        ],
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "lots": line.lots,
        **{str(each): line.of([each])._asdict() for each in Standing},
        "claims": line.total.claims,
        "asked": line.total.asked,
        "unanswered_share": line.share,
        "share_without_tracking": line.untracked,
        "brought": line.brought,
    }
