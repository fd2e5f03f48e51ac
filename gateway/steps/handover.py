"""What is written when a payer surely has a dispatch: steps 5 and 6 in one commit.

The lots move on, and every answer that the payer now owes becomes a row with a
due date, whether the payer's side said so at once, was asked, or proved it by
answering.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Row, select

from gateway.committing import Tx
from gateway.journal import anomalies, dispatches, expectations, lots, schema
from gateway.journal.prepared import Prepared, given
from routing.delays import Delays, Key
from routing.directory import Directory
from routing.expectation import owed
from routing.lifecycle import DispatchEvent, DispatchState, LotEvent, LotState


def mark_sent(
    tx: Tx,
    dispatch: Row[*tuple[Any, ...]],
    happened: DispatchEvent,
    directory: Directory,
    delays: Delays,
    reference: str,
) -> None:
    """Note that the payer has a dispatch, and what it owes from now on.

    `delays` say when an answer is late for this payer.  Raises `NoRoute`, before anything is written, when the payer has left the
    directory.
    """
    payer = directory.payer(dispatch.payer_id)
    dispatches.move(
        tx,
        dispatch,
        happened,
        sent_at=tx.now,
        reference=reference,
        cause="",
        cause_words="",
        worker=None,
        lease_until=None,
    )
    members = dispatches.members(tx.connection, dispatch.id)
    for lot in members:
        if lot.dispatch_id == dispatch.id and lot.state in {
            LotState.GATHERED,
            LotState.ACKNOWLEDGED,
            LotState.ANSWERED,
        }:
            lots.move(tx, lot, LotEvent.SEND, "sent")
    calendar = directory.calendar(payer.id)

    def usual(kind: str, due_at: float) -> float | None:
        key = Key(payer.id, dispatch.flow, kind)
        return delays.usual_at(key, sent_at=tx.now, due_at=due_at)

    due = owed(
        payer.expects,
        flow=dispatch.flow,
        sent_at=tx.now,
        calendar=calendar,
        usual=usual,
    )
    sent_on = calendar.day(tx.now).isoformat()
    order = directory.answers_of(dispatch.network)
    expectations.owe(tx, dispatch, members, due, sent_on=sent_on, order=order)
    for kind in ("dispatch-unclear", "dispatch-refused"):
        anomalies.settle(
            tx, kind=kind, subject=dispatch.id, reason="the payer has the dispatch"
        )
    close_if_answered(tx, dispatch.id)


def close_if_answered(tx: Tx, dispatch_id: str) -> None:
    """End the life of a dispatch that was sent and whose lots are all answered."""
    dispatch = dispatches.find(tx.connection, dispatch_id)
    if dispatch is None or dispatch.state != DispatchState.SENT:
        return
    if _UNANSWERED.first(tx.connection, {"its_dispatch": dispatch_id}) is None:
        dispatches.move(tx, dispatch, DispatchEvent.ANSWER)
        anomalies.settle(
            tx,
            kind="dispatch-undelivered",
            subject=dispatch_id,
            reason="every lot of it is answered",
        )


_UNANSWERED: Final = Prepared(
    select(schema.lot.c.id)
    .join(schema.dispatch_lot, schema.dispatch_lot.c.lot_id == schema.lot.c.id)
    .where(
        schema.dispatch_lot.c.dispatch_id == given("its_dispatch"),
        schema.lot.c.state != LotState.ANSWERED.value,
    )
    .limit(1)
)
