"""What a life comes to, in a sentence: where it stands, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import tzinfo
from typing import Any, Final

from sqlalchemy import Row

from gateway.cli import trace_chase
from gateway.cli.anomaly_shown import ADVICE, advice_of
from gateway.cli.cause_advice import OF_CAUSE
from gateway.cli.wording import counted, listing, moment, money
from gateway.journal.life import Life
from gateway.journal.life_lots import Standing
from gateway.journal.trace import ANOMALY, CLAIM, DEPOSIT, DISPATCH
from gateway.pursuit import Pursuit
from routing.ledger import Account
from routing.lifecycle import (
    AnomalyState,
    DepositState,
    DispatchState,
    ExpectationState,
    LotState,
    ReturnState,
)

AnyRow = Row[*tuple[Any, ...]]
_LEFT: Final = (LotState.SENT, LotState.ACKNOWLEDGED, LotState.ANSWERED)
_ENDED: Final = (LotState.REFUSED, LotState.WITHDRAWN)
_OF_PAYERS: Final = frozenset({"answer-late", "payer-locked-out", "payer-silent"})
_ACCOUNTS: Final = (
    (Account.PAID, "paid"),
    (Account.PARTLY_PAID, "partly paid"),
    (Account.ACCEPTED, "accepted"),
    (Account.REJECTED, "rejected"),
    (Account.ACKNOWLEDGED, "acknowledged"),
    (Account.DISPATCHED, "sent and not answered yet"),
    (Account.MISSING, "without the answer that was due"),
    (Account.ROUTED, "waiting to be sent"),
    (Account.RECEIVED, "waiting to be routed"),
    (Account.HELD, "held"),
    (Account.WAIVED, "given up"),
    (Account.WITHDRAWN, "withdrawn"),
)
_LOT: Final = {
    LotState.NEW: "the lot waits to be routed",
    LotState.ROUTED: "the lot is routed and waits for a dispatch",
    LotState.GATHERED: "the lot is in a dispatch that has not left",
    LotState.SENT: "the lot is sent",
    LotState.ACKNOWLEDGED: "the lot is sent and acknowledged",
    LotState.ANSWERED: "the lot is sent and answered",
    LotState.WITHDRAWN: "the lot is withdrawn",
}


def headline(life: Life, zone: tzinfo | None) -> str:
    """Say in one sentence where it stands."""
    if life.found.kind == ANOMALY and life.anomaly is not None:
        return f"{life.anomaly.state}: {life.anomaly.words}"
    if life.payer_return is not None:
        return _of_return(life.payer_return)
    deposit = life.deposit
    if deposit is not None and deposit.state == DepositState.RECEIVED:
        return "the file is received and safe; it has not been read yet"
    if deposit is not None and deposit.state == DepositState.UNREADABLE:
        return f"the file cannot be read: {_first_problem(life) or 'it holds no lot'}"
    parts = [_damage(life), _of_claim(life, zone), *_stuck(life)]
    parts.append(_of_dispatch(life, zone))
    parts += [_sent(life), _claims(life), _owed(life, zone)]
    return "; ".join(part for part in parts if part) or "it holds no lot"


def todo(life: Life, pursuit: Pursuit) -> list[str]:
    """Say what a person has to do; nothing where it goes on by itself."""
    found: list[str] = []
    deposit = life.deposit
    if deposit is not None and deposit.state == DepositState.UNREADABLE:
        found.append(
            "tell its client, who must send the right file; if the program was at "
            f"fault: octway replay {deposit.id}"
        )
    damage = _damaged(life)
    if damage is not None:
        found.append(
            "its client must send again what is missing, without the lots that went on "
            "(they would be held as duplicates); then octway anomaly resolve "
            f"{damage.id} WORDS"
        )
    found += [
        OF_CAUSE.get(lot.cause, f"mend: {lot.cause_words}")
        for lot in life.lots
        if lot.state in {LotState.HELD, LotState.REFUSED}
    ]
    for dispatch in life.dispatches:
        if dispatch.state == DispatchState.REFUSED:
            kind = (
                "dispatch-unclear"
                if dispatch.cause == "unclear"
                else "dispatch-refused"
            )
            found.append(f"{dispatch.id}: {ADVICE[kind]}")
    returned = life.payer_return
    if returned is not None and returned.state == ReturnState.UNREADABLE:
        found.append(ADVICE["return-unreadable"])
    for anomaly in life.anomalies:
        if anomaly.kind in _OF_PAYERS and anomaly.state != AnomalyState.RESOLVED:
            found.append(f"{anomaly.payer_id}: {ADVICE[anomaly.kind]}")
    found += trace_chase.todo(pursuit)
    if life.found.kind == ANOMALY and life.anomaly is not None:
        found.append(advice_of(life.anomaly))
    return [each for each in dict.fromkeys(found) if each]


def claims_in_words(standing: Iterable[Standing]) -> str:
    """Say where claims stand: `41 paid, 1 rejected`."""
    counts = {each.account: each.claims for each in standing}
    return ", ".join(
        f"{counts[account]:,} {words}"
        for account, words in _ACCOUNTS
        if account in counts
    )


def _stuck(life: Life) -> Iterator[str]:
    for state, words in ((LotState.HELD, "held"), (LotState.REFUSED, "refused")):
        count = life.states.get(state, 0)
        first = next((lot for lot in life.lots if lot.state == state), None)
        if not count or first is None:
            continue
        why = first.cause_words or first.cause
        if state is LotState.REFUSED:
            why = _first_problem(life, first.id) or why
        if count == 1:
            yield f"lot {first.number} is {words}: {why}"
        else:
            yield f"{counted(count, 'lot')} are {words}, the first, {first.number}: {why}"


def _damaged(life: Life) -> AnyRow | None:
    """Find the open anomaly about a deposit of which a part is in no lot."""
    if life.found.kind != DEPOSIT:
        return None
    return next(
        (
            each
            for each in life.anomalies
            if each.kind == "deposit-damaged" and each.state != AnomalyState.RESOLVED
        ),
        None,
    )


def _damage(life: Life) -> str:
    if _damaged(life) is None:
        return ""
    words = "the deposit was damaged, and a lot may be missing from it"
    why = _first_problem(life, None)
    return f"{words}: {why}" if why else words


def _first_problem(life: Life, *lots: str | None) -> str:
    """Say the first problem, of these lots if any are named; None is outside of all."""
    problem = next(
        (each for each in life.problems if not lots or each.lot_id in lots), None
    )
    if problem is None:
        return ""
    place = f"record {problem.record}: " if problem.record is not None else ""
    return f"{place}{problem.message}"


def _sent(life: Life) -> str:
    left = sum(life.states.get(state, 0) for state in _LEFT)
    if life.found.kind == DISPATCH or not life.lot_count:
        return ""
    if life.lot_count == 1:
        return _LOT.get(LotState(next(iter(life.states))), "")
    return f"{left:,} of {counted(life.lot_count, 'lot')} sent"


def _claims(life: Life) -> str:
    """Say how many claims were answered, and how."""
    total = sum(each.claims for each in life.standing)
    answered = {
        Account.PAID,
        Account.PARTLY_PAID,
        Account.ACCEPTED,
        Account.REJECTED,
        Account.MISSING,
    }
    if life.found.kind == CLAIM or not any(
        each.account in answered for each in life.standing
    ):
        return ""
    ours = life.states.get(LotState.REFUSED, 0)
    if ours and ours == life.lot_count:
        return ""  # refused by us, which was said
    first, *others = claims_in_words(life.standing).split(", ")
    number, _, words = first.partition(" ")
    noun = "claim" if total == 1 else "claims"
    return ", ".join((f"{number} of {total:,} {noun} {words}", *others))


def _owed(life: Life, zone: tzinfo | None) -> str:
    left = sum(life.states.get(state, 0) for state in _LEFT)
    ended = sum(life.states.get(state, 0) for state in _ENDED)
    if not left:
        return ""
    for state, words in (
        (ExpectationState.MISSING, "missing, owed since"),
        (ExpectationState.LATE, "late, owed since"),
        (ExpectationState.OPEN, "owed, the first until"),
    ):
        rows = [row for row in life.owed if row.state == state]
        if rows:
            what = " and ".join(counted(row.owed, f"{row.kind} answer") for row in rows)
            is_are = "is" if sum(row.owed for row in rows) == 1 else "are"
            when = moment(min(row.due_at for row in rows), zone)
            silent = "" if state is ExpectationState.OPEN else trace_chase.silent(life)
            return f"{what} {is_are} {words} {when}{silent}"
    if life.unexpecting:
        return (
            f"no answer is expected of {listing(list(life.unexpecting), most=3)}: none was "
            "named under [[expects]] in its directory file when the lot was sent"
        )
    if left + ended == life.lot_count:
        read = " for the lots that were read" if _damaged(life) is not None else ""
        return f"nothing is owed any more{read}"
    return ""


def _of_claim(life: Life, zone: tzinfo | None) -> str:
    claim = life.claim
    if claim is None:
        return ""
    words = dict(_ACCOUNTS).get(Account(claim.account), claim.account)
    asked = money(claim.asked)
    amount = f"{money(claim.paid)} of {asked}" if claim.paid else asked
    when = f" on {moment(claim.answered_at, zone)}" if claim.answered_at else ""
    return f"invoice {claim.number} is {words}{when} ({amount})"


def _of_dispatch(life: Life, zone: tzinfo | None) -> str:
    row = life.dispatch
    if row is None:
        return ""
    name = f"dispatch {row.filename or row.id}"
    if row.sent_at is not None and row.state in {
        DispatchState.SENT,
        DispatchState.ANSWERED,
    }:
        return f"{name} was taken by {row.payer_id} at {moment(row.sent_at, zone)}"
    words = {
        DispatchState.READY: "waits to be handed over",
        DispatchState.SENDING: "is being handed over",
        DispatchState.UNKNOWN: "may or may not have arrived; the payer's side is asked",
        DispatchState.REFUSED: "was not taken and needs a person",
        DispatchState.WITHDRAWN: "is withdrawn",
    }.get(DispatchState(row.state), row.state)
    why = f": {row.cause_words}" if row.cause_words else ""
    return f"{name} to {row.payer_id} {words}{why}"


def _of_return(row: AnyRow) -> str:
    whose = f" of {row.payer_id}" if row.payer_id else f" from {row.endpoint_id}"
    name = f"return {row.remote_name}{whose}"
    if row.state == ReturnState.STORED:
        return f"{name} is stored and has not been matched yet"
    if row.state == ReturnState.UNREADABLE:
        return f"{name} is in no format we know; it is kept"
    orphans = row.answers - row.matched
    tail = (
        f"; {counted(orphans, 'answer')} fit nothing that was sent" if orphans else ""
    )
    return f"{name}: {row.matched:,} of {counted(row.answers, 'answer')} matched{tail}"
