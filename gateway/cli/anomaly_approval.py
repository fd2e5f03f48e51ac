"""`octway anomaly agree` and `refuse`: a second person's word on what is to be done to many."""

from __future__ import annotations

from gateway.cli import opening
from gateway.cli.arguments import Actions, Options, add_by
from gateway.cli.terminal import Terminal
from gateway.database import Database
from gateway.steps import second_person
from protocols.catalog import Catalog
from routing.directory import Directory
from routing.errors import GatewayError


def define(actions: Actions) -> None:
    """Define both command lines."""
    agree = actions.add(
        "agree",
        "have done, as a second person, what somebody asked to do to many",
        "octway anomaly agree a01… --by lea",
        _agree,
    )
    refuse = actions.add(
        "refuse",
        "close such a case with nothing done, and say why",
        "octway anomaly refuse a01… 'the fund has them' --by lea",
        _refuse,
    )
    for each in (agree, refuse):
        each.add_argument("anomaly", metavar="ID")
        add_by(each)
    refuse.add_argument("words", nargs="+", metavar="WORDS")


def _agree(options: Options, terminal: Terminal) -> int:
    case, by = options.anomaly, options.by or terminal.user
    with opening.journal(options, terminal) as opened:
        database = opened.database
        directory = opening.directory_in_force(opened, Catalog.installed())
        names = database.write(
            "bulk.agree", lambda tx: second_person.agree(tx, case, by=by)
        )
        failed = _do(database, case, names, directory)
        done = len(names) - len(failed)
        database.write(
            "bulk.end", lambda tx: second_person.end(tx, case, done, failed, by=by)
        )
    if options.json:
        terminal.give({"anomaly": case, "done": done, "failed": failed})
    else:
        terminal.say(f"{case}: {done:,} of {len(names):,} done")
        for why in failed.values():
            terminal.complain(why)
    return 1 if failed else 0


def _do(
    database: Database, case: str, names: list[str], directory: Directory
) -> dict[str, str]:
    """Do it one by one; return what could not be done, with why."""
    failed: dict[str, str] = {}
    for name in names:
        try:
            database.write("bulk", second_person.do_one, case, name, directory)
        except GatewayError as error:
            failed[name] = str(error)
    return failed


def _refuse(options: Options, terminal: Terminal) -> int:
    case, by = options.anomaly, options.by or terminal.user
    why = " ".join(options.words)
    with opening.journal(options, terminal) as opened:
        opened.database.write(
            "bulk.refuse", lambda tx: second_person.refuse(tx, case, why, by=by)
        )
    if options.json:
        terminal.give({"anomaly": case, "refused": True})
    else:
        terminal.say(f"{case} is refused; nothing was done")
    return 0
