"""`octway remedy`: what is done about missing answers, and a second person's word."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Row

from gateway.cli import opening
from gateway.cli.arguments import Actions, Options, Parser, a_most, add_by
from gateway.cli.payer_names import must_be_known
from gateway.cli.refusal import Refusal
from gateway.cli.tables import more, table
from gateway.cli.terminal import Terminal
from gateway.committing import Tx
from gateway.database import Database
from gateway.intake.receipts import iso_time
from gateway.journal import approvals, chases, remedies, staff
from gateway.journal.remedies import Wanted
from gateway.steps.plan import Planned, plan
from gateway.steps.plan import count as plan_count
from gateway.wording import money, utc
from protocols.catalog import Catalog
from protocols.networks import Networks
from routing.chase import RemedyState
from routing.remedy import WORDS, Remedy

EXAMPLE: Final = (
    "octway remedy plan\n"
    "octway remedy list --state approval\n"
    "octway remedy approve m0123456789abcdefgh --by lea"
)

_MOST: Final = 25

STATES: Final = {
    RemedyState.APPROVAL.value: "waits for a second person",
    RemedyState.PLANNED.value: "done next",
    RemedyState.TRIED.value: "done, and awaited",
    RemedyState.BROUGHT.value: "claims were answered after it",
    RemedyState.NOTHING.value: "the next one had to be tried",
    RemedyState.FAILED.value: "could not be done",
    RemedyState.DENIED.value: "refused by the second person",
}
"""Where a try stands, for people."""


def define(parser: Parser) -> None:
    """Define the command line."""
    actions = Actions(parser)
    listed = actions.add(
        "list", "list what was tried", "octway remedy list --payer caisse-nord", _list
    )
    listed.add_argument("--lot", metavar="ID", help="for one lot only")
    states = "; ".join(f"{name}: {words}" for name, words in STATES.items())
    listed.add_argument(
        "--state", choices=list(STATES), metavar="STATE", help=f"in one state: {states}"
    )
    listed.add_argument(
        "--what",
        choices=[each.value for each in Remedy],
        metavar="REMEDY",
        help=f"of one kind: {', '.join(Remedy)}",
    )
    planned = actions.add(
        "plan",
        "say what would be done next for each late lot, and do nothing",
        "octway remedy plan --payer caisse-nord",
        _plan,
    )
    for each in (listed, planned):
        each.add_argument("--payer", metavar="ID", help="of one payer only")
        each.add_argument(
            "--most",
            type=a_most,
            default=_MOST,
            metavar="N",
            help=f"how many, the most pressing first (default: {_MOST})",
        )
    for name, words, call in (
        ("approve", "agree, as a second person, that it is done", _approve),
        ("deny", "refuse, as a second person, that it is done", _deny),
    ):
        each = actions.add(name, words, f"octway remedy {name} m01… --by lea", call)
        each.add_argument("remedy", metavar="ID")
        add_by(each)
    again = actions.add(
        "again",
        "chase a lot anew that was given to a person",
        "octway remedy again d0123456789abcdefgh-1",
        _again,
    )
    again.add_argument("lot", metavar="LOT")
    add_by(again)


def as_json(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    """Return one try for programs."""
    return {
        "id": row.id,
        "lot": row.lot_id,
        "dispatch": row.dispatch_id,
        "payer": row.payer_id,
        "flow": row.flow,
        "remedy": row.kind,
        "state": row.state,
        "words": row.words,
        "asked": row.asked,
        "brought": row.brought,
        "at": iso_time(row.at),
        "ended": None if row.ended_at is None else iso_time(row.ended_at),
        "approved_by": row.approved_by or None,
    }


def _list(options: Options, terminal: Terminal) -> int:
    wanted = Wanted(options.payer, options.lot, options.what, options.state)
    with opening.journal(options, terminal) as opened:
        must_be_known(opened, options.payer)
        rows, count = opened.database.read(remedies.listed, wanted, options.most)
    if options.json:
        terminal.give({"remedies": [as_json(row) for row in rows], "count": count})
        return 0
    if not rows:
        none = "no remedy was tried yet; nothing was so late that it needed one"
        terminal.say("no remedy fits what was asked for" if any(wanted) else none)
        return 0
    table(
        terminal,
        ("remedy", "at (UTC)", "lot", "payer", "what", "state", "brought", "why"),
        [
            (
                row.id,
                utc(row.at),
                row.lot_id,
                row.payer_id,
                row.kind,
                row.state,
                f"{row.brought:,}" if row.brought else "",
                row.words,
            )
            for row in rows
        ],
        right=("brought",),
    )
    how = f"--most {count}; to see fewer: --payer, --lot, --what or --state"
    more(terminal, len(rows), count, how)
    return 0


def _plan(options: Options, terminal: Terminal) -> int:
    with opening.journal(options, terminal) as opened:
        must_be_known(opened, options.payer)
        catalog = Catalog.installed()
        directory = opening.directory_in_force(opened, catalog)
        networks = Networks(catalog.networks())
        what = {"payer": options.payer, "most": options.most}
        now = terminal.now()
        found = opened.database.read(plan, directory, networks, now, None, **what)
        count = opened.database.read(plan_count, options.payer)
    if options.json:
        planned = [_planned(each) for each in found]
        terminal.give({"planned": planned, "count": count})
        return 0
    if not found:
        none = "nothing is chased now; every answer owed has come or is not due"
        terminal.say(
            f"nothing of {options.payer} is chased now" if options.payer else none
        )
        return 0
    table(
        terminal,
        ("lot", "payer", "asked", "next", "not before (UTC)", "why"),
        [
            (
                each.lot,
                each.payer,
                money(each.asked),
                _next(each),
                utc(each.at),
                each.why,
            )
            for each in found
        ],
        right=("asked",),
    )
    more(terminal, len(found), count, f"--most {count}; to see fewer: --payer")
    return 0


def _next(each: Planned) -> str:
    if each.remedy is None:
        return f"({each.state})" if each.state != "open" else "wait"
    words = WORDS[Remedy(each.remedy)]
    return f"{words}; a second person must agree" if each.approval else words


def _planned(each: Planned) -> dict[str, Any]:
    return each._asdict() | {"at": None if each.at is None else iso_time(each.at)}


def _approve(options: Options, terminal: Terminal) -> int:
    return _decide(options, terminal, agreed=True)


def _deny(options: Options, terminal: Terminal) -> int:
    return _decide(options, terminal, agreed=False)


def _decide(options: Options, terminal: Terminal, *, agreed: bool) -> int:
    by = options.by or terminal.user
    with opening.journal(options, terminal) as opened:
        row = _must_exist(opened.database, options.remedy)
        if row.state != RemedyState.APPROVAL:
            raise Refusal(
                f"remedy {row.id} is {row.state} ({STATES[row.state]}) and waits for "
                "nobody's word; see: octway remedy list --state approval"
            )
        opened.database.write(
            "remedy.decide",
            lambda tx: approvals.decide(tx, options.remedy, by=by, agreed=agreed),
        )
        row = _must_exist(opened.database, options.remedy)
    if options.json:
        terminal.give(as_json(row))
    else:
        terminal.say(f"{row.id} ({row.kind}) is {row.state}")
    return 0


def _must_exist(database: Database, remedy: str) -> Row[*tuple[Any, ...]]:
    row = database.read(remedies.find, remedy)
    if row is None:
        raise Refusal(
            f"there is no remedy {remedy!r}; see: octway remedy list --state approval"
        )
    return row


def _again(options: Options, terminal: Terminal) -> int:
    by = options.by or terminal.user
    with opening.journal(options, terminal) as opened:
        if opened.database.read(chases.find, options.lot) is None:
            raise Refusal(f"lot {options.lot!r} was never chased; see: octway trace")

        def again(tx: Tx) -> None:
            staff.must_work(tx.connection, by)
            approvals.again(tx, options.lot, by=by)

        opened.database.write("chase.again", again)
    if options.json:
        terminal.give({"lot": options.lot, "state": "open"})
    else:
        terminal.say(
            f"lot {options.lot} is chased anew, from the playbook's first line"
        )
    return 0
