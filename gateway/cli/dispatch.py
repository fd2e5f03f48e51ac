"""`octway dispatch`: what a person says of a file for a payer."""

from __future__ import annotations

from typing import Final

from gateway.cli import opening
from gateway.cli.arguments import Actions, Options, Parser, add_by
from gateway.cli.refusal import Refusal
from gateway.cli.terminal import Terminal
from gateway.committing import Tx
from gateway.journal import dispatches
from gateway.steps import outside, second_person
from protocols.catalog import Catalog
from routing.lifecycle import DispatchState

EXAMPLE: Final = (
    "octway dispatch delivered s0123456789abcdefgh --by lea --why 'their server was down' "
    "--proof 'receipt 4711 of their desk'"
)


def define(parser: Parser) -> None:
    """Define the command line."""
    actions = Actions(parser)
    delivered = actions.add(
        "delivered",
        "note that you handed a dispatch over on another way; its answers are owed then",
        EXAMPLE,
        _delivered,
    )
    delivered.add_argument("dispatch", metavar="ID")
    delivered.add_argument(
        "--proof",
        required=True,
        metavar="WORDS",
        help="what shows that its payer has it: the number of a receipt, a name",
    )
    delivered.add_argument(
        "--why", default="delivered during an outage", metavar="WORDS"
    )
    add_by(delivered)


def _delivered(options: Options, terminal: Terminal) -> int:
    by = options.by or terminal.user
    with opening.journal(options, terminal) as opened:
        row = opened.database.read(dispatches.find, options.dispatch)
        if row is None:
            raise Refusal(
                f"there is no dispatch {options.dispatch!r}; find its id: octway trace"
            )
        directory = opening.directory_in_force(opened, Catalog.installed())

        def deliver(tx: Tx) -> DispatchState:
            second_person.must_not_wait(tx.connection, options.dispatch)
            return outside.deliver(
                tx,
                options.dispatch,
                directory,
                by=by,
                why=options.why,
                proof=options.proof,
            )

        state = opened.database.write("dispatch.outside", deliver)
    if options.json:
        terminal.give({"id": options.dispatch, "kind": "dispatch", "state": state})
    else:
        terminal.say(
            f"dispatch {options.dispatch} is {state}: {row.payer_id} owes its answers "
            "from now on"
        )
    return 0
