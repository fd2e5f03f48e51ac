"""What people say of remedies: a second person's word, and that a lot is chased anew."""

from __future__ import annotations

import json
from typing import ClassVar, Final

from sqlalchemy import Connection, func, select

from gateway.committing import Tx
from gateway.errors import LostRace
from gateway.journal import anomalies, chases, remedies, schema, staff
from gateway.journal.deeds import GATEWAY
from routing.chase import ChaseEvent, ChaseState, Known, RemedyEvent, RemedyState
from routing.errors import GatewayError

_KIND: Final = "remedy-approval"
_AWAITED: Final = 86_400.0
UNANSWERED: Final = (
    "withdrawn: no second person agreed or refused in time; it can be asked for again"
)
"""Why a request for a second person's word is no more, for people."""


class NotAnew(GatewayError):
    """A lot whose chase cannot begin again: it goes on, or nothing is owed."""

    code: ClassVar[str] = "not-anew"


class NoSecondPerson(GatewayError):
    """Who says it may not: nobody of the staff, or the one who had it asked."""

    code: ClassVar[str] = "no-second-person"


def decide(tx: Tx, remedy: str, *, by: str, agreed: bool) -> None:
    """Take a second person's word on a remedy that waits for it.

    Raises `NoSecondPerson` unless an open staff account that may work says so, and to
    agree not the one that had the lot chased anew; `IllegalTransition` for one that
    does not wait, `LostRace` for one that is not there.  A remedy that is refused is
    not proposed again for its lot.
    """
    row = remedies.one(tx.connection, remedy)
    must_be_staff(tx.connection, by)
    event = RemedyEvent.APPROVE if agreed else RemedyEvent.DENY
    chase = chases.locked(tx, row.lot_id)
    if agreed and chase is not None and by == _asker(tx.connection, chase):
        raise NoSecondPerson(
            f"{by} had lot {row.lot_id} chased anew, which asks for {remedy}; "
            "wanted another person's word"
        )
    remedies.move(tx, row, event, approved_by=by)
    if chase is not None:
        known = Known.from_json(chase.known)
        if agreed:
            known = known.after(row.kind, tx.now)
        else:
            known = known.without(row.kind).refused(row.kind)
        # What was agreed to is done next, and awaited then as the playbook says; this
        # keeps the chase still until it is done.
        until = tx.now + _AWAITED if agreed else tx.now
        values = {"next_at": until, "known": known.to_json()}
        chases.move(tx, chase, ChaseEvent.DECIDE, **values)
    tx.say(f"remedy.{event}", row.lot_id, id=remedy, by=by)
    settle_if_none(tx, row.payer_id, f"decided by {by}")


def withdraw(tx: Tx, asked_before: float, most: int) -> None:
    """Withdraw remedies for which a second person was asked before a moment, in vain.

    Each chase goes on without the remedy; a lot that is chased anew (`again`) may have
    it proposed again.
    """
    for row in remedies.unanswered(tx.connection, asked_before, most):
        chase = chases.held(tx, row.lot_id)
        fresh = remedies.one(tx.connection, row.id)
        if chase is None or fresh.state != RemedyState.APPROVAL:
            continue  # another node works on it, or a word came
        remedies.move(tx, fresh, RemedyEvent.FAIL, words=UNANSWERED)
        if chase.state == ChaseState.APPROVAL:
            known = Known.from_json(chase.known).refused(row.kind)
            values = {"next_at": tx.now, "known": known.to_json()}
            chases.move(tx, chase, ChaseEvent.DECIDE, **values)
        tx.say("remedy.unanswered", row.lot_id, remedy=row.kind, id=row.id)
        for case in anomalies.open_of_kind(tx.connection, _KIND):
            if case.subject == row.payer_id:
                facts = {"remedy": row.kind, "lot": row.lot_id, "id": row.id}
                tx.say("anomaly.unanswered", case.id, by=GATEWAY, **facts)
        settle_if_none(tx, row.payer_id, UNANSWERED)


def must_be_staff(connection: Connection, name: str) -> None:
    """Raise `NoSecondPerson` unless an open account that may work has a name."""
    if why := staff.why_not(connection, name):
        raise NoSecondPerson(
            f"{why}; wanted the second person's, open and {', '.join(sorted(staff.WORKS))}"
            ", with --by NAME (octway staff list; a new one: octway staff add)"
        )


def _asker(connection: Connection, chase: chases.Chase) -> str:
    """Name who had a chase begin anew; empty: nobody, the gateway asks by itself."""
    table = schema.event
    found = connection.execute(
        select(table.c.facts)
        .where(
            table.c.subject == chase.lot_id,
            table.c.kind == remedies.CHASED_ANEW,
            table.c.at >= chase.opened_at,
        )
        .order_by(table.c.at.desc())
        .limit(1)
    ).scalar()
    return str(json.loads(found)["by"]) if found else ""


def settle_if_none(tx: Tx, payer: str, reason: str) -> None:
    """Close a payer's anomaly once no remedy of it waits for a second person."""
    table = schema.remedy
    left = tx.connection.execute(
        select(func.count()).where(
            table.c.payer_id == payer, table.c.state == RemedyState.APPROVAL
        )
    ).scalar_one()
    if not left:
        anomalies.settle(tx, kind=_KIND, subject=payer, reason=reason)


def again(tx: Tx, lot: str, *, by: str) -> None:
    """Chase a lot anew from the playbook's first line.

    Only what a person has, or what ended and is owed all the same; else it raises
    `NotAnew`, and `LostRace` for a lot that was never chased.
    """
    chase = chases.locked(tx, lot)
    if chase is None:
        raise LostRace(f"lot {lot} was never chased")
    if not chases.owes_still(tx.connection, lot):
        raise NotAnew(
            f"nothing is owed for lot {lot} any more; there is no answer to chase"
        )
    if chase.state not in {ChaseState.GIVEN_UP, ChaseState.ENDED}:
        raise NotAnew(
            f"lot {lot} is chased already (its chase is {chase.state}); see: "
            "octway remedy plan"
        )
    values = {"next_at": tx.now, "known": "", "ended_at": None}
    chases.move(tx, chase, ChaseEvent.REOPEN, **values)
    tx.say(remedies.CHASED_ANEW, lot, by=by)
