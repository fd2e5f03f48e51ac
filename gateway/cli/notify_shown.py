"""Rules, recipients and messages for people, and as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from attrs import frozen
from sqlalchemy import Row

from config.notification_records import (
    MessageChannel,
    Notifications,
    Recipient,
    Rule,
)
from gateway.cli.tables import heading, table
from gateway.cli.terminal import Terminal
from gateway.intake.receipts import iso_time
from gateway.notifications.letter import Letter
from gateway.wording import clock, moment
from routing.quiet import next_planned, quiet_until

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@frozen(kw_only=True)
class Standing:
    """A rule, and what the journal knows of it."""

    rule: Rule
    row: Row[*tuple[Any, ...]] | None
    sent: Mapping[str, float]  # when the last message went to each recipient
    waiting: int

    def next_due(self, now: float) -> float:
        """Return when it may speak next: the planned moment, or as soon as it may."""
        rule = self.rule
        if rule.schedule is not None:
            return next_planned(rule.schedule, rule.time_zone, now)
        last = None if self.row is None else self.row.last_at
        after = now if last is None else max(now, last + rule.pause)
        return quiet_until(rule.quiet, rule.time_zone, after)


def show_list(
    rules: Notifications, found: Sequence[Standing], now: float, terminal: Terminal
) -> None:
    """Print rules, then recipients."""
    if not found:
        terminal.say("there is no rule, so nobody is told of anything")
    rows = []
    for each in found:
        last = max(each.sent.values(), default=None)
        due = each.next_due(now)
        zone = ZoneInfo(each.rule.time_zone)
        rows.append(
            (
                each.rule.name,
                _when(each.rule),
                _what(each.rule),
                ", ".join(each.rule.to),
                "never" if last is None else moment(last, zone),
                "when there is news" if due <= now else moment(due, zone),
                str(each.waiting) if each.waiting else "",
            )
        )
    table(
        terminal,
        ("rule", "at", "about", "to", "last sent", "next due", "waiting"),
        rows,
        right=("waiting",),
    )
    if rules.recipients:
        heading(terminal, "Recipients")
        table(
            terminal,
            ("recipient", "by", "address", "language", "zone", "clients"),
            [
                (
                    each.name,
                    each.channel.value,
                    _address(each),
                    each.language,
                    each.time_zone,
                    ", ".join(each.clients),
                )
                for each in rules.recipients.values()
            ],
        )


def list_as_json(
    rules: Notifications, found: Sequence[Standing], now: float
) -> dict[str, Any]:
    """Return rules and recipients for programs."""
    return {
        "rules": [
            {
                "name": each.rule.name,
                "at": _when(each.rule),
                "about": "clients" if each.rule.about_clients else "anomalies",
                "to": [
                    {
                        "recipient": name,
                        "last_sent": iso_time(each.sent[name])
                        if name in each.sent
                        else None,
                    }
                    for name in each.rule.to
                ],
                "next_due": iso_time(each.next_due(now)),
                "waiting": each.waiting,
            }
            for each in found
        ],
        "recipients": [
            {
                "name": each.name,
                "channel": each.channel.value,
                "address": _address(each) or None,
                "language": each.language,
                "time_zone": each.time_zone,
                "clients": list(each.clients),
            }
            for each in rules.recipients.values()
        ],
    }


def show_letter(recipient: Recipient, each: Letter, terminal: Terminal) -> None:
    """Print a message as its recipient would read it."""
    terminal.say(terminal.paint(f"To: {recipient.name} ({recipient.channel})", "dim"))
    terminal.say(terminal.paint(f"Subject: {each.subject}", "bold"))
    terminal.say()
    terminal.say(each.text.rstrip())
    terminal.say()


def letter_as_json(recipient: Recipient, each: Letter) -> dict[str, Any]:
    """Return a message for programs."""
    return {
        "recipient": recipient.name,
        "channel": recipient.channel.value,
        "subject": each.subject,
        "text": each.text,
        "facts": json.loads(each.facts),
    }


def show_outbox(
    rows: Sequence[Row[*tuple[Any, ...]]], terminal: Terminal, *, failed: bool
) -> None:
    """Print messages."""
    if not rows:
        terminal.say("no message was given up" if failed else "no message was made yet")
        return
    table(
        terminal,
        ("message", "rule", "to", "made", "state", "tries", "why"),
        [
            (
                row.id,
                row.rule,
                row.recipient,
                moment(row.created_at, terminal.zone),
                row.state,
                str(row.attempts),
                row.cause_words,
            )
            for row in rows
        ],
        right=("tries",),
    )


def notice_as_json(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    """Return a message's row for programs."""
    return {
        "id": row.id,
        "rule": row.rule,
        "recipient": row.recipient,
        "state": row.state,
        "attempts": row.attempts,
        "cause": row.cause or None,
        "words": row.cause_words or None,
        "made": iso_time(row.created_at),
        "changed": iso_time(row.changed_at),
        "not_before": iso_time(row.not_before),
    }


def _address(recipient: Recipient) -> str:
    """Return what may be shown of an address: a chat's, and a path, may be a secret."""
    if recipient.channel is MessageChannel.WEBHOOK:
        parts = urlsplit(recipient.address)
        return f"{parts.scheme}://{parts.netloc}/…"
    return recipient.address


def _when(rule: Rule) -> str:
    if rule.schedule is None:
        return "now"
    days, at = rule.schedule.days, clock(rule.schedule.minute)
    if len(days) == len(_DAYS):
        return f"daily {at}"
    return f"weekly {','.join(_DAYS[day] for day in days)} {at}"


def _what(rule: Rule) -> str:
    if rule.about_clients:
        return "their clients"
    return ", ".join((f"{rule.severity}+", *rule.kinds, *rule.payers, *rule.clients))
