"""`octway webhook`: what clients' endpoints were told, and telling them again."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from gateway.cli import opening
from gateway.cli.arguments import Actions, Options, Parser, a_most, add_by
from gateway.cli.refusal import WRONG_USAGE, Refusal
from gateway.cli.terminal import Terminal
from gateway.cli.webhook_shown import (
    as_json,
    delivery_as_json,
    show_deliveries,
    show_list,
)
from gateway.committing import Tx
from gateway.journal import webhook_deliveries, webhooks
from gateway.wording import counted
from routing.webhook import DeliveryState, WebhookEvent

EXAMPLE: Final = (
    "octway webhook list\n"
    "octway webhook deliveries w1m80mfezsvwshx9q9w --state dead\n"
    "octway webhook replay w1m80mfezsvwshx9q9w --since 2026-11-02T08:00+01:00"
)
_SHOWN: Final = 50
_MOST_REPLAYED: Final = 100_000


def define(parser: Parser) -> None:
    """Define the command line."""
    actions = Actions(parser)
    actions.add("list", "list every client's endpoints", "octway webhook list", _list)
    deliveries = actions.add(
        "deliveries",
        "list what was told to an endpoint and what waits, newest first",
        "octway webhook deliveries w1m80mfezsvwshx9q9w --state dead",
        _deliveries,
    )
    deliveries.add_argument("webhook", metavar="WEBHOOK")
    deliveries.add_argument("--state", choices=[each.value for each in DeliveryState])
    deliveries.add_argument("--most", metavar="N", type=a_most, default=_SHOWN)
    replay = actions.add(
        "replay",
        "deliver again what was given up: one, or all since a time",
        EXAMPLE.splitlines()[-1],
        _replay,
    )
    replay.add_argument("webhook", metavar="WEBHOOK")
    replay.add_argument("delivery", metavar="DELIVERY", nargs="?")
    replay.add_argument(
        "--since",
        metavar="TIME",
        help="ISO 8601 with its zone; all that happened since",
    )
    replay.add_argument(
        "--all", action="store_true", help="also what the endpoint has taken"
    )
    add_by(replay)
    for name, words, happened in (
        ("pause", "call an endpoint no more; what happens waits", WebhookEvent.PAUSE),
        ("resume", "put an endpoint back in use", WebhookEvent.RESUME),
    ):
        action = actions.add(
            name, words, f"octway webhook {name} w1m80mfezsvwshx9q9w", _move
        )
        action.add_argument("webhook", metavar="WEBHOOK")
        action.set_defaults(happened=happened)
        add_by(action)


def _list(options: Options, terminal: Terminal) -> int:
    with opening.journal(options, terminal) as opened:
        rows = opened.database.read(webhooks.every)
    if options.json:
        terminal.give({"webhooks": [as_json(row) for row in rows]})
    else:
        show_list(rows, terminal)
    return 0


def _deliveries(options: Options, terminal: Terminal) -> int:
    with opening.journal(options, terminal) as opened:
        row = _must_exist(opened, options.webhook)
        found = opened.database.read(
            webhook_deliveries.listed,
            row.id,
            limit=options.most + 1,
            state=options.state,
        )
    shown = found[: options.most]
    if options.json:
        terminal.give({"deliveries": [delivery_as_json(each) for each in shown]})
        return 0
    show_deliveries(shown, terminal)
    if len(found) > len(shown):
        terminal.say("and older ones; to see them: --most N")
    return 0


def _replay(options: Options, terminal: Terminal) -> int:
    if (options.delivery is None) == (options.since is None):
        raise Refusal("wanted either DELIVERY or --since TIME", WRONG_USAGE)
    since = None if options.since is None else _moment(options.since)
    by = options.by or terminal.user
    with opening.journal(options, terminal) as opened:
        row = _must_exist(opened, options.webhook)

        def write(tx: Tx) -> list[str]:
            events = _events(tx, row.id, options, since)
            return webhook_deliveries.replay(tx, row.id, events, by)

        made = opened.database.write("webhook.replay", write)
    if options.json:
        terminal.give({"replayed": made})
    else:
        terminal.say(
            f"{counted(len(made), 'delivery')} in line; a running node tells it"
        )
    return 0


def _events(tx: Tx, webhook: str, options: Options, since: float | None) -> list[str]:
    if since is not None:
        return webhook_deliveries.to_replay(
            tx.connection, webhook, since, all_states=options.all, most=_MOST_REPLAYED
        )
    found = webhook_deliveries.find(tx.connection, webhook, options.delivery)
    if found is None or found.state == DeliveryState.PENDING:
        why = "has no" if found is None else "still has in line"
        raise Refusal(
            f"webhook {webhook} {why} delivery {options.delivery!r}; see: "
            f"octway webhook deliveries {webhook}"
        )
    return [found.event_id]


def _move(options: Options, terminal: Terminal) -> int:
    by = options.by or terminal.user
    with opening.journal(options, terminal) as opened:
        row = _must_exist(opened, options.webhook)

        def write(tx: Tx) -> str:
            return webhooks.move(tx, webhooks.lock(tx, row.id), options.happened, by=by)

        state = opened.database.write("webhook.move", write)
    if options.json:
        terminal.give({"webhook": row.id, "state": state})
    else:
        terminal.say(f"webhook {row.id} is {state}")
    return 0


def _must_exist(opened: opening.Journal, name: str) -> Any:
    row = opened.database.read(webhooks.find, None, name)
    if row is None:
        raise Refusal(f"there is no webhook {name!r}; see: octway webhook list")
    return row


def _moment(text: str) -> float:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Refusal(
            f"{text!r} is no time with its zone; wanted such as 2026-11-02T08:00+01:00",
            WRONG_USAGE,
        )
    return found.timestamp()
