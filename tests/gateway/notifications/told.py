"""Rules at work on a journal: a postman that remembers, and a clock of the test."""

from __future__ import annotations

import random
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from config.notification_records import (
    MessageChannel,
    Notifications,
    Recipient,
    Rule,
)
from gateway.clock import new_id
from gateway.database import Database
from gateway.journal import anomalies, schema
from gateway.journal.schema_notify import notice
from gateway.notifications.errors import NotTaken
from gateway.notifications.in_force import CurrentNotifications
from gateway.notifications.letter import Letter
from gateway.steps.notify import Notify
from gateway.steps.post import Post
from routing.lifecycle import AnomalyEvent
from tests.gateway.journal.desk import Desk

PARIS: Final = "Europe/Paris"
LEASE: Final = 120.0


def at(text: str) -> float:
    """Return a moment of Paris' clock."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(PARIS)).timestamp()


def person(name: str, **values: Any) -> Recipient:
    """Make a recipient by mail."""
    address = f"{name}@x.example"
    values = {"channel": MessageChannel.MAIL, "address": address, **values}
    return Recipient(name=name, time_zone=PARIS, **values)


class Bag:
    """Takes letters, unless told to refuse; in place of a postman."""

    def __init__(self) -> None:
        self.letters: list[tuple[str, Letter]] = []
        self.refuses: dict[str, NotTaken] = {}
        self.outcomes: list[tuple[str, str]] = []

    def deliver(
        self, rules: Notifications, recipient: Recipient, letter: Letter
    ) -> None:
        """Take one letter."""
        if recipient.name in self.refuses:
            raise self.refuses[recipient.name]
        self.letters.append((recipient.name, letter))

    def notice(self, channel: str, outcome: str) -> None:
        """Note what was counted."""
        self.outcomes.append((channel, outcome))


class Office:
    """Rules, a journal, and the steps that make and send messages."""

    def __init__(self, desk: Desk, *rules: Rule, people: tuple[Recipient, ...] = ()):
        self.desk = desk
        self.bag = Bag()
        everyone = people or (person("lea"),)
        self.rules = CurrentNotifications(
            Notifications(
                recipients={each.name: each for each in everyone}, rules=rules
            )
        )
        self.entropy = random.Random(2).randbytes
        self.notify, self.post = self.node("node-1", desk.database)

    def node(self, name: str, database: Database) -> tuple[Notify, Post]:
        """Make the steps of a node on a journal."""
        now = lambda: self.desk.at  # noqa: E731
        return (
            Notify(database=database, rules=self.rules, now=now, entropy=self.entropy),
            Post(
                database=database,
                rules=self.rules,
                postman=self.bag,
                console="https://octway.example/console",
                now=now,
                entropy=self.entropy,
                worker=name,
                lease=LEASE,
                observe=self.bag,
            ),
        )

    def goes_wrong(self, kind: str = "lot-held", **values: Any) -> str:
        """Raise an anomaly."""
        given = {
            "severity": anomalies.ERROR,
            "subject": f"s{new_id('', self.desk.at, self.entropy)}",
            "words": "w",
            "payer": "caisse-nord",
            **values,
        }
        name: str = self.desk.write(
            lambda tx: anomalies.raise_(tx, self.entropy, kind=kind, **given)
        )
        return name

    def move(self, anomaly: str, happened: AnomalyEvent) -> None:
        """Move an anomaly along its life."""
        self.desk.write(lambda tx: anomalies.move(tx, anomaly, happened, by="lea"))

    def turn(self, *, later: float = 0.0) -> list[tuple[str, Letter]]:
        """Let the steps work after some seconds; return the letters that came."""
        self.desk.at += later
        before = len(self.bag.letters)
        self.notify.run_once()
        while self.post.run_once():
            pass
        return self.bag.letters[before:]

    def outbox(self) -> list[Any]:
        """Read the outbox."""
        return self.desk.rows(notice)

    def open_ones(self) -> dict[str, str]:
        """Tell the state of every anomaly by its kind."""
        return {row.kind: row.state for row in self.desk.rows(schema.anomaly)}
