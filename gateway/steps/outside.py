"""A person handed a dispatch over on another way, during an outage, and has proof.

It moves along as any other that its payer has taken: its answers are owed from now
on, so what was carried by hand is chased like everything else.
"""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import select

from gateway.committing import Tx
from gateway.journal import dispatches, schema
from gateway.steps.handover import mark_sent
from routing.delays import Delays
from routing.directory import Directory
from routing.errors import GatewayError
from routing.lifecycle import DISPATCH, DispatchEvent, DispatchState

OUTCOME = "outside"
"""The outcome of the attempt that stands for it."""


class NotDeliverable(GatewayError):
    """A dispatch that nobody can have handed over: it has no file, or proof is missing."""

    code: ClassVar[str] = "not-deliverable"


def may_be_delivered(state: str) -> bool:
    """Say whether a dispatch in a state may be told to be delivered outside."""
    return DispatchEvent.OUTSIDE in DISPATCH.allowed(DispatchState(state))


def deliver(
    tx: Tx, name: str, directory: Directory, *, by: str, why: str, proof: str
) -> DispatchState:
    """Note that a dispatch was delivered outside of the gateway; return its state.

    `proof` is what shows it: the number of the payer's receipt, a name and an hour.
    Raises `NotDeliverable` without it, or before its file was made;
    `IllegalTransition` for one that is being handed over, was taken or withdrawn;
    `NoRoute` when its payer has left the directory.
    """
    if not proof.strip() or not why.strip():
        raise NotDeliverable(
            f"dispatch {name}: wanted a reason, and a proof that its payer has the file"
        )
    table = schema.dispatch
    row = tx.connection.execute(
        select(table).where(table.c.id == name).with_for_update()
    ).one_or_none()
    if row is None:
        raise NotDeliverable(f"there is no dispatch {name}")
    DISPATCH.next_state(DispatchState(row.state), DispatchEvent.OUTSIDE)
    if row.payload_id is None:
        raise NotDeliverable(
            f"dispatch {name} has no file yet, so nobody can have handed it over"
        )
    attempt = dispatches.begin_attempt(tx, row, by)
    delays = Delays((), directory, tx.now)
    mark_sent(tx, row, DispatchEvent.OUTSIDE, directory, delays, proof.strip())
    words = f"{why.strip()}; proof: {proof.strip()}"
    dispatches.end_attempt(tx, name, attempt, outcome=OUTCOME, code="", words=words)
    tx.say(
        "dispatch.delivered-outside",
        name,
        by=by,
        why=why.strip(),
        proof=proof.strip(),
        was=row.state,
    )
    return DispatchState.SENT
