"""What is to be done to many claims waits, as a case, for another person's word.

The case holds the things one by one: each leaves it in the transaction in which it is
done, so what a crash leaves undone is still there to be gone on with.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, ClassVar, Final

from sqlalchemy import Connection, Row, delete, not_, select, update

from gateway.clock import Entropy, new_id
from gateway.committing import Tx
from gateway.journal import (
    anomalies,
    anomaly_comments,
    anomaly_items,
    approvals,
    schema,
)
from gateway.journal.anomaly_facts import as_text, facts_of
from gateway.journal.anomaly_items import MOST
from gateway.journal.approvals import NoSecondPerson
from gateway.journal.case_things import Thing
from gateway.journal.deeds import GATEWAY
from gateway.steps.mending import Action, NotPossible, Wish, mend
from gateway.wording import counted
from routing.directory import Directory
from routing.errors import GatewayError
from routing.lifecycle import AnomalyEvent, AnomalyState

KIND: Final = "bulk-approval"
_TOLD: Final = 20  # things that could not be done, by name, in a comment


class NotWaiting(GatewayError):
    """A case that waits for nobody's word, or not for that of its asker."""

    code: ClassVar[str] = "not-waiting"


def ask(tx: Tx, entropy: Entropy, things: Sequence[Thing], wish: Wish) -> str:
    """Have a second person asked; return the case that waits for the word."""
    claims = sum(each.claims for each in things)
    why = f": {wish.why}" if wish.why else ""
    case = anomalies.raise_(
        tx,
        entropy,
        kind=KIND,
        severity=anomalies.WARNING,
        subject=new_id("b", tx.now, entropy),
        words=f"{wish.by} asks to {wish.action} {counted(len(things), 'thing')} "
        f"with {counted(claims, 'claim')}{why}",
        claims=claims,
        facts={"action": wish.action, "by": wish.by, "why": wish.why},
        items={each.id: each.claims for each in things},
    )
    tx.say(
        "anomaly.asked",
        case,
        by=wish.by,
        action=wish.action,
        things=len(things),
        claims=claims,
        why=wish.why,
    )
    return case


def wish_of(connection: Connection, case: str) -> Wish:
    """Read what a case wants done, by whoever asked; raises `NotWaiting` for another."""
    row = anomalies.find(connection, case)
    if row is None or row.kind != KIND:
        raise NotWaiting(f"{case} is no case that waits for a second person's word")
    facts = facts_of(row)
    return Wish(action=Action(facts["action"]), by=facts["by"], why=facts["why"])


def agree(tx: Tx, case: str, *, by: str) -> list[str]:
    """Take a second person's word; return the things that are to be done now.

    Raises `NoSecondPerson` unless an open account that may work says so, and not the
    one that asked.  What was agreed to before, and is not all done, goes on.
    """
    row = _waiting(tx, case)
    wish = wish_of(tx.connection, case)
    approvals.must_be_staff(tx.connection, by)
    if by == wish.by:
        raise NoSecondPerson(
            f"{by} asked for {case} in person; wanted another person's word"
        )
    facts = facts_of(row)
    if not facts.get("approved_by"):
        facts["approved_by"] = by
        table = schema.anomaly
        tx.connection.execute(
            update(table).where(table.c.id == case).values(facts=as_text(facts))
        )
        tx.say("anomaly.agreed", case, by=by, asked_by=wish.by, action=wish.action)
    return [each.subject for each in anomaly_items.listed(tx.connection, case, MOST)]


def refuse(tx: Tx, case: str, why: str, *, by: str) -> None:
    """Close a case without doing what it wants; the one that asked may, too."""
    row = _waiting(tx, case)
    approvals.must_be_staff(tx.connection, by)
    if facts_of(row).get("approved_by"):
        raise NotWaiting(f"{case} was agreed to already; part of it is done")
    words = f"refused: {why}"
    anomalies.move(tx, case, AnomalyEvent.RESOLVE, by=by, resolution=words)


def withdraw(tx: Tx, asked_before: float, most: int) -> None:
    """Close cases whose second person was asked before a moment, in vain.

    One that was agreed to is none of them, though part of it may be left to do.
    """
    words = approvals.UNANSWERED
    for case in _asked(tx, asked_before, most):
        anomalies.move(tx, case, AnomalyEvent.RESOLVE, by=GATEWAY, resolution=words)


def _asked(tx: Tx, before: float, most: int) -> Sequence[str]:
    """Lock cases that wait for a word, and were neither asked nor opened again since."""
    case, said = schema.anomaly, schema.event
    since = select(said.c.subject).where(
        said.c.subject == case.c.id,
        said.c.kind == f"anomaly.{AnomalyEvent.REOPEN}",
        said.c.at >= before,
    )
    query = select(case.c.id).where(
        case.c.kind == KIND,
        case.c.state != AnomalyState.RESOLVED,
        case.c.first_seen < before,
        not_(case.c.facts.contains('"approved_by"')),
        not_(since.exists()),
    )
    query = query.order_by(case.c.first_seen, case.c.id).limit(most)
    locked = query.with_for_update(skip_locked=True)  # another node's are left to it
    return tx.connection.execute(locked).scalars().all()


def do_one(tx: Tx, case: str, thing: str, directory: Directory) -> None:
    """Do what was agreed to with one thing; it leaves the case with it.

    What was done already, by another who goes on with it, is not done again.
    """
    if drop(tx, case, thing):
        mend(tx, thing, wish_of(tx.connection, case), directory)


def by_hand(tx: Tx, thing: str, wish: Wish, directory: Directory) -> Thing:
    """Do with a thing what a person wants, as `mend`, unless it waits for another's word."""
    must_not_wait(tx.connection, thing)
    return mend(tx, thing, wish, directory)


def must_not_wait(connection: Connection, thing: str) -> None:
    """Raise `NotPossible` for a thing that stands in a case which waits for a word."""
    for case in waiting(connection, [thing]).values():
        raise NotPossible(
            f"{thing} waits in {case} for a second person's word: agree to that case or "
            "refuse it first"
        )


def waiting(connection: Connection, things: Collection[str]) -> dict[str, str]:
    """Return which of some things wait for a second person's word, each with its case."""
    case, item = schema.anomaly, schema.anomaly_item
    query = (
        select(item.c.subject, case.c.id)
        .join(case, case.c.id == item.c.anomaly_id)
        .where(
            case.c.kind == KIND,
            case.c.state != AnomalyState.RESOLVED,
            item.c.subject.in_(things),
        )
    )
    return {row.subject: row.id for row in connection.execute(query)}


def drop(tx: Tx, case: str, thing: str) -> bool:
    """Take a thing from a case; False if it is not there any more."""
    table = schema.anomaly_item
    gone = delete(table).where(table.c.anomaly_id == case, table.c.subject == thing)
    return bool(tx.connection.execute(gone).rowcount)


def end(tx: Tx, case: str, done: int, failed: dict[str, str], *, by: str) -> None:
    """Close a case of which all was tried, and say what could not be done."""
    for thing in failed:
        drop(tx, case, thing)
    if failed:
        told = [f"{name}: {why}" for name, why in list(failed.items())[:_TOLD]]
        if len(failed) > _TOLD:
            told.append(f"and {len(failed) - _TOLD:,} more")
        anomaly_comments.add(tx, case, by=by, words="\n".join(told))
    row = _waiting(tx, case)
    if not anomaly_items.count(tx.connection, row.id):
        words = f"agreed to by {by}: {done:,} done, {len(failed):,} could not be"
        anomalies.move(tx, case, AnomalyEvent.RESOLVE, by=by, resolution=words)


def _waiting(tx: Tx, case: str) -> Row[*tuple[Any, ...]]:
    table = schema.anomaly
    row = tx.connection.execute(
        select(table).where(table.c.id == case).with_for_update()
    ).one_or_none()
    if row is None or row.kind != KIND or row.state == AnomalyState.RESOLVED:
        raise NotWaiting(f"{case} waits for nobody's word, or not any more")
    return row
