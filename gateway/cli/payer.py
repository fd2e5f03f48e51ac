"""`octway payer`: the payer directory as it is loaded, and whether payers answer."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from config.directory_records import Deadline, PayerEntry, Window, Within
from gateway.cli import opening, payer_find, payer_import, payer_route
from gateway.cli.arguments import Actions, Options, Parser
from gateway.cli.payer_chasing import chasing_as_json, shown_chasing
from gateway.cli.payer_names import find, today_of
from gateway.cli.refusal import DOES_NOT_HOLD, WRONG_USAGE, Refusal
from gateway.cli.tables import facts, table
from gateway.cli.terminal import Terminal
from gateway.payer_trial import try_payer
from gateway.wording import clock, counted, listing, span
from protocols.catalog import Catalog
from routing.directory import Directory

EXAMPLE: Final = (
    "octway payer list\n"
    "octway payer show caisse-nord\n"
    "octway payer find --name nord --profession optician\n"
    "octway payer test caisse-nord\n"
    "octway payer import national.csv --dry-run\n"
    "octway payer route amc_number=0223490000 convention_type=OC agreement=T"
)
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def define(parser: Parser) -> None:
    """Define the command line."""
    actions = Actions(parser)
    listed = actions.add(
        "list", "list payers", "octway payer list --network sesam", _list
    )
    listed.add_argument("--network", metavar="NAME")
    show = actions.add("show", "show one payer", "octway payer show caisse-nord", _show)
    show.add_argument("payer", metavar="ID", help="a payer's id, or one of its codes")
    test = actions.add(
        "test",
        "log in at a payer and look at its folders; hands nothing over",
        "octway payer test caisse-nord",
        _test,
    )
    test.add_argument("payers", metavar="ID", nargs="*", help="payers to test")
    test.add_argument("--all", action="store_true", help="every payer with an endpoint")
    payer_find.define(actions)
    payer_import.define(actions)
    payer_route.define(actions)


def _list(options: Options, terminal: Terminal) -> int:
    directory = _directory(options, terminal)
    payers = [
        payer
        for payer in directory.payers()
        if options.network in (None, payer.network)
    ]
    if options.json:
        terminal.give(
            {
                "version": directory.version,
                "payers": [_as_json(payer, directory) for payer in payers],
            }
        )
        return 0
    if not payers:
        terminal.say(
            "there is no payer yet; write a file in the payer directory, or: "
            "octway payer import FILE"
        )
        return 0
    today = today_of(terminal)
    table(
        terminal,
        ("payer", "name", "network", "codes", "flows", "endpoint"),
        [
            (
                payer.id,
                payer.name,
                payer.network,
                listing([c.code for c in payer.codes if c.covers(today)], most=4),
                ", ".join(payer.flows),
                _reached(payer, directory),
            )
            for payer in payers
        ],
    )
    terminal.note(f"{counted(len(payers), 'payer')}, version {directory.version[:12]}")
    return 0


def _show(options: Options, terminal: Terminal) -> int:
    directory = _directory(options, terminal)
    payer = find(directory, options.payer, today_of(terminal))
    if options.json:
        terminal.give(_as_json(payer, directory))
        return 0
    codes = [
        f"{each.code}{_days(each.valid_from, each.valid_until)}"
        + (f", then {each.successor}" if each.successor else "")
        for each in payer.codes
    ]
    delivery, gather = payer.delivery, payer.gather
    pairs = [
        ("payer", payer.id),
        ("name", payer.name),
        ("network", f"{payer.network}, {payer.country}, {payer.time_zone}"),
        ("codes", "; ".join(codes)),
        ("flows", ", ".join(payer.flows)),
        ("enrolment", "needed" if payer.enrolment else "not needed"),
        ("endpoint", _reached(payer, directory)),
        (
            "a dispatch",
            f"up to {counted(gather.max_lots, 'lot')}, "
            f"{counted(gather.max_claims, 'claim')}, "
            f"{f'after {span(gather.wait)} at most' if gather.wait else 'at once'}",
        ),
        ("windows", "; ".join(map(_window, delivery.windows)) or "always"),
        ("at once", counted(delivery.concurrency, "dispatch")),
        (
            "again",
            f"first after {span(delivery.retry.first)}, at most every "
            f"{span(delivery.retry.max)}, given up after "
            f"{span(delivery.retry.give_up_after)}",
        ),
        (
            "same number twice",
            "does no harm" if delivery.resend_same_number else "could be paid twice",
        ),
    ]
    pairs += [
        (
            f"owes {each.kind}",
            f"for each {each.level} {_until(each.within)}, missing after "
            f"{each.grace} more",
        )
        for each in payer.expects
    ]
    facts(terminal, pairs + shown_chasing(payer))
    return 0


def _test(options: Options, terminal: Terminal) -> int:
    settings = opening.settings_of(options, terminal)
    catalog = Catalog.installed()
    directory = opening.directory_of(settings, catalog)
    if options.all:
        payers = [payer for payer in directory.payers() if payer.endpoint]
    else:
        today = today_of(terminal)
        payers = [find(directory, each, today) for each in options.payers]
    if not payers:
        raise Refusal("no payer is named; wanted some IDs, or --all", WRONG_USAGE)
    status = 0
    for payer in payers:
        answers, words = try_payer(payer, directory, catalog)
        if not answers:
            status = DOES_NOT_HOLD
        if options.json:
            terminal.give({"payer": payer.id, "answers": answers, "words": words})
        elif answers:
            terminal.say(f"{payer.id}: {terminal.paint('answers', 'green')}: {words}")
        else:
            terminal.complain(f"{payer.id}: does not answer: {words}")
    return status


def _directory(options: Options, terminal: Terminal) -> Directory:
    settings = opening.settings_of(options, terminal)
    return opening.directory_of(settings, Catalog.installed())


def _reached(payer: PayerEntry, directory: Directory) -> str:
    """Say how a payer is reached; its settings may hold secrets and stay hidden."""
    if payer.endpoint is None:
        return "none yet: its lots are held"
    endpoint = directory.endpoint(payer.endpoint)
    name = "" if endpoint.id == payer.id else f" {endpoint.id}"
    return f"{endpoint.channel}{name}{' (simulated)' if endpoint.simulated else ''}"


def _as_json(payer: PayerEntry, directory: Directory) -> dict[str, Any]:
    endpoint = directory.endpoint(payer.endpoint) if payer.endpoint else None
    return {
        "payer": payer.id,
        "name": payer.name,
        "network": payer.network,
        "country": payer.country,
        "time_zone": payer.time_zone,
        "codes": [
            {
                "code": each.code,
                "valid_from": each.valid_from and each.valid_from.isoformat(),
                "valid_until": each.valid_until and each.valid_until.isoformat(),
                "successor": each.successor,
            }
            for each in payer.codes
        ],
        "flows": list(payer.flows),
        "endpoint": endpoint and endpoint.id,
        "channel": endpoint and endpoint.channel,
        "simulated": endpoint is not None and endpoint.simulated,
        "expects": [
            {
                "kind": each.kind,
                "level": each.level,
                "within": str(each.within),
                "grace": str(each.grace),
            }
            for each in payer.expects
        ],
        **chasing_as_json(payer),
    }


def _days(first: date | None, last: date | None) -> str:
    if first is None and last is None:
        return ""
    return f" ({first or 'ever'} to {last or 'now'})"


def _until(due: Within | Deadline) -> str:
    if isinstance(due, Within):
        return f"within {due}"
    cut_off = f" if sent before {clock(due.cut_off)}" if due.cut_off else ""
    return f"by {due}{cut_off}"


def _window(window: Window) -> str:
    days = ",".join(_DAYS[day] for day in window.days)
    return f"{days} {clock(window.opens)}-{clock(window.closes)}"
