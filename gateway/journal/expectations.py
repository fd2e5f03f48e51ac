"""The `expectation` table: every answer that a payer owes, per lot and kind.

One row stands for all claims of a lot; `owed` counts those that still lack the
answer.  A claim's own answer pays one off, a lot's answer all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, func, select, update

from gateway.committing import Tx
from gateway.journal import dialect, schema
from gateway.journal.prepared import Prepared, given
from routing.envelope import Level
from routing.expectation import Owed
from routing.ledger import ANSWERED
from routing.lifecycle import (
    EXPECTATION,
    ExpectationEvent,
    ExpectationState,
    LotState,
)


def owe(
    tx: Tx,
    dispatch: Row[*tuple[Any, ...]],
    lots: Sequence[Row[*tuple[Any, ...]]],
    owed: Sequence[Owed],
    *,
    sent_on: str,
) -> None:
    """Write what the payer owes for the lots of a dispatch that it has taken.

    What a lot's claims were already answered (an answer outran its send) is not
    owed any more.  `sent_on` is the payer's day, ISO.
    """
    rows = [
        {
            "dispatch_id": dispatch.id,
            "lot_id": lot.id,
            "kind": each.kind,
            "level": each.level,
            "payer_id": dispatch.payer_id,
            "flow": dispatch.flow,
            "owed": _still_owed(lot, each),
            "due_at": each.due_at,
            "missing_at": each.missing_at,
            "usual_at": each.usual_at,
            "next_at": each.late_at if _still_owed(lot, each) else None,
            "sent_on": sent_on,
            "state": ExpectationState.OPEN
            if _still_owed(lot, each)
            else ExpectationState.MET,
            "created_at": tx.now,
            "changed_at": tx.now,
        }
        for lot in lots
        for each in owed
    ]
    dialect.insert_new(tx.connection, schema.expectation, rows)


def answered(tx: Tx, lot: str, claims: int, *, level: Level) -> None:
    """Pay off what is owed for a lot: `claims` of it, or all for a lot's answer.

    A claim's answer also proves that the lot as a whole has arrived.
    """
    for row in _UNMET.rows(tx.connection, {"its_lot": lot}):
        whole = row.level != Level.CLAIM
        if level is not Level.CLAIM and not whole:
            continue
        left = 0 if whole else max(0, row.owed - claims)
        state = before = ExpectationState(row.state)
        if left == 0:
            state = EXPECTATION.next_state(before, ExpectationEvent.MEET)
            if before is not ExpectationState.OPEN:
                tx.say("expectation.met-late", lot, kind=row.kind, was=before)
        _PAY_OFF.run(
            tx.connection,
            {
                "its_dispatch": row.dispatch_id,
                "its_lot": lot,
                "its_kind": row.kind,
                "owed": left,
                "state": state,
                "next_at": None if left == 0 else row.next_at,
                "changed_at": tx.now,
            },
        )


def overdue(connection: Connection, payer: str, flow: str, kind: str) -> int:
    """Count what a payer owes late, or is missing."""
    table = schema.expectation
    query = select(func.count()).where(
        table.c.payer_id == payer,
        table.c.flow == flow,
        table.c.kind == kind,
        table.c.state.in_([ExpectationState.LATE, ExpectationState.MISSING]),
    )
    return int(connection.execute(query).scalar_one())


def past_due(tx: Tx, most: int) -> list[Row[*tuple[Any, ...]]]:
    """Read what the watch must look at now, the longest due first.

    What it costs grows with what is due, not with what is open.
    """
    table = schema.expectation
    query = (
        select(table)
        .where(table.c.next_at < tx.now)
        .order_by(table.c.next_at)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    return list(tx.connection.execute(query))


def move(
    tx: Tx,
    row: Row[*tuple[Any, ...]],
    happened: ExpectationEvent,
    *,
    next_at: float | None = None,
) -> ExpectationState:
    """Move an expectation along its life; the watch sees it again at `next_at`."""
    table = schema.expectation
    after = EXPECTATION.next_state(ExpectationState(row.state), happened)
    tx.connection.execute(
        update(table)
        .where(
            table.c.dispatch_id == row.dispatch_id,
            table.c.lot_id == row.lot_id,
            table.c.kind == row.kind,
        )
        .values(state=after, next_at=next_at, changed_at=tx.now)
    )
    tx.say(f"expectation.{after}", row.lot_id, kind=row.kind, dispatch=row.dispatch_id)
    return after


def of_dispatch(connection: Connection, dispatch: str) -> list[Row[*tuple[Any, ...]]]:
    """List what is owed for a dispatch."""
    table = schema.expectation
    query = select(table).where(table.c.dispatch_id == dispatch)
    return list(connection.execute(query.order_by(table.c.lot_id, table.c.due_at)))


def _still_owed(lot: Row[*tuple[Any, ...]], each: Owed) -> int:
    if each.level == Level.CLAIM:
        return 0 if lot.account in ANSWERED else int(lot.standing_claims)
    heard = lot.state in {LotState.ACKNOWLEDGED, LotState.ANSWERED}
    return 0 if heard or lot.standing_claims < lot.claims else 1


_TABLE: Final = schema.expectation
_UNMET: Final = Prepared(
    select(_TABLE).where(
        _TABLE.c.lot_id == given("its_lot"),
        _TABLE.c.state != ExpectationState.MET.value,
    )
)
_PAY_OFF: Final = Prepared(
    update(_TABLE).where(
        _TABLE.c.dispatch_id == given("its_dispatch"),
        _TABLE.c.lot_id == given("its_lot"),
        _TABLE.c.kind == given("its_kind"),
    ),
    ("owed", "state", "next_at", "changed_at"),
)
