"""`octway client webhook`: the endpoints of a client that are told what happens.

What is put in line here is delivered by a running node.
"""

from __future__ import annotations

from typing import Any, Final

from gateway.cli import opening
from gateway.cli.arguments import Actions, Options, add_by
from gateway.cli.client_access import must_exist
from gateway.cli.refusal import WRONG_USAGE, Refusal
from gateway.cli.terminal import Terminal
from gateway.cli.webhook_shown import as_json, show_list
from gateway.committing import Tx
from gateway.journal import webhook_events, webhooks
from gateway.webhooks import signature
from gateway.webhooks.addresses import Addresses, AddressRefused
from gateway.webhooks.kinds import KINDS

_ADD: Final = (
    "octway client webhook add cabinet-1 https://vendor.example/octway "
    "--event return.available"
)
_LIST: Final = "octway client webhook list cabinet-1"
_REMOVE: Final = "octway client webhook remove cabinet-1 w1m80mfezsvwshx9q9w"
_TEST: Final = "octway client webhook test cabinet-1 w1m80mfezsvwshx9q9w"


def define(actions: Actions) -> None:
    """Define the actions."""
    webhook = Actions(
        actions.add("webhook", "endpoints that are told what happens", _ADD, None)
    )
    add = webhook.add("add", "register an endpoint, show its secret once", _ADD, _add)
    add.add_argument("client", metavar="ID")
    add.add_argument("url", metavar="URL")
    add.add_argument(
        "--event",
        metavar="KIND",
        action="append",
        choices=tuple(KINDS),
        help=f"kind to be told, again for more (default: all): {', '.join(KINDS)}",
    )
    add.add_argument("--description", metavar="WORDS", default="")
    listed = webhook.add("list", "list a client's endpoints", _LIST, _list)
    listed.add_argument("client", metavar="ID")
    for name, words, example, call in (
        ("remove", "forget an endpoint and what waits for it", _REMOVE, _remove),
        ("test", "have a test delivered", _TEST, _test),
    ):
        action = webhook.add(name, words, example, call)
        action.add_argument("client", metavar="ID")
        action.add_argument("webhook", metavar="WEBHOOK")
        add_by(action)
    add_by(add)


def _add(options: Options, terminal: Terminal) -> int:
    with opening.journal(options, terminal) as opened:
        must_exist(opened.database, options.client)
        try:
            Addresses(allowed=opened.settings.webhooks.allow).target(options.url)
        except AddressRefused as error:
            raise Refusal(
                f"{options.url!r} cannot be called: {error}", WRONG_USAGE
            ) from None
        keys = opening.payloads_of(opened.settings, terminal).keys
        secret = signature.new_secret(terminal.entropy)

        def write(tx: Tx) -> str:
            name = webhooks.new_name(tx, terminal.entropy)
            webhooks.add(
                tx,
                name,
                options.client,
                url=options.url,
                kinds=options.event or (),
                description=options.description,
                sealed=signature.seal(keys, name, secret),
                by=options.by or terminal.user,
            )
            return name

        name = opened.database.write("webhook.add", write)
    if options.json:
        terminal.give({"webhook": name, "secret": signature.shown(secret)})
        return 0
    terminal.say(f"webhook  {name}")
    terminal.say(f"secret   {signature.shown(secret)}")
    terminal.say("It is shown this once; give it to the vendor on a safe way.")
    return 0


def _list(options: Options, terminal: Terminal) -> int:
    with opening.journal(options, terminal) as opened:
        must_exist(opened.database, options.client)
        rows = opened.database.read(webhooks.of_client, options.client)
    if options.json:
        terminal.give({"webhooks": [as_json(row) for row in rows]})
    else:
        show_list(rows, terminal)
    return 0


def _remove(options: Options, terminal: Terminal) -> int:
    with opening.journal(options, terminal) as opened:
        row = _own(opened, options)
        by = options.by or terminal.user
        opened.database.write("webhook.remove", webhooks.remove, row.id, by)
    if options.json:
        terminal.give({"removed": row.id})
    else:
        terminal.say(f"webhook {row.id} is removed, with all that waited for it")
    return 0


def _test(options: Options, terminal: Terminal) -> int:
    with opening.journal(options, terminal) as opened:
        row = _own(opened, options)

        def write(tx: Tx) -> str:
            return webhook_events.add_test(tx, terminal.entropy, row)

        name = opened.database.write("webhook.test", write)
    if options.json:
        terminal.give({"delivery": name})
    else:
        terminal.say(
            f"delivery {name} is in line; a running node delivers it, then: "
            f"octway webhook deliveries {row.id}"
        )
    return 0


def _own(opened: opening.Journal, options: Options) -> Any:
    row = opened.database.read(webhooks.find, options.client, options.webhook)
    if row is None:
        raise Refusal(
            f"client {options.client!r} has no webhook {options.webhook!r}; see: "
            f"octway client webhook list {options.client}"
        )
    return row
