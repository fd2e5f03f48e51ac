"""`octway enrol`: which senders a payer knows, and who must act for the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Row

from gateway.cli import enrol_files, opening
from gateway.cli.arguments import Actions, Options, Parser, a_most
from gateway.cli.payer_names import find, must_be_known, today_of
from gateway.cli.refusal import WRONG_USAGE, Refusal
from gateway.cli.tables import more, table
from gateway.cli.terminal import Terminal
from gateway.enrolling import flow_problem, flows_of, sender_problem
from gateway.intake.receipts import iso_time
from gateway.journal import enrolment_lists, enrolments
from gateway.journal.enrolments import Stated
from gateway.wording import counted, utc
from protocols.catalog import Catalog
from protocols.interface import Network
from routing.directory import Directory
from routing.enrolment import ACTS_NEXT, NEXT, EnrolmentState

EXAMPLE: Final = (
    "octway enrol list --payer caisse-nord --state to-sign\n"
    "octway enrol set 275968535 caisse-nord open --words 'letter of 12 March'\n"
    "octway enrol import enrolments.csv"
)

_MOST: Final = 100
_Shown = tuple[Row[*tuple[Any, ...]], int]  # an enrolment, and how many lots it holds


def define(parser: Parser) -> None:
    """Define the command line."""
    actions = Actions(parser)
    listed = actions.add(
        "list",
        "list enrolments, who acts next, and how many lots wait",
        "octway enrol list --payer caisse-nord",
        _list,
    )
    listed.add_argument("--payer", metavar="ID", help="with one payer only")
    listed.add_argument("--sender", metavar="NUMBER", help="of one sender only")
    listed.add_argument(
        "--state",
        choices=list(EnrolmentState),
        metavar="STATE",
        help=f"in one state: {', '.join(EnrolmentState)}",
    )
    listed.add_argument(
        "--most",
        type=a_most,
        default=_MOST,
        metavar="N",
        help=f"how many (default: {_MOST}); export writes them all",
    )
    put = actions.add(
        "set",
        "say how an enrolment stands; its lots, held or chased, go when it is open",
        "octway enrol set 275968535 caisse-nord open",
        _set,
    )
    ask = actions.add(
        "ask",
        "note that a payer was asked to register a sender",
        "octway enrol ask 275968535 caisse-nord",
        _ask,
    )
    for each in (put, ask):
        each.add_argument("sender", metavar="SENDER")
        each.add_argument("payer", metavar="PAYER", help="its id, or one of its codes")
        each.add_argument("flow", metavar="FLOW", nargs="?", default="")
        each.add_argument("--words", default="", help="why, or who said so")
    put.add_argument(
        "state",
        metavar="STATE",
        choices=list(EnrolmentState),
        help=", ".join(EnrolmentState),
    )
    imported = actions.add(
        "import",
        "take every enrolment of a CSV, or none if a line is wrong",
        "octway enrol import enrolments.csv   # sender;payer;flow;state;words",
        _import,
    )
    imported.add_argument("file", metavar="FILE", type=Path)
    exported = actions.add(
        "export",
        "write every enrolment as a CSV, as import takes it",
        "octway enrol export enrolments.csv",
        _export,
    )
    exported.add_argument("file", metavar="FILE", type=Path, nargs="?")


def _list(options: Options, terminal: Terminal) -> int:
    networks = _networks(Catalog.installed())
    senders = None
    if options.sender:
        senders = {each.normal_sender(options.sender) for each in networks.values()}
    shown, count = _read(
        options,
        terminal,
        networks,
        payer=options.payer,
        senders=senders,
        state=options.state,
        most=options.most,
    )
    if options.json:
        listed = [_as_json(row, lots) for row, lots in shown]
        terminal.give({"enrolments": listed, "count": count})
    elif not shown:
        terminal.say("no enrolment is noted that fits")
    else:
        _table(shown, terminal)
        how = f"--most {count}, or octway enrol export; to see fewer: --payer, --state"
        more(terminal, len(shown), count, how)
    return 0


def _read(
    options: Options,
    terminal: Terminal,
    networks: Mapping[str, Network],
    **wanted: Any,
) -> tuple[list[_Shown], int]:
    """Read enrolments, each with how many lots are held for it, and count them all."""
    with opening.journal(options, terminal) as opened:
        must_be_known(opened, wanted.get("payer"))
        rows, count = opened.database.read(enrolment_lists.listed, **wanted)
        waiting = opened.database.read(enrolment_lists.waiting, networks)
    shown = [
        (row, waiting[row.network, row.sender, row.payer_id, row.flow]) for row in rows
    ]
    return shown, count


def _table(shown: Sequence[_Shown], terminal: Terminal) -> None:
    table(
        terminal,
        (
            "sender",
            "payer",
            "flow",
            "client",
            "state",
            "since (UTC)",
            "lots",
            "acts",
            "words",
        ),
        [
            (
                row.sender,
                row.payer_id,
                row.flow,
                row.client_id or "",
                row.state,
                utc(row.changed_at),
                f"{lots:,}" if lots else "",
                ACTS_NEXT[EnrolmentState(row.state)],
                row.words,
            )
            for row, lots in shown
        ],
        right=("lots",),
    )


def _set(options: Options, terminal: Terminal) -> int:
    return _move(options, terminal, EnrolmentState(options.state), "")


def _ask(options: Options, terminal: Terminal) -> int:
    hint = (
        "; this sends nothing: ask the payer as it wants to be asked, if not done yet"
    )
    return _move(options, terminal, EnrolmentState.REQUESTED, hint)


def _move(
    options: Options, terminal: Terminal, state: EnrolmentState, hint: str
) -> int:
    """Put one enrolment into a state, and say who acts next."""
    directory, networks = _directory(options, terminal)
    payer = find(directory, options.payer, today_of(terminal))
    problem = flow_problem(payer, options.flow)
    if problem:
        raise Refusal(f"FLOW {problem}", WRONG_USAGE)
    network = networks[payer.network]
    problem = sender_problem(network, options.sender, payer)
    if problem:
        raise Refusal(f"SENDER {problem}", WRONG_USAGE)
    flow = options.flow or flows_of(payer)[0]
    whose = (network, options.sender, payer.id, flow)
    stated = Stated(*whose, state, " ".join(options.words.split()))
    with opening.journal(options, terminal) as opened:
        waiting = opened.database.read(enrolment_lists.waiting, networks)
        opened.database.write(
            "enrol.set", lambda tx: enrolments.state_all(tx, [stated], source="staff")
        )
        row = opened.database.read(enrolments.find, *whose)
    assert row is not None  # noqa: S101 - it has just been written
    lots = waiting[row.network, row.sender, row.payer_id, row.flow]
    if options.json:
        terminal.give(_as_json(row, lots))
        return 0
    now = EnrolmentState(row.state)
    terminal.say(
        f"{options.sender} is {now} with {payer.id} for {flow}; {NEXT[now]}"
        + (hint if now is EnrolmentState.REQUESTED else "")
    )
    if lots:
        goes = "go now" if now is EnrolmentState.OPEN else "wait until it is open"
        terminal.say(f"{counted(lots, 'held lot')} {goes}")
    return 0


def _import(options: Options, terminal: Terminal) -> int:
    directory, networks = _directory(options, terminal)
    stated = enrol_files.read(options.file, directory, networks)
    with opening.journal(options, terminal) as opened:
        changed = opened.database.write(
            "enrol.import", lambda tx: enrolments.state_all(tx, stated, source="import")
        )
    if options.json:
        terminal.give({"read": len(stated), "changed": changed})
    else:
        terminal.say(f"{counted(len(stated), 'enrolment')} read, {changed:,} changed")
    return 0


def _export(options: Options, terminal: Terminal) -> int:
    shown, _ = _read(options, terminal, _networks(Catalog.installed()))
    if options.json:
        terminal.give({"enrolments": [_as_json(row, lots) for row, lots in shown]})
    elif options.file in (None, Path("-")):
        enrol_files.write([row for row, _ in shown], terminal.out)
    else:
        with options.file.open("x", encoding="utf-8", newline="") as into:
            enrol_files.write([row for row, _ in shown], into)
        count = counted(len(shown), "enrolment")
        terminal.say(f"{count} written to {options.file}")
    return 0


def _directory(
    options: Options, terminal: Terminal
) -> tuple[Directory, dict[str, Network]]:
    catalog = Catalog.installed()
    settings = opening.settings_of(options, terminal)
    return opening.directory_of(settings, catalog), _networks(catalog)


def _networks(catalog: Catalog) -> dict[str, Network]:
    return {network.name: network for network in catalog.networks()}


def _as_json(row: Any, lots: int) -> dict[str, Any]:
    state = EnrolmentState(row.state)
    return {
        "network": row.network,
        "sender": row.sender,
        "payer": row.payer_id,
        "flow": row.flow,
        "client": row.client_id,
        "state": state,
        "acts_next": ACTS_NEXT[state],
        "next": NEXT[state],
        "lots_held": lots,
        "source": row.source,
        "words": row.words,
        "requested_at": _time(row.requested_at),
        "opened_at": _time(row.opened_at),
        "changed_at": iso_time(row.changed_at),
    }


def _time(at: float | None) -> str | None:
    return None if at is None else iso_time(at)
