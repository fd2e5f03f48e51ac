"""`octway replay ID…`: has things done again, each in one transaction with your name."""

from __future__ import annotations

from typing import Any, Final

from gateway.cli import opening, replay_now
from gateway.cli.arguments import Options, Parser, add_by, add_config, add_json
from gateway.cli.refusal import Refusal
from gateway.cli.terminal import Terminal
from gateway.committing import Tx
from gateway.database import Database
from gateway.journal import dispatches, replay, trace
from gateway.steps import second_person
from protocols.catalog import Catalog
from routing.errors import GatewayError

EXAMPLE: Final = (
    "octway replay d0123456789abcdefgh       # an unreadable deposit is read again\n"
    "octway replay d0123456789abcdefgh-2     # a lot is routed again\n"
    "octway replay s0123456789abcdefgh       # a refused dispatch is sent again\n"
    "octway replay s0123456789abcdefgh --now # one that waits is handed over now"
)
_NEXT: Final = {
    trace.DEPOSIT: "it will be read again",
    trace.LOT: "it will be routed again",
    trace.DISPATCH: "it will be handed over again",
    trace.RETURN: "it will be matched again",
}


def define(parser: Parser) -> None:
    """Define the command line."""
    parser.add_argument(
        "ids", metavar="ID", nargs="+", help="deposit, lot, dispatch or return"
    )
    parser.add_argument(
        "--resend",
        action="store_true",
        help="send again what the payer may already have",
    )
    parser.add_argument(
        "--now",
        action="store_true",
        help="hand over a dispatch that waits: for its payer's window, after a failure",
    )
    add_by(parser)
    add_config(parser)
    add_json(parser)
    parser.set_defaults(call=run)


def run(options: Options, terminal: Terminal) -> int:
    """Replay each; the first that cannot be ends with exit 1, after the others."""
    status = 0
    with opening.journal(options, terminal) as opened:
        for name in options.ids:
            try:
                if options.now:
                    replay_now.run(opened, name, options, terminal)
                    continue
                kind, state = _replay(opened, name, options, terminal)
            except (Refusal, GatewayError) as error:
                terminal.complain(str(error))
                status = 1
                continue
            if options.json:
                terminal.give({"id": name, "kind": kind, "state": state})
            else:
                terminal.say(f"{kind} {name} is {state}: {_NEXT[kind]}")
    return status


def _replay(
    opened: opening.Journal, name: str, options: Options, terminal: Terminal
) -> tuple[str, str]:
    by = options.by or terminal.user
    database = opened.database
    kind = kind_of(database, name)
    values: dict[str, Any] = {"by": by}
    if kind in {trace.LOT, trace.DISPATCH}:
        values["resend"] = options.resend
    if kind == trace.DISPATCH:
        values["repeats"] = _repeats(opened, name)
    calls = {
        trace.DEPOSIT: replay.deposit,
        trace.LOT: replay.lot,
        trace.DISPATCH: replay.dispatch,
        trace.RETURN: replay.payer_return,
    }
    call: Any = calls[kind]

    def again(tx: Tx) -> str:
        second_person.must_not_wait(tx.connection, name)
        return str(call(tx, name, **values))

    return kind, database.write("replay", again)


def kind_of(database: Database, name: str) -> str:
    """Say what an id names, or raise `Refusal`."""
    found = database.read(trace.by_id, name)
    if found is None or found.kind not in _NEXT:
        raise Refusal(
            f"there is no deposit, lot, dispatch or return {name!r}; "
            f"find its id: octway trace {name}"
        )
    return found.kind


def _repeats(opened: opening.Journal, name: str) -> bool:
    """Say whether a dispatch's payer takes the same number twice."""
    row = opened.database.read(dispatches.find, name)
    directory = opening.directory_in_force(opened, Catalog.installed())
    if row is None:
        return False
    return directory.payer(row.payer_id).delivery.resend_same_number
