"""What a rule would say now: reads the journal, writes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Self

from attrs import evolve, frozen
from sqlalchemy import Connection, Row

from config.notification_records import SEVERITIES, Recipient, Rule
from gateway.journal import anomaly_facts, client_standing, notice_rules
from gateway.notifications.content import (
    ClientLine,
    Content,
    Status,
    fitted,
    line_of,
    named,
)
from gateway.steps.route import CAUSES
from routing.lifecycle import AnomalyState
from routing.sandbox import base

AnyRow = Row[*tuple[Any, ...]]
FAILED: Final = "notification-failed"
_DAY: Final = 86_400.0


@frozen(kw_only=True)
class Chosen:
    """Anomalies that a rule tells of, by why; `since` of those that came back."""

    fresh: Sequence[AnyRow] = ()
    again: Sequence[AnyRow] = ()
    others: Sequence[AnyRow] = ()
    over: Sequence[AnyRow] = ()
    back: Mapping[str, float]

    def began(self, row: AnyRow) -> float:
        """Return since when an anomaly is open."""
        return self.back.get(row.id, float(row.first_seen))

    @property
    def first_wait(self) -> float | None:
        """Since when the first of what is new waits to be told; None if nothing is."""
        return min((self.began(row) for row in self.fresh), default=None)

    def news(self) -> list[AnyRow]:
        """Return what the rule has to speak for."""
        return [*self.fresh, *self.again]

    def without_over(self) -> Self:
        """Leave what is over for later."""
        return evolve(self, over=())


def choose(
    connection: Connection, rule: Rule, now: float, *, least: str = ""
) -> Chosen:
    """Choose the anomalies of a rule; of severity `least` at least, if it is given."""
    back = notice_rules.come_back(connection, rule.name)
    rows = notice_rules.speaking(
        connection,
        rule,
        least=max(rule.severity, least or rule.severity, key=SEVERITIES.index),
        told_until=_told_until(rule, now),
    )
    fresh, again, others = [], [], []
    for row in rows:
        if rule.clients and not _concerns(rule.clients, row):
            continue
        if row.told_at is None or row.id in back:
            fresh.append(row)
        elif _is_due_again(rule, row, now):
            again.append(row)
        else:
            others.append(row)
    return Chosen(
        fresh=fresh,
        again=again,
        others=others if rule.everything else (),
        over=notice_rules.over(connection, rule.name),
        back=back,
    )


def contents(rule: Rule, chosen: Chosen, recipient: str, now: float) -> Content | None:
    """Make the message to one recipient; None if there is nothing for it.

    That messages to it fail is not told to the recipient itself.
    """
    groups = [
        (Status.NEW, chosen.fresh),
        (Status.AGAIN, chosen.again),
        (Status.OPEN, chosen.others),
        (Status.RESOLVED, chosen.over if rule.resolved else ()),
    ]
    lines = [
        line_of(row, status, chosen.began(row))
        for status, rows in groups
        for row in rows
        if (row.kind, row.subject) != (FAILED, recipient)
    ]
    if not lines:
        return None
    shown, more = fitted(lines, rule.most)
    return Content(at=now, lines=tuple(shown), more=more)


def client_contents(
    connection: Connection, rule: Rule, recipient: Recipient, now: float, since: float
) -> Content | None:
    """Make the digest of a vendor: its own clients, and of nobody else."""
    found = client_standing.concerns(
        connection,
        recipient.clients,
        since=since,
        unfetched=now - rule.unfetched_after,
    )
    if not found:
        return None
    order = client_standing.TOPICS.index
    lines = sorted(
        (
            ClientLine(
                client=each.client,
                topic=each.topic,
                payer=named(base(each.payer)),
                cause=each.cause if each.cause in CAUSES else "",
                count=each.number,
            )
            for each in found
        ),
        key=lambda each: (each.client, order(each.topic), each.payer, each.cause),
    )
    days = max(1, int(rule.unfetched_after // _DAY))
    return Content(at=now, clients=tuple(lines), days=days)


def _told_until(rule: Rule, now: float) -> float | None:
    """Return until when what was told may be told again; None: never."""
    if rule.everything:
        return now
    return now - rule.repeat_after if rule.repeat_after else None


def _concerns(clients: Sequence[str], row: AnyRow) -> bool:
    if row.client_id:
        return row.client_id in clients
    return not anomaly_facts.facts_of(row).get("clients", {}).keys().isdisjoint(clients)


def _is_due_again(rule: Rule, row: AnyRow, now: float) -> bool:
    """Say whether it is told again: it is time, and nobody works at it."""
    due = rule.repeat_after and row.told_at + rule.repeat_after <= now
    return bool(due) and row.state == AnomalyState.OPEN
