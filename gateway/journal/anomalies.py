"""Anomalies: what a person must see, one row for all that share a cause.

`subject` names what repeats have in common (a cause and a payer, a deposit …),
so the four hundredth lot held for the same reason raises a count, not a row.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, Row, func, insert, select, update

from gateway.clock import Entropy, new_id
from gateway.committing import Tx
from gateway.errors import LostRace
from gateway.journal import dialect, schema
from routing.lifecycle import ANOMALY, AnomalyEvent, AnomalyState

WARNING: Final = "warning"
ERROR: Final = "error"
CRITICAL: Final = "critical"

KINDS: Final = {
    "deposit-unreadable": "a deposit is in no known format, or cannot be read",
    "deposit-damaged": "a deposit was read, but parts of it belong to no lot",
    "lot-refused": "lots have content that a payer would refuse",
    "lot-held": "lots cannot be routed or must not be sent yet",
    "dispatch-refused": "a payer did not take a dispatch, or attempts were given up",
    "dispatch-unclear": "a payer may or may not have a dispatch; ask it",
    "payer-locked-out": "a payer refuses our credentials, or its host key changed",
    "payer-unreachable": "a payer cannot be reached",
    "return-unreadable": "a payer's return is in no known format",
    "return-orphans": "a payer answered for something that was never sent",
    "return-foreign": "a return answers for claims that went to another payer",
    "return-gap": "a number is missing among the returns of a payer that counts them",
    "deposit-gap": "a number is missing among the files of a client that counts them",
    "return-absurd": "a return pays what cannot be meant, or names another's client",
    "answer-late": "a payer owes answers that are past due",
    "answer-missing": "answers are missing, and nothing safe is left to try",
    "payer-silent": "a payer sends nothing at all while many wait for it",
    "remedy-approval": "a second person must agree to what would be sent again",
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
) -> str:
    """Raise an anomaly, or count one more of an open one; return its id.

    A resolved one that happens again is opened again.
    """
    table = schema.anomaly
    name = new_id("a", tx.now, entropy)
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
    }
    if dialect.insert_new(tx.connection, table, [first]):
        tx.say("anomaly.raised", name, kind=kind, subject=subject, severity=severity)
        return name
    row = tx.connection.execute(
        select(table.c.id, table.c.state)
        .where(table.c.kind == kind, table.c.subject == subject)
        .with_for_update()
    ).one()
    values: dict[str, Any] = {
        "seen": table.c.seen + seen,
        "last_seen": tx.now,
        "words": words,
    }
    if row.state == AnomalyState.RESOLVED:
        values |= {"state": AnomalyState.OPEN, "resolution": ""}
        tx.say("anomaly.reopened", row.id, kind=kind, subject=subject)
    tx.connection.execute(update(table).where(table.c.id == row.id).values(values))
    return str(row.id)


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
    table = schema.anomaly
    row = tx.connection.execute(
        select(table.c.id).where(
            table.c.kind == kind,
            table.c.subject == subject,
            table.c.state != AnomalyState.RESOLVED,
        )
    ).first()
    if row is not None:
        move(tx, row.id, AnomalyEvent.RESOLVE, by="gateway", resolution=reason)


def move(
    tx: Tx, anomaly: str, happened: AnomalyEvent, *, by: str, **values: str
) -> None:
    """Move an anomaly along its life; raises `IllegalTransition` or `LostRace`."""
    table = schema.anomaly
    stored = tx.connection.execute(
        select(table.c.state).where(table.c.id == anomaly)
    ).scalar_one_or_none()
    if stored is None:
        raise LostRace(f"there is no anomaly {anomaly}")
    before = AnomalyState(stored)
    after = ANOMALY.next_state(before, happened)
    changed = tx.connection.execute(
        update(table)
        .where(table.c.id == anomaly, table.c.state == before)
        .values(state=after, **values)
    ).rowcount
    if changed != 1:
        raise LostRace(f"anomaly {anomaly} is no longer {before}")
    tx.say(f"anomaly.{happened}", anomaly, by=by, **values)


def comment(tx: Tx, anomaly: str, *, by: str, words: str) -> None:
    """Add a person's words to an anomaly."""
    table = schema.anomaly_comment
    seq = tx.connection.execute(
        select(func.count()).where(table.c.anomaly_id == anomaly)
    ).scalar_one()
    tx.connection.execute(
        insert(table),
        {
            "anomaly_id": anomaly,
            "seq": seq + 1,
            "author": by,
            "words": words,
            "at": tx.now,
        },
    )
    tx.say("anomaly.comment", anomaly, by=by)


def listed(
    connection: Connection, *, all_states: bool = False
) -> list[Row[*tuple[Any, ...]]]:
    """List anomalies, the newest last; open ones only unless told."""
    table = schema.anomaly
    query = select(table).order_by(table.c.last_seen)
    if not all_states:
        query = query.where(table.c.state != AnomalyState.RESOLVED)
    return list(connection.execute(query))


def open_of_kind(connection: Connection, kind: str) -> list[Row[*tuple[Any, ...]]]:
    """List anomalies of a kind that are not resolved."""
    table = schema.anomaly
    query = select(table).where(
        table.c.kind == kind, table.c.state != AnomalyState.RESOLVED
    )
    return list(connection.execute(query))


def find(connection: Connection, anomaly: str) -> Row[*tuple[Any, ...]] | None:
    """Find one anomaly."""
    query = select(schema.anomaly).where(schema.anomaly.c.id == anomaly)
    return connection.execute(query).one_or_none()


def comments(connection: Connection, anomaly: str) -> list[Row[*tuple[Any, ...]]]:
    """List what people wrote about an anomaly, oldest first."""
    table = schema.anomaly_comment
    query = select(table).where(table.c.anomaly_id == anomaly).order_by(table.c.seq)
    return list(connection.execute(query))
