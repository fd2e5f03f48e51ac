"""Anomalies: what a person must see, one row for all that share a cause.

`subject` names what repeats have in common (a cause and a payer, a deposit …),
so the four hundredth lot held for the same reason raises a count, not a row.
What is behind one is listed by `anomaly_items`, what people write about it by
`anomaly_comments`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from sqlalchemy import Connection, Row, not_, select, update

from gateway.clock import Entropy, new_id
from gateway.committing import Tx
from gateway.errors import LostRace
from gateway.journal import anomaly_items, dialect, schema
from gateway.journal.anomaly_facts import as_text, facts_of, merged
from gateway.journal.apart import real_anomaly
from gateway.journal.prepared import Prepared, given
from routing.case import SEVERITIES, Extent, higher, worse
from routing.lifecycle import ANOMALY, AnomalyEvent, AnomalyState

WARNING, ERROR, CRITICAL = SEVERITIES

KINDS: Final = {
    "deposit-unreadable": "a deposit is in no known format, or cannot be read",
    "deposit-damaged": "a deposit was read, but parts of it belong to no lot",
    "claims-rejected": "a payer rejects claims for one reason",
    "lot-refused": "lots have content that a payer would refuse",
    "lot-held": "lots cannot be routed or must not be sent yet",
    "attachment-stranded": "a supporting document finds no claim, or may not follow it",
    "dispatch-refused": "a payer did not take a dispatch, or attempts were given up",
    "dispatch-unclear": "a payer may or may not have a dispatch; ask it",
    "dispatch-undelivered": "a mail to a payer came back: it does not have the dispatch",
    "payer-locked-out": "a payer refuses our credentials, or its host key changed",
    "payer-unreachable": "a payer cannot be reached",
    "return-stuck": "what lies in a payer's outbox cannot be taken from there",
    "return-unreadable": "a payer's return is in no known format",
    "return-damaged": "a payer's return was read, but not all that it holds",
    "return-orphans": "a payer answered for something that was never sent",
    "return-foreign": "a return answers for claims that went to another payer",
    "return-gap": "a number is missing among the returns of a payer that counts them",
    "deposit-gap": "a number is missing among the files of a client that counts them",
    "return-absurd": "a return pays what cannot be meant, or names another's client",
    "answer-late": "a payer owes answers that are past due",
    "answer-missing": "answers are missing, and nothing safe is left to try",
    "answer-contradicts": "a payer accepts a lot that it refused whole before",
    "payment-differs": "another amount came than a payer announced",
    "payer-silent": "a payer sends nothing at all while many wait for it",
    "remedy-approval": "a second person must agree to what would be sent again",
    "bulk-approval": "a second person must agree to what shall be done to many claims",
    "notification-failed": "messages to a recipient were given up",
    "webhook-disabled": "a client's endpoint failed so long that it is called no more",
    "certificate-ends": "a certificate that an endpoint needs ends soon, or has ended",
    "storage-broken": "something stored cannot be read back; restore it from a backup",
}
"""Every kind of anomaly, with what it means."""


def raise_(
    tx: Tx,
    entropy: Entropy,
    *,
    kind: str,
    severity: str,
    subject: str,
    words: str,
    payer: str = "",
    client: str = "",
    seen: int = 1,
    claims: int = 0,
    facts: Mapping[str, Any] | None = None,
    advice: str = "",
    items: Mapping[str, int] | None = None,
    once: bool = False,
) -> str:
    """Raise an anomaly, or count one more of an open one; return its id.

    A resolved one that happens again is opened again, one that is put off only if it
    got worse (`routing.case`); the highest severity stays.  `claims` says how many it
    touches more, `facts` what those behind it share: numbers in it are added up,
    see `merged`.  `items` are the lots, deposits or the like behind it, each with
    its claims; with `once` those that are behind it already count no second time.
    `advice` is the suggested cause and what would mend it.
    """
    table = schema.anomaly
    name = new_id("a", tx.now, entropy)
    told = dict(facts or {})
    first = {
        "id": name,
        "kind": kind,
        "severity": severity,
        "subject": subject,
        "payer_id": payer,
        "client_id": client,
        "words": words,
        "state": AnomalyState.OPEN,
        "seen": seen,
        "first_seen": tx.now,
        "last_seen": tx.now,
        "facts": as_text(merged({}, told)),
        "advice": advice,
        "claims": claims,
    }
    if dialect.insert_new(tx.connection, table, [first]):
        tx.say("anomaly.raised", name, kind=kind, subject=subject, severity=severity)
        anomaly_items.add(tx, name, items or {})
        return name
    its = {"its_kind": kind, "its_subject": subject}
    (row,) = _OF_SUBJECT.rows(tx.connection, its)
    if once and anomaly_items.has(tx.connection, row.id, items or {}):
        seen, claims, told = 0, 0, {}
    values: dict[str, Any] = {
        "last_seen": tx.now,
        "words": words,
        "client_id": client if row.client_id == client else "",
        "severity": severity,
    }
    if row.state != AnomalyState.RESOLVED:
        values["severity"] = higher(row.severity, severity)
    if told:
        values["facts"] = as_text(merged(facts_of(row), told))
    if advice:
        values["advice"] = advice
    values |= _reopened(tx, row, kind=kind, subject=subject)
    values |= _woken(tx, row, Extent(values["severity"], row.claims + claims))
    more = {"its_id": row.id, "more_seen": seen, "more_claims": claims}
    _happening(tuple(values)).run(tx.connection, {**more, **values})
    anomaly_items.add(tx, row.id, items or {})
    return str(row.id)


def happened_again(tx: Tx, deposit: str) -> None:
    """Count once more what a deposit raised whose bytes came again."""
    table = schema.anomaly
    for row in anomaly_items.anomalies_of_deposit(tx.connection, deposit):
        values = {"seen": table.c.seen + 1, "last_seen": tx.now}
        values |= _reopened(tx, row, kind=row.kind, subject=row.subject)
        tx.connection.execute(update(table).where(table.c.id == row.id).values(values))


def _reopened(
    tx: Tx, row: Row[*tuple[Any, ...]], *, kind: str, subject: str
) -> dict[str, Any]:
    """Return what opens an anomaly again that was resolved; nothing if it was not."""
    if row.state != AnomalyState.RESOLVED:
        return {}
    tx.say("anomaly.reopened", row.id, kind=kind, subject=subject)
    return {"state": AnomalyState.OPEN, "resolution": ""}


def _woken(tx: Tx, row: Row[*tuple[Any, ...]], now: Extent) -> dict[str, Any]:
    """Return what brings back an anomaly that was put off and got worse since."""
    if row.state != AnomalyState.SNOOZED or not worse(_put_off_at(tx, row), now):
        return {}
    tx.say("anomaly.wake", row.id, by="gateway", why="it got worse")
    return {"state": state_awake(row), "snoozed_until": None}


def _put_off_at(tx: Tx, row: Row[*tuple[Any, ...]]) -> Extent:
    """Read how bad an anomaly was when a person put it off."""
    table = schema.event
    said = tx.connection.execute(
        select(table.c.facts)
        .where(table.c.subject == row.id, table.c.kind == "anomaly.snooze")
        .order_by(table.c.at.desc())
        .limit(1)
    ).scalar()
    if said is None:
        return Extent(row.severity, row.claims)
    facts = json.loads(said)
    return Extent(facts["severity"], facts["claims"])


def state_awake(row: Row[*tuple[Any, ...]]) -> AnomalyState:
    """Say where an anomaly goes that is put off no more: to whoever had it."""
    after = ANOMALY.next_state(AnomalyState(row.state), AnomalyEvent.WAKE)
    return ANOMALY.next_state(after, AnomalyEvent.ASSIGN) if row.assignee else after


def storage_broken(tx: Tx, entropy: Entropy, subject: str, words: str) -> None:
    """Raise that something stored cannot be read, and stops what was to be done."""
    raise_(
        tx,
        entropy,
        kind="storage-broken",
        severity=CRITICAL,
        subject=subject,
        words=words,
    )


def settle(tx: Tx, *, kind: str, subject: str, reason: str) -> None:
    """Resolve an anomaly by itself, because its cause is gone."""
    its = {"its_kind": kind, "its_subject": subject}
    row = _UNRESOLVED.first(tx.connection, its)
    if row is not None:
        move(tx, row.id, AnomalyEvent.RESOLVE, by="gateway", resolution=reason)


def settle_item(tx: Tx, *, kind: str, item: str, reason: str) -> None:
    """Take something from behind anomalies; resolve those that have nothing left."""
    for row in anomaly_items.drop(tx, kind, item):
        if row.state != AnomalyState.RESOLVED:
            move(tx, row.id, AnomalyEvent.RESOLVE, by="gateway", resolution=reason)


def move(
    tx: Tx, anomaly: str, happened: AnomalyEvent, *, by: str, **values: str
) -> None:
    """Move an anomaly along its life; raises `IllegalTransition` or `LostRace`.

    It is put off no longer, whatever happened.
    """
    stored = _STATE.first(tx.connection, {"its_id": anomaly})
    if stored is None:
        raise LostRace(f"there is no anomaly {anomaly}")
    before = AnomalyState(stored.state)
    after = ANOMALY.next_state(before, happened)
    changed = {"state": after, "snoozed_until": None, **values}
    its = {"its_id": anomaly, "its_state": before}
    if _moving(tuple(changed)).run(tx.connection, {**its, **changed}) != 1:
        raise LostRace(f"anomaly {anomaly} is no longer {before}")
    tx.say(f"anomaly.{happened}", anomaly, by=by, **values)


def listed(
    connection: Connection, *, all_states: bool = False, sandbox: bool | None = None
) -> list[Row[*tuple[Any, ...]]]:
    """List anomalies, the newest last; open ones only unless told.

    With `sandbox` those that are about the sandbox alone, or that are not.
    """
    table = schema.anomaly
    query = select(table).order_by(table.c.last_seen)
    if sandbox is not None:
        query = query.where(not_(real_anomaly()) if sandbox else real_anomaly())
    if not all_states:
        query = query.where(table.c.state != AnomalyState.RESOLVED)
    return list(connection.execute(query))


def open_of_kind(connection: Connection, kind: str) -> list[Row[*tuple[Any, ...]]]:
    """List anomalies of a kind that are not resolved."""
    return _OPEN_OF_KIND.rows(connection, {"its_kind": kind})


def find(connection: Connection, anomaly: str) -> Row[*tuple[Any, ...]] | None:
    """Find one anomaly."""
    query = select(schema.anomaly).where(schema.anomaly.c.id == anomaly)
    return connection.execute(query).one_or_none()


@cache
def _happening(columns: tuple[str, ...]) -> Prepared:
    """Prepare setting columns, and adding to how often, and on how many claims."""
    table = schema.anomaly
    added = {
        table.c.seen: table.c.seen + given("more_seen"),
        table.c.claims: table.c.claims + given("more_claims"),
    }
    the_one = update(table).where(table.c.id == given("its_id"))
    return Prepared(the_one.values(added), columns)


@cache
def _moving(columns: tuple[str, ...]) -> Prepared:
    table = schema.anomaly
    its = (table.c.id == given("its_id"), table.c.state == given("its_state"))
    return Prepared(update(table).where(*its), columns)


_STATE: Final = Prepared(
    select(schema.anomaly.c.state).where(schema.anomaly.c.id == given("its_id"))
)
_OF_SUBJECT: Final = Prepared(
    select(schema.anomaly)
    .where(
        schema.anomaly.c.kind == given("its_kind"),
        schema.anomaly.c.subject == given("its_subject"),
    )
    .with_for_update()
)
_OPEN: Final = select(schema.anomaly).where(
    schema.anomaly.c.kind == given("its_kind"),
    schema.anomaly.c.state != AnomalyState.RESOLVED.value,
)
_OPEN_OF_KIND: Final = Prepared(_OPEN)
_UNRESOLVED: Final = Prepared(
    _OPEN.where(
        schema.anomaly.c.subject == given("its_subject")
    ).with_for_update()  # two nodes may see at once that its cause is gone
)
