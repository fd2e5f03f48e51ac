"""A lot that was taken back to be sent again, and whose first sending is answered.

The answer proves that the payer has it: it must not go a second time, and what
the payer owes for the first sending is owed again.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import select, update

from gateway.committing import Tx
from gateway.journal import dispatches, ledger, lots, schema
from gateway.journal.prepared import Prepared, given
from routing.envelope import Outcome
from routing.ledger import Account, account_for
from routing.lifecycle import (
    EXPECTATION,
    DispatchEvent,
    ExpectationEvent,
    ExpectationState,
    LotEvent,
    LotState,
)

TAKEN_BACK: Final = frozenset(
    {LotState.NEW, LotState.HELD, LotState.ROUTED, LotState.GATHERED}
)
"""States in which a lot that was sent before waits to be sent again."""

_WORDS: Final = "its first sending was answered before the second left"


def revive(tx: Tx, lot: Any) -> bool:
    """Let a lot stand as its first sending left it; False if it was never sent.

    `lot` is the row as read in this transaction, in one of `TAKEN_BACK`.
    """
    first = _SENT.first(tx.connection, {"its_lot": lot.id})
    if first is None or first.id == lot.dispatch_id:
        return False
    target = account_for(Outcome.ACKNOWLEDGED, Account(lot.account))
    if target is not None:
        ledger.move_lot(tx, lot, target, _WORDS)
    # What gathered it meanwhile is withdrawn by the dispatch step, with its reason.
    lots.move(tx, lot, LotEvent.ACKNOWLEDGE, _WORDS, cause="", cause_words="")
    if lot.state != LotState.GATHERED:
        table = schema.lot
        again = {"dispatch_id": first.id, "payer_id": first.payer_id}
        tx.connection.execute(update(table).where(table.c.id == lot.id).values(again))
    _owe_again(tx, lot.id, first.id)
    return True


def outrun(tx: Tx, dispatch: Any) -> set[str]:
    """Withdraw a dispatch that waits, if what it holds was answered meanwhile.

    Its other lots are gathered anew.  Returns the dispatches of the first sendings
    that were answered; none, and it may go.
    """
    members = dispatches.members(tx.connection, dispatch.id)
    answered = {}
    for lot in members:
        if lot.dispatch_id == dispatch.id and lot.state in _SETTLED:
            first = _SENT.first(tx.connection, {"its_lot": lot.id})
            if first is not None and first.id != dispatch.id:
                answered[lot.id] = first.id
    if not answered or dispatch.sent_at is not None:
        return set()
    dispatches.move(
        tx,
        dispatch,
        DispatchEvent.WITHDRAW,
        cause="outrun",
        cause_words=_WORDS,
        worker=None,
        lease_until=None,
    )
    table = schema.lot
    for lot in members:
        if lot.id in answered:
            its = update(table).where(table.c.id == lot.id)
            tx.connection.execute(its.values(dispatch_id=answered[lot.id]))
        elif lot.dispatch_id == dispatch.id and lot.state == LotState.GATHERED:
            lots.move(tx, lot, LotEvent.RELEASE, _WORDS, dispatch_id=None)
    return set(answered.values())


def _owe_again(tx: Tx, lot: str, dispatch: str) -> None:
    """Let what was waived for a sending be owed again, due as it was."""
    table = schema.expectation
    waived = tx.connection.execute(
        select(table).where(
            table.c.lot_id == lot,
            table.c.dispatch_id == dispatch,
            table.c.state == ExpectationState.WAIVED,
            table.c.owed > 0,
        )
    ).all()
    for row in waived:
        after = EXPECTATION.next_state(
            ExpectationState(row.state), ExpectationEvent.RENEW
        )
        tx.connection.execute(
            update(table)
            .where(
                table.c.dispatch_id == dispatch,
                table.c.lot_id == lot,
                table.c.kind == row.kind,
            )
            .values(state=after, next_at=max(row.due_at, tx.now), changed_at=tx.now)
        )
        tx.say("expectation.renewed", lot, kind=row.kind, was=row.state)


_SETTLED: Final = frozenset({LotState.ACKNOWLEDGED, LotState.ANSWERED})
_SENT: Final = Prepared(
    select(schema.dispatch.c.id, schema.dispatch.c.payer_id)
    .join(
        schema.dispatch_lot, schema.dispatch_lot.c.dispatch_id == schema.dispatch.c.id
    )
    .where(
        schema.dispatch_lot.c.lot_id == given("its_lot"),
        schema.dispatch.c.sent_at.is_not(None),
    )
    .order_by(schema.dispatch.c.sent_at.desc(), schema.dispatch.c.id.desc())
    .limit(1)
)
