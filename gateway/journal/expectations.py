"""The `expectation` table: every answer that a payer owes, per lot and kind.

One row stands for all claims of a lot; `owed` counts those that still lack the
answer.  A claim's own answer pays one off, a lot's answer all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, exists, func, or_, select, update

from gateway.committing import Tx
from gateway.journal import dialect, schema
from gateway.journal.cohorts import Cohort
from gateway.journal.prepared import Prepared, given
from routing.chase import RemedyState
from routing.directory import Directory
from routing.envelope import Level
from routing.errors import NoRoute
from routing.expectation import AnswerOrder, Owed
from routing.ledger import ANSWERED
from routing.lifecycle import (
    EXPECTATION,
    ExpectationEvent,
    ExpectationState,
    LotState,
)

_CLOSED: Final = EXPECTATION.final


class Came(NamedTuple):
    """When the file came in that an answer is read from, and of which kind it is.

    Days are the payer's own.  Without a kind it is one of which nobody is owed any.
    """

    at: float
    directory: Directory
    network: str = ""
    kind: str = ""

    def proves(self, level: Level, owed: str) -> bool:
        """Say whether an answer that speaks of a level proves one that is owed."""
        order = self.directory.answers_of(self.network)
        return order.proves(self.kind, level, owed)

    def day(self, payer: str, at: float) -> date:
        """Return a payer's day; UTC's for one that has left the directory."""
        try:
            return self.directory.calendar(payer).day(at)
        except NoRoute:
            return datetime.fromtimestamp(at, UTC).date()


def owe(
    tx: Tx,
    dispatch: Row[*tuple[Any, ...]],
    lots: Sequence[Row[*tuple[Any, ...]]],
    owed: Sequence[Owed],
    *,
    sent_on: str,
    order: AnswerOrder,
) -> None:
    """Write what the payer owes for the lots of a dispatch that it has taken.

    What a lot's claims were already answered (an answer outran its send) is not
    owed any more.  `sent_on` is the payer's day, ISO.  A lot that was owed the same
    before stays in the cohort of its first sending.
    """
    _renew(tx, dispatch.id, owed)
    rows = []
    lot_ids = [{"its_lot": lot.id} for lot in lots]
    before = _FIRST.rows_of_each(tx.connection, lot_ids) if lots else []
    for lot, rows_before in zip(lots, before, strict=True):
        first = {row.kind: row.sent_on for row in reversed(rows_before)}
        for each in owed:
            left = _still_owed(tx, lot, each, order)
            if each.kind not in first:
                first[each.kind] = sent_on
                cohort = Cohort(dispatch.payer_id, dispatch.flow, each.kind, sent_on)
                _count_sent(tx, cohort, lot, each, left)
            rows.append(
                {
                    "dispatch_id": dispatch.id,
                    "lot_id": lot.id,
                    "kind": each.kind,
                    "level": each.level,
                    "payer_id": dispatch.payer_id,
                    "flow": dispatch.flow,
                    "owed": left,
                    "due_at": each.due_at,
                    "missing_at": each.missing_at,
                    "usual_at": each.usual_at,
                    "next_at": each.late_at if left else None,
                    "sent_on": first[each.kind],
                    "state": ExpectationState.OPEN if left else ExpectationState.MET,
                    "created_at": tx.now,
                    "changed_at": tx.now,
                }
            )
    dialect.insert_new(tx.connection, schema.expectation, rows)


def _renew(tx: Tx, dispatch: str, owed: Sequence[Owed]) -> None:
    """Give what a dispatch still owes new due dates, because it was sent again."""
    due = {each.kind: each for each in owed}
    for row in of_dispatch(tx.connection, dispatch):
        each = due.get(row.kind)
        if each is None or row.state in _CLOSED:
            continue
        after = EXPECTATION.next_state(
            ExpectationState(row.state), ExpectationEvent.RENEW
        )
        renewed = {
            "state": after,
            "due_at": each.due_at,
            "missing_at": each.missing_at,
            "usual_at": each.usual_at,
            "next_at": each.late_at,
            "changed_at": tx.now,
        }
        _RENEW.run(tx.connection, _its(row) | renewed)
        tx.say("expectation.renewed", row.lot_id, kind=row.kind, was=row.state)


def _count_sent(
    tx: Tx, cohort: Cohort, lot: Row[*tuple[Any, ...]], each: Owed, left: int
) -> None:
    """Count what is sent, and what of it was answered before it was."""
    claims = lot.claims if each.level == Level.CLAIM else 1
    tx.count(cohort, claims, lot.asked)
    if left < claims:
        asked = lot.asked - (lot.standing_asked if left else 0)
        on = date.fromisoformat(cohort.sent_on)
        tx.count(cohort.answered(on, chased=False), claims - left, asked)


def answered(
    tx: Tx,
    lot: str,
    claims: int,
    asked: int,
    *,
    level: Level,
    came: Came,
    last: bool = False,
) -> None:
    """Pay off what is owed for a lot: `claims` of it, or all for a lot's answer.

    An answer proves those that come before it.  After the `last` one nothing more is
    owed, whatever its kind.  Each kind is counted once, for the payer that owed it
    first.
    """
    counted = set()
    for row in _UNMET.rows(tx.connection, {"its_lot": lot}):
        whole = row.level != Level.CLAIM
        if level is not Level.CLAIM and not whole:
            continue
        if whole and not last and not came.proves(level, row.kind):
            continue
        left = 0 if whole else max(0, row.owed - claims)
        state = before = ExpectationState(row.state)
        if left == 0:
            state = EXPECTATION.next_state(before, ExpectationEvent.MEET)
            if before is not ExpectationState.OPEN:
                tx.say("expectation.met-late", lot, kind=row.kind, was=before)
        if row.kind not in counted:
            counted.add(row.kind)
            cents = row.lot_asked if whole else asked
            _count_answered(tx, row, left, cents, came)
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


def _count_answered(tx: Tx, row: Any, left: int, asked: int, came: Came) -> None:
    """Count in a cohort what an answer pays off, so that `left` are still owed.

    What was sent or asked for again in between, or had come in long before it was
    understood, is told apart: it is not the payer's own delay.  What was answered,
    and then sent again, is answered already.
    """
    claims = row.least - left
    if claims <= 0:
        return
    asked = asked * claims // (row.owed - left)
    on, arrived = (came.day(row.payer_id, at) for at in (tx.now, came.at))
    cohort = Cohort(row.payer_id, row.flow, row.kind, row.sent_on)
    chased = bool(row.nudged) or arrived < on
    tx.count(cohort.answered(on, chased=chased), claims, asked)


def overdue(connection: Connection, payer: str, flow: str, kind: str) -> bool:
    """Say whether a payer owes anything late, or is missing anything."""
    its = {"its_payer": payer, "its_flow": flow, "its_kind": kind}
    return _OVERDUE.first(connection, its) is not None


def past_due(tx: Tx, most: int) -> list[Row[*tuple[Any, ...]]]:
    """Read what the watch must look at now, the longest due first.

    What it costs grows with what is due, not with what is open.
    """
    return _PAST_DUE.rows(tx.connection, {"now": tx.now, "most": most})


def move(
    tx: Tx,
    row: Row[*tuple[Any, ...]],
    happened: ExpectationEvent,
    *,
    next_at: float | None = None,
) -> ExpectationState:
    """Move an expectation along its life; the watch sees it again at `next_at`."""
    after = EXPECTATION.next_state(ExpectationState(row.state), happened)
    changed = {"state": after, "next_at": next_at, "changed_at": tx.now}
    _MOVE.run(tx.connection, _its(row) | changed)
    tx.say(f"expectation.{after}", row.lot_id, kind=row.kind, dispatch=row.dispatch_id)
    return after


def put_off(tx: Tx, row: Row[*tuple[Any, ...]], until: float) -> None:
    """Have the watch look at an expectation again at a moment, and not before."""
    _PUT_OFF.run(tx.connection, _its(row) | {"next_at": until})


def of_dispatch(connection: Connection, dispatch: str) -> list[Row[*tuple[Any, ...]]]:
    """List what is owed for a dispatch."""
    return _OF_DISPATCH.rows(connection, {"its_dispatch": dispatch})


def _still_owed(
    tx: Tx, lot: Row[*tuple[Any, ...]], each: Owed, order: AnswerOrder
) -> int:
    if each.level == Level.CLAIM:
        return 0 if lot.account in ANSWERED else int(lot.standing_claims)
    heard = lot.state in {LotState.ACKNOWLEDGED, LotState.ANSWERED}
    if not heard and lot.standing_claims == lot.claims:
        return 1
    words = _WORDS.rows(tx.connection, {"its_lot": lot.id})
    said = [(word.kind, Level(word.level)) for word in words] or [("", Level.LOT)]
    return 0 if any(order.proves(*word, each.kind) for word in said) else 1


_TABLE: Final = schema.expectation
_FIRST: Final = Prepared(
    select(_TABLE.c.kind, _TABLE.c.sent_on)
    .where(_TABLE.c.lot_id == given("its_lot"))
    .order_by(_TABLE.c.created_at, _TABLE.c.dispatch_id)
)
_NUDGES: Final = ("follow-merger", "ask-enrolment", "resend", "ask-return", "complain")
_DONE: Final = [
    state.value
    for state in (RemedyState.TRIED, RemedyState.BROUGHT, RemedyState.NOTHING)
]
_AGAIN: Final = _TABLE.alias()
_NUDGED: Final = or_(
    exists().where(
        schema.remedy.c.lot_id == _TABLE.c.lot_id,
        schema.remedy.c.kind.in_(_NUDGES),
        schema.remedy.c.state.in_(_DONE),
    ),
    exists().where(
        _AGAIN.c.lot_id == _TABLE.c.lot_id,
        _AGAIN.c.kind == _TABLE.c.kind,
        _AGAIN.c.dispatch_id != _TABLE.c.dispatch_id,
    ),
)
_LEAST: Final = (  # of all sendings: what no answer was counted for yet
    select(func.min(_AGAIN.c.owed))
    .where(_AGAIN.c.lot_id == _TABLE.c.lot_id, _AGAIN.c.kind == _TABLE.c.kind)
    .scalar_subquery()
)
_UNMET: Final = Prepared(
    select(
        _TABLE,
        schema.lot.c.asked.label("lot_asked"),
        _NUDGED.label("nudged"),
        _LEAST.label("least"),
    )
    .join(schema.lot, schema.lot.c.id == _TABLE.c.lot_id)
    .where(
        _TABLE.c.lot_id == given("its_lot"),
        _TABLE.c.state != ExpectationState.MET.value,
    )
    .order_by(_TABLE.c.created_at, _TABLE.c.dispatch_id)
)
_WORDS: Final = Prepared(
    select(schema.payer_return.c.kind, schema.answer.c.level)
    .join(schema.payer_return, schema.payer_return.c.id == schema.answer.c.return_id)
    .where(schema.answer.c.lot_id == given("its_lot"))
    .distinct()
)
_PAY_OFF: Final = Prepared(
    update(_TABLE).where(
        _TABLE.c.dispatch_id == given("its_dispatch"),
        _TABLE.c.lot_id == given("its_lot"),
        _TABLE.c.kind == given("its_kind"),
    ),
    ("owed", "state", "next_at", "changed_at"),
)
_PAST_DUE: Final = Prepared(
    select(_TABLE)
    .where(_TABLE.c.next_at < given("now"))
    .order_by(_TABLE.c.next_at)
    .limit(given("most"))
    .with_for_update(skip_locked=True)
)
_OVERDUE: Final = Prepared(
    select(_TABLE.c.lot_id)
    .where(
        _TABLE.c.payer_id == given("its_payer"),
        _TABLE.c.flow == given("its_flow"),
        _TABLE.c.kind == given("its_kind"),
        _TABLE.c.state.in_(
            [ExpectationState.LATE.value, ExpectationState.MISSING.value]
        ),
    )
    .limit(1)
)
_OF_DISPATCH: Final = Prepared(
    select(_TABLE)
    .where(_TABLE.c.dispatch_id == given("its_dispatch"))
    .order_by(_TABLE.c.lot_id, _TABLE.c.due_at)
)
_THE_ONE: Final = (
    _TABLE.c.dispatch_id == given("its_dispatch"),
    _TABLE.c.lot_id == given("its_lot"),
    _TABLE.c.kind == given("its_kind"),
)
_MOVE: Final = Prepared(
    update(_TABLE).where(*_THE_ONE), ("state", "next_at", "changed_at")
)
_PUT_OFF: Final = Prepared(update(_TABLE).where(*_THE_ONE), ("next_at",))
_RENEW: Final = Prepared(
    update(_TABLE).where(*_THE_ONE),
    ("state", "due_at", "missing_at", "usual_at", "next_at", "changed_at"),
)


def _its(row: Any) -> dict[str, str]:
    return {
        "its_dispatch": row.dispatch_id,
        "its_lot": row.lot_id,
        "its_kind": row.kind,
    }
