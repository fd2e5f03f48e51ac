"""Decides who is told of what: one message for all that a rule has to say.

A message and the note of what it tells are written in one transaction, while the
rule's row is held: two nodes never tell the same twice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from attrs import frozen
from sqlalchemy import Connection, Row

from config.notification_records import Notifications, Rule
from gateway.clock import Entropy, Now
from gateway.committing import Tx
from gateway.database import Database
from gateway.journal import notice_rules, notices
from gateway.notifications.choosing import (
    Chosen,
    choose,
    client_contents,
    contents,
)
from routing.quiet import last_planned, quiet_until


@frozen(kw_only=True)
class Verdict:
    """What is to be done about a rule now; `planned` is the moment that is kept."""

    acts: bool = False
    speaks: bool = False
    chosen: Chosen | None = None
    planned: float | None = None


_NOTHING: Final = Verdict()


class Notify:
    """Lets each rule speak that has something to say, and may."""

    name = "notify"

    def __init__(
        self,
        *,
        database: Database,
        rules: Callable[[], Notifications],
        now: Now,
        entropy: Entropy,
    ) -> None:
        self._database = database
        self._rules = rules
        self._now = now
        self._entropy = entropy

    def run_once(self) -> bool:
        """Let the rules speak; False if none had anything to say."""
        rules = self._rules()
        spoke = False
        for rule in rules.rules:
            if self._database.read(self._must_act, rule):
                spoke |= self._database.write("notify", self._act, rules, rule)
        return spoke

    def _must_act(self, connection: Connection, rule: Rule) -> bool:
        standing = notice_rules.standing(connection, rule.name)
        if standing is None:
            return True
        return judge(connection, rule, standing, self._now()).acts

    def _act(self, tx: Tx, rules: Notifications, rule: Rule) -> bool:
        standing = notice_rules.hold(tx, rule.name)
        verdict = judge(tx.connection, rule, standing, tx.now)
        if not verdict.acts:
            return False
        values = {} if verdict.planned is None else {"planned_at": verdict.planned}
        spoke = verdict.speaks and self._speak(tx, rules, rule, standing, verdict)
        if spoke:
            values["last_at"] = tx.now
        if verdict.speaks:
            values["looked_at"] = tx.now
        if values:
            notice_rules.note(tx, rule.name, **values)
        if verdict.chosen is not None:
            news = verdict.chosen.news()
            notice_rules.told(tx, rule.name, (each.id for each in news))
            over = {each.id for each in verdict.chosen.over}
            notice_rules.forget(tx, rule.name, over)
        return spoke

    def _speak(
        self,
        tx: Tx,
        rules: Notifications,
        rule: Rule,
        standing: Row[*tuple[Any, ...]],
        verdict: Verdict,
    ) -> bool:
        spoke = False
        for name in rule.to:
            recipient = rules.recipients[name]
            if verdict.chosen is None:
                content = client_contents(
                    tx.connection, rule, recipient, tx.now, standing.looked_at
                )
            else:
                content = contents(rule, verdict.chosen, name, tx.now)
            if content is not None:
                notices.put(
                    tx,
                    self._entropy,
                    rule=rule.name,
                    recipient=name,
                    content=content.to_json(),
                )
                spoke = True
        return spoke


def judge(
    connection: Connection, rule: Rule, standing: Row[*tuple[Any, ...]], now: float
) -> Verdict:
    """Say what a rule that stands so has to do at a moment; reads only."""
    quiet = quiet_until(rule.quiet, rule.time_zone, now) > now
    if rule.schedule is None:
        return _at_once(connection, rule, standing, now, quiet=quiet)
    planned = last_planned(rule.schedule, rule.time_zone, now)
    if quiet or planned <= standing.planned_at:
        return _NOTHING
    chosen = None if rule.about_clients else choose(connection, rule, now)
    return Verdict(acts=True, speaks=True, chosen=chosen, planned=planned)


def _at_once(
    connection: Connection,
    rule: Rule,
    standing: Row[*tuple[Any, ...]],
    now: float,
    *,
    quiet: bool,
) -> Verdict:
    pauses = standing.last_at is not None and standing.last_at + rule.pause > now
    if pauses or (quiet and not rule.urgent):
        return _NOTHING
    chosen = choose(connection, rule, now, least=rule.urgent if quiet else "")
    if quiet:
        chosen = chosen.without_over()
    first = chosen.first_wait
    if first is not None and first + rule.gather > now:
        return _NOTHING  # so fresh that more of the same may follow
    speaks = bool(chosen.news()) or bool(rule.resolved and chosen.over)
    return Verdict(acts=speaks or bool(chosen.over), speaks=speaks, chosen=chosen)
