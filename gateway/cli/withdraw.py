"""`octway withdraw ID`: takes a lot or a dispatch back before it leaves."""

from __future__ import annotations

from typing import Final

from gateway.cli import opening
from gateway.cli.arguments import Options, Parser, add_by, add_config, add_json
from gateway.cli.refusal import Refusal
from gateway.cli.replay import kind_of
from gateway.cli.terminal import Terminal
from gateway.committing import Tx
from gateway.journal import replay, trace
from gateway.steps import second_person

EXAMPLE: Final = "octway withdraw d0123456789abcdefgh-2 --why 'sent by mistake'"


def define(parser: Parser) -> None:
    """Define the command line."""
    parser.add_argument("id", metavar="ID", help="lot, or dispatch")
    parser.add_argument("--why", default="withdrawn by a person", metavar="WORDS")
    add_by(parser)
    add_config(parser)
    add_json(parser)
    parser.set_defaults(call=run)


def run(options: Options, terminal: Terminal) -> int:
    """Withdraw it."""
    by = options.by or terminal.user
    with opening.journal(options, terminal) as opened:
        kind = kind_of(opened.database, options.id)
        if kind not in {trace.LOT, trace.DISPATCH}:
            raise Refusal(f"{options.id} is a {kind}; only lots and dispatches go back")
        call = replay.withdraw_lot if kind == trace.LOT else replay.withdraw_dispatch

        def withdraw(tx: Tx) -> str:
            second_person.must_not_wait(tx.connection, options.id)
            return call(tx, options.id, by=by, why=options.why)

        state = opened.database.write("withdraw", withdraw)
    if options.json:
        terminal.give({"id": options.id, "kind": kind, "state": state})
    elif kind == trace.LOT:
        terminal.say(f"lot {options.id} is {state}; octway replay brings it back")
    else:
        terminal.say(f"dispatch {options.id} is {state}; its lots are gathered anew")
    return 0
