"""What an answer does to a claim, its lot and its dispatch, in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final, NamedTuple

from sqlalchemy import func, select

from gateway.committing import Tx
from gateway.journal import (
    answers,
    dispatches,
    expectations,
    ledger,
    lots,
    schema,
)
from gateway.journal.expectations import Came
from gateway.journal.prepared import Prepared, given
from gateway.journal.revival import TAKEN_BACK, revive
from gateway.steps.handover import close_if_answered, mark_sent
from routing.delays import Delays
from routing.directory import Directory
from routing.envelope import AnswerSeen, Level, Outcome
from routing.errors import NoRoute
from routing.ledger import ANSWERED, MONEY, Account, account_for, completes
from routing.lifecycle import DispatchEvent, DispatchState, LotEvent, LotState
from routing.plausible import Bounds, absurdity

_SAID: Final = Prepared(
    select(schema.answer.c.seq)
    .where(
        schema.answer.c.lot_id == given("its_lot"),
        schema.answer.c.claim_seq == given("its_seq"),
        schema.answer.c.outcome == given("its_outcome"),
        schema.answer.c.asked == given("its_asked"),
        schema.answer.c.paid == given("its_paid"),
    )
    .limit(1)
)


_PAID: Final = frozenset({Account.PAID, Account.PARTLY_PAID})


class Applied(NamedTuple):
    """What one answer did: whose claim it was, and whether it said anything new."""

    client: str
    lot: str
    payer: str
    flow: str
    repeated: bool
    closed: bool
    sent_at: float | None
    claims: int
    asked: int  # for those claims, in cents
    absurd: str = ""  # why nothing was written
    came_into: str = ""  # the state that its lot came into by this word


def apply_claim(
    tx: Tx, lot: str, seq: int, answer: AnswerSeen, came: Came, bounds: Bounds | None
) -> Applied:
    """Write a payer's word on one claim; a word said before changes nothing.

    Nor does one whose amounts are out of bounds, or that decides anew what is settled
    once; without bounds all are believed.
    """
    current, standing, facts = answers.stands(tx.connection, lot, seq)
    repeated = said_before(tx, lot, seq, answer)
    closed, absurd = False, ""
    if bounds is not None and not repeated:
        absurd = absurdity(answer, asked=facts.asked, paid=facts.paid, bounds=bounds)
        absurd = absurd or _settled_anew(answer, current, facts.paid)
    if not repeated and not absurd:
        adds = answer.outcome in MONEY
        paid = facts.paid + (answer.paid if adds else 0)
        outcome = answer.outcome
        if outcome is Outcome.PARTLY_PAID and completes(paid, facts.asked):
            outcome = Outcome.PAID
        # An acknowledgement is no answer: the claim goes on standing with its lot.
        acknowledged = outcome is Outcome.ACKNOWLEDGED
        target = None if acknowledged else account_for(outcome, current)
        if target is not None or adds or current not in ANSWERED:
            answers.write(tx, lot, seq, target, outcome, paid)
        if target is not None:
            move = (lot, seq, current, target, standing, facts.asked)
            ledger.move_claims(tx, [move], f"answer.{outcome}")
        closed = current not in ANSWERED and target in ANSWERED
        if closed:
            expectations.answered(tx, lot, 1, facts.asked, level=Level.CLAIM, came=came)
    return Applied(
        client=facts.client_id,
        lot=lot,
        payer=facts.payer_id or "",
        flow=facts.flow,
        repeated=repeated,
        closed=closed,
        sent_at=facts.sent_at,
        claims=1,
        asked=facts.asked,
        absurd=absurd,
    )


def apply_lot(
    tx: Tx, lot_id: str, answer: AnswerSeen, came: Came, *, believe: bool = False
) -> Applied:
    """Write a payer's word on a whole lot; what was said of single claims stays.

    A refusal or a payment decides every claim that stands with its lot, a payment
    pays them in full; a word that defers decides nothing.  What is said to be paid
    must be what its claims come to, unless a person asks to `believe` it.
    """
    row = _lot(tx, lot_id)
    current = Account(row.account)
    target = account_for(answer.outcome, current)
    pays = answer.outcome is Outcome.PAID
    absurd = came_into = ""
    decides = pays or answer.outcome is Outcome.REJECTED
    if decides and not believe:
        absurd = _cannot_be_whole(tx, row, answer, current)
    if not absurd:
        if target is not None:
            if pays:
                answers.pay_standing(tx, lot_id)
            ledger.move_lot(tx, row, target, f"answer.{answer.outcome}")
        _pay_off(tx, row, answer.outcome, came)
        lots.number_freed(tx, row)
        now = _lot(tx, lot_id)
        if decides or now.state not in TAKEN_BACK or not revive(tx, now):
            happened = LotEvent.ANSWER if decides else LotEvent.ACKNOWLEDGE
            after = lots.move(tx, now, happened, f"answer.{answer.outcome}")
            came_into = "" if after == now.state else after
    return Applied(
        client=row.client_id,
        lot=lot_id,
        payer=row.payer_id or "",
        flow=row.flow,
        repeated=target is None,
        closed=decides,
        sent_at=_sent_at(tx, row.dispatch_id),
        claims=row.standing_claims,
        asked=row.standing_asked,
        absurd=absurd,
        came_into=came_into,
    )


def _pay_off(tx: Tx, lot: Any, outcome: Outcome, came: Came) -> None:
    """Pay off what is owed for a lot of which something was said as a whole."""
    if outcome in {Outcome.REJECTED, Outcome.PAID}:
        expectations.answered(
            tx,
            lot.id,
            lot.claims,
            lot.standing_asked,
            level=Level.CLAIM,
            came=came,
            last=outcome is Outcome.REJECTED,
        )
    elif outcome is not Outcome.DEFERRED:
        expectations.answered(tx, lot.id, 0, 0, level=Level.LOT, came=came)


def _settled_anew(answer: AnswerSeen, current: Account, paid: int) -> str:
    """Say why a decision on a claim that is settled once cannot be meant, or ""."""
    decides = answer.outcome in MONEY or answer.outcome is Outcome.REJECTED
    if not (answer.once and decides and current in _PAID):
        return ""
    return (
        f"it decides anew on a claim that was settled before, with {paid} cents paid; "
        "believed, what it pays would be added to that"
    )


def _cannot_be_whole(tx: Tx, lot: Any, answer: AnswerSeen, current: Account) -> str:
    """Say why a decision on a whole lot does not fit what stands, or ""."""
    paid_before = current is Account.PAID  # what stands with the lot is paid with it
    if answer.outcome is Outcome.PAID:
        standing = 0 if paid_before else lot.standing_asked
        return _wrong_total(answer.paid, _paid(tx, lot.id) + standing)
    if paid_before and lot.standing_claims:
        return f"it refuses the whole lot, of which {_paid(tx, lot.id)} cents are paid"
    return ""


def _wrong_total(said: int, due: int) -> str:
    if said == due:
        return ""
    return (
        f"it says that {said} cents of the lot are paid, and its claims' own answers "
        f"leave {due}"
    )


def settle(
    tx: Tx, touched: Iterable[str], directory: Directory, delays: Delays
) -> Counter[tuple[str, str, str]]:
    """Move lots on whose claims were answered, and the dispatches they went with.

    Returns how many came into a state, by payer, flow and state.
    """
    concerned = set()
    moved: Counter[tuple[str, str, str]] = Counter()
    for lot_id in sorted(set(touched)):
        row = _lot(tx, lot_id)
        if row.standing_claims == 0:
            if row.state != LotState.ANSWERED:
                lots.move(tx, row, LotEvent.ANSWER, "all claims are answered")
                moved[row.payer_id or "", row.flow, LotState.ANSWERED] += 1
        elif row.state == LotState.SENT:
            lots.move(tx, row, LotEvent.ACKNOWLEDGE, "an answer proves the arrival")
            moved[row.payer_id or "", row.flow, LotState.ACKNOWLEDGED] += 1
        elif row.state in TAKEN_BACK:
            revive(tx, row)
        if row.dispatch_id is not None:
            concerned.add(row.dispatch_id)
    for dispatch in sorted(concerned):
        _settle_dispatch(tx, dispatch, directory, delays)
    return moved


def _settle_dispatch(
    tx: Tx, dispatch_id: str, directory: Directory, delays: Delays
) -> None:
    dispatch = dispatches.find(tx.connection, dispatch_id)
    if dispatch is None:
        return
    if dispatch.state in {DispatchState.UNKNOWN, DispatchState.REFUSED}:
        proof = "proved by an answer"
        # A payer that has left the directory owes by nobody's rules: the dispatch
        # waits for its return, its answers do not.
        with suppress(NoRoute):
            arrived = DispatchEvent.ARRIVED
            mark_sent(tx, dispatch, arrived, directory, delays, proof)
    close_if_answered(tx, dispatch_id)


def said_before(tx: Tx, lot: str, seq: int, answer: AnswerSeen) -> bool:
    """Say whether a payer said the very same of a claim before."""
    said = {
        "its_lot": lot,
        "its_seq": seq,
        "its_outcome": answer.outcome,
        "its_asked": answer.asked,
        "its_paid": answer.paid,
    }
    return _SAID.first(tx.connection, said) is not None


def _paid(tx: Tx, lot_id: str) -> int:
    query = select(func.coalesce(func.sum(schema.claim.c.paid), 0))
    return int(
        tx.connection.execute(query.where(schema.claim.c.lot_id == lot_id)).scalar_one()
    )


def _lot(tx: Tx, lot_id: str) -> Any:
    (row,) = _LOT.rows(tx.connection, {"its_id": lot_id})
    return row


def _sent_at(tx: Tx, dispatch: str | None) -> float | None:
    if dispatch is None:
        return None
    row = dispatches.find(tx.connection, dispatch)
    return None if row is None else row.sent_at


_LOT: Final = Prepared(
    select(schema.lot).where(schema.lot.c.id == given("its_id")).with_for_update()
)
