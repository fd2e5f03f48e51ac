"""`octway notify`: who is told of what; try it, see it, and send again what failed."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Row

from config.notification_records import Notifications, Recipient, Rule
from config.settings import Settings
from gateway.cli import notify_shown, opening
from gateway.cli.arguments import Actions, Options, Parser, a_most, add_by
from gateway.cli.refusal import DOES_NOT_HOLD, WRONG_USAGE, Refusal
from gateway.cli.terminal import Terminal
from gateway.clock import new_id
from gateway.committing import Tx
from gateway.journal import notice_rules, notices
from gateway.notifications.choosing import choose, client_contents, contents
from gateway.notifications.content import Content
from gateway.notifications.errors import NotTaken
from gateway.notifications.in_force import read_notifications
from gateway.notifications.letter import Letter, letter, trial_letter
from gateway.notifications.postman import Postman
from routing.notice import NoticeState

EXAMPLE: Final = "octway notify list\noctway notify preview every-morning\noctway notify test support"
_MOST: Final = 25
_ALL: Final = 1_000_000


def define(parser: Parser) -> None:
    """Define the command line."""
    actions = Actions(parser)
    actions.add(
        "list",
        "list rules and recipients: last sent, next due",
        "octway notify list",
        _list,
    )
    test = actions.add(
        "test",
        "send a test message to one recipient, now",
        "octway notify test support",
        _test,
    )
    test.add_argument("recipient", metavar="RECIPIENT")
    preview = actions.add(
        "preview",
        "print what a rule would send now, and send nothing",
        "octway notify preview every-morning",
        _preview,
    )
    preview.add_argument("rule", metavar="RULE")
    outbox = actions.add(
        "outbox",
        "list messages, the newest first",
        "octway notify outbox --failed",
        _outbox,
    )
    outbox.add_argument("--failed", action="store_true", help="those given up only")
    outbox.add_argument(
        "--most",
        type=a_most,
        default=_MOST,
        metavar="N",
        help=f"how many (default: {_MOST})",
    )
    retry = actions.add(
        "retry",
        "send messages again that were given up",
        "octway notify retry n0123456789abcdefgh",
        _retry,
    )
    retry.add_argument("message", metavar="ID", nargs="*")
    retry.add_argument("--failed", action="store_true", help="all that were given up")
    add_by(retry)


def _list(options: Options, terminal: Terminal) -> int:
    with opening.journal(options, terminal) as opened:
        rules = _rules(opened.settings)
        now = terminal.now()
        found = [
            notify_shown.Standing(
                rule=rule,
                row=opened.database.read(notice_rules.standing, rule.name),
                sent=opened.database.read(notices.last_sent, rule.name),
                waiting=opened.database.read(notices.waiting, rule.name),
            )
            for rule in rules.rules
        ]
    if options.json:
        terminal.give(notify_shown.list_as_json(rules, found, now))
    else:
        notify_shown.show_list(rules, found, now, terminal)
    return 0


def _test(options: Options, terminal: Terminal) -> int:
    rules = _rules(opening.settings_of(options, terminal))
    recipient = _recipient(rules, options.recipient)
    now = terminal.now()
    trial = trial_letter(new_id("n", now, terminal.entropy), recipient, now)
    why = ""
    try:
        postman = Postman(now=terminal.now, environ=terminal.environ)
        postman.deliver(rules, recipient, trial)
    except NotTaken as error:
        why = str(error)
    if options.json:
        facts = {"recipient": recipient.name, "channel": recipient.channel.value}
        terminal.give(facts | {"taken": not why, "why": why or None})
    elif why:
        raise Refusal(f"{recipient.name} ({recipient.channel}): {why}")
    else:
        terminal.say(
            f"{recipient.name} ({recipient.channel}): a test message was taken"
        )
    return DOES_NOT_HOLD if why else 0


def _preview(options: Options, terminal: Terminal) -> int:
    with opening.journal(options, terminal) as opened:
        rules = _rules(opened.settings)
        rule = rules.rule(options.rule)
        if rule is None:
            names = [each.name for each in rules.rules]
            raise Refusal(_unknown("rule", options.rule, names), WRONG_USAGE)
        console = opened.settings.console.url
        made = _letters(opened, rules, rule, console, terminal.now())
    if options.json:
        terminal.give(
            {
                "rule": rule.name,
                "messages": [notify_shown.letter_as_json(*each) for each in made],
            }
        )
        return 0
    for recipient, each in made:
        notify_shown.show_letter(recipient, each, terminal)
    if not made:
        terminal.say(f"rule {rule.name} has nothing to say now")
    return 0


def _letters(
    opened: opening.Journal, rules: Notifications, rule: Rule, console: str, now: float
) -> Sequence[tuple[Recipient, Letter]]:
    """Make what a rule would send, whatever the hour."""
    found = []
    for name in rule.to:
        content = _content(opened, rule, rules.recipients[name], now)
        if content is not None:
            recipient = rules.recipients[name]
            made = letter("preview", rule.name, recipient, content, console)
            found.append((recipient, made))
    return found


def _content(
    opened: opening.Journal, rule: Rule, recipient: Recipient, now: float
) -> Content | None:
    if not rule.about_clients:
        chosen = opened.database.read(choose, rule, now)
        return contents(rule, chosen, recipient.name, now)
    row = opened.database.read(notice_rules.standing, rule.name)
    since = now if row is None else row.looked_at
    return opened.database.read(client_contents, rule, recipient, now, since)


def _outbox(options: Options, terminal: Terminal) -> int:
    with opening.journal(options, terminal) as opened:
        rows = opened.database.read(
            notices.listed, failed=options.failed, most=options.most
        )
    if options.json:
        terminal.give({"messages": [notify_shown.notice_as_json(row) for row in rows]})
    else:
        notify_shown.show_outbox(rows, terminal, failed=options.failed)
    return 0


def _retry(options: Options, terminal: Terminal) -> int:
    if bool(options.message) == options.failed:
        raise Refusal("wanted ids of messages, or --failed for all", WRONG_USAGE)
    by = options.by or terminal.user
    with opening.journal(options, terminal) as opened:
        rows = (
            opened.database.read(notices.listed, failed=True, most=_ALL)
            if options.failed
            else [_failed(opened, each) for each in options.message]
        )

        def write(tx: Tx) -> None:
            for row in rows:
                notices.revive(tx, row, by=by)

        opened.database.write("notice.revive", write)
    names = [row.id for row in rows]
    if options.json:
        terminal.give({"messages": names})
    elif names:
        terminal.say(f"tried again by a running node: {', '.join(names)}")
    else:
        terminal.say("no message was given up")
    return 0


def _failed(opened: opening.Journal, name: str) -> Row[*tuple[Any, ...]]:
    row = opened.database.read(notices.find, name)
    if row is None:
        raise Refusal(f"there is no message {name!r}; see: octway notify outbox")
    if row.state != NoticeState.FAILED:
        raise Refusal(f"message {name} is {row.state}; only one that failed goes again")
    return row


def _rules(settings: Settings) -> Notifications:
    if settings.notifications.path is None:
        raise Refusal(
            "there are no rules: notifications.path is not set in "
            f"{settings.file}, so nobody is told",
            WRONG_USAGE,
        )
    return read_notifications(settings)


def _recipient(rules: Notifications, name: str) -> Recipient:
    found = rules.recipients.get(name)
    if found is None:
        raise Refusal(_unknown("recipient", name, rules.recipients), WRONG_USAGE)
    return found


def _unknown(what: str, name: str, names: Iterable[str]) -> str:
    known = sorted(names)
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(known)}"
    return f"there is no {what} {name!r}; {hint if known else 'there is none'}"
