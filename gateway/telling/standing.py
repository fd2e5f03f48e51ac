"""What a life comes to, in a sentence: where it stands, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from sqlalchemy import Row

from gateway.journal.life import Life
from gateway.journal.life_lots import Standing
from gateway.journal.trace import ANOMALY, CLAIM, DEPOSIT, DISPATCH
from gateway.telling import chase, parts
from gateway.telling.voice import Voice
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
_WORDS_OF: Final = {str(account): words for account, words in _ACCOUNTS}
_LOT: Final = {
    LotState.NEW: "the lot waits to be routed",
    LotState.ROUTED: "the lot is routed and waits for a dispatch",
    LotState.GATHERED: "the lot is in a dispatch that has not left",
    LotState.SENT: "the lot is sent",
    LotState.ACKNOWLEDGED: "the lot is sent and acknowledged",
    LotState.ANSWERED: "the lot is sent and answered",
    LotState.WITHDRAWN: "the lot is withdrawn",
}


def headline(life: Life, voice: Voice) -> str:
    """Say in one sentence where it stands."""
    if life.found.kind == ANOMALY and life.anomaly is not None:
        return f"{voice.say(life.anomaly.state)}: {voice.written(life.anomaly.words)}"
    if life.payer_return is not None:
        return _of_return(life.payer_return, voice)
    deposit = life.deposit
    if deposit is not None and deposit.state == DepositState.RECEIVED:
        return voice.say("the file is received and safe; it has not been read yet")
    if deposit is not None and deposit.state == DepositState.UNREADABLE:
        why = _first_problem(life, voice) or voice.say("it holds no lot")
        return voice.say("the file cannot be read: {why}", why=why)
    found = [_damage(life, voice), _of_claim(life, voice), *_stuck(life, voice)]
    found.append(_of_dispatch(life, voice))
    found += [_sent(life, voice), _claims(life, voice), _owed(life, voice)]
    return "; ".join(each for each in found if each) or voice.say("it holds no lot")


def claims_in_words(standing: Iterable[Standing], voice: Voice) -> str:
    """Say where claims stand: `41 paid, 1 rejected`."""
    return ", ".join(f"{count} {words}" for count, words in _places(standing, voice))


def _places(standing: Iterable[Standing], voice: Voice) -> list[tuple[str, str]]:
    counts = {each.account: each.claims for each in standing}
    return [
        (voice.number(counts[account]), voice.say(words))
        for account, words in _ACCOUNTS
        if account in counts
    ]


def account_words(account: str) -> str:
    """Say what stands in an account, in the words that a voice says."""
    return _WORDS_OF.get(account, account)


def _stuck(life: Life, voice: Voice) -> Iterator[str]:
    for state, one, many in (
        (LotState.HELD, "lot {number} is held: {why}", _MANY_HELD),
        (LotState.REFUSED, "lot {number} is refused: {why}", _MANY_REFUSED),
    ):
        count = life.states.get(state, 0)
        first = next((lot for lot in life.lots if lot.state == state), None)
        if not count or first is None:
            continue
        why = voice.written(first.cause_words) or first.cause
        if state is LotState.REFUSED:
            why = _first_problem(life, voice, first.id) or why
        facts = {"number": first.number, "why": why}
        if count == 1:
            yield voice.say(one, **facts)
        else:
            yield voice.say(many, lots=voice.counted(count, "lot"), **facts)


_MANY_HELD: Final = "{lots} are held, the first, {number}: {why}"
_MANY_REFUSED: Final = "{lots} are refused, the first, {number}: {why}"


def damaged(life: Life) -> AnyRow | None:
    """Return the open anomaly about a deposit of which a part is in no lot."""
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


def _damage(life: Life, voice: Voice) -> str:
    if damaged(life) is None:
        return ""
    words = voice.say("the deposit was damaged, and a lot may be missing from it")
    why = _first_problem(life, voice, None)
    return f"{words}: {why}" if why else words


def _first_problem(life: Life, voice: Voice, *lots: str | None) -> str:
    """Say the first problem, of these lots if any are named; None is outside of all."""
    problem = next(
        (each for each in life.problems if not lots or each.lot_id in lots), None
    )
    if problem is None:
        return ""
    message = voice.written(problem.message)
    if problem.record is None:
        return message
    words = "record {record}: {message}"
    return voice.say(words, record=problem.record, message=message)


def _sent(life: Life, voice: Voice) -> str:
    left = sum(life.states.get(state, 0) for state in _LEFT)
    if life.found.kind == DISPATCH or not life.lot_count:
        return ""
    if life.lot_count == 1:
        words = _LOT.get(LotState(next(iter(life.states))), "")
        return voice.say(words) if words else ""
    lots = voice.counted(life.lot_count, "lot")
    return voice.say("{count} of {lots} sent", count=voice.number(left), lots=lots)


def _claims(life: Life, voice: Voice) -> str:
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
    (count, words), *others = _places(life.standing, voice)
    claims = voice.counted(total, "claim")
    first = voice.say(
        "{count} of {claims} {state}", count=count, claims=claims, state=words
    )
    return ", ".join((first, *(f"{count} {words}" for count, words in others)))


def _owed(life: Life, voice: Voice) -> str:
    left = sum(life.states.get(state, 0) for state in _LEFT)
    ended = sum(life.states.get(state, 0) for state in _ENDED)
    if not left:
        return ""
    for state, one, many in _OWED:
        rows = [row for row in life.owed if row.state == state]
        if rows:
            what = voice.say(" and ").join(
                voice.counted(row.owed, f"{row.kind} answer") for row in rows
            )
            words = one if sum(row.owed for row in rows) == 1 else many
            when = voice.moment(min(row.due_at for row in rows))
            nobody = state is not ExpectationState.OPEN and chase.silent(life, voice)
            return voice.say(words, what=what, when=when) + (nobody or "")
    if life.unexpecting:
        payers = voice.listing(list(life.unexpecting), most=3)
        return voice.say(_UNEXPECTED, payers=payers)
    if left + ended == life.lot_count:
        if damaged(life) is not None:
            return voice.say("nothing is owed any more for the lots that were read")
        return voice.say("nothing is owed any more")
    return ""


_OWED: Final = (
    (
        ExpectationState.MISSING,
        "{what} is missing, owed since {when}",
        "{what} are missing, owed since {when}",
    ),
    (
        ExpectationState.LATE,
        "{what} is late, owed since {when}",
        "{what} are late, owed since {when}",
    ),
    (
        ExpectationState.OPEN,
        "{what} is owed, the first until {when}",
        "{what} are owed, the first until {when}",
    ),
)
_UNEXPECTED: Final = (
    "no answer is expected of {payers}: none was named under [[expects]] in its "
    "directory file when the lot was sent"
)


def _of_claim(life: Life, voice: Voice) -> str:
    claim = life.claim
    if claim is None:
        return ""
    if life.parts:
        told = "; ".join(parts.sentence(each, voice) for each in life.parts)
        return voice.say("invoice {number}: {parts}", number=claim.number, parts=told)
    asked = voice.money(claim.asked)
    if claim.paid:
        asked = voice.say(
            "{paid} of {asked}", paid=voice.money(claim.paid), asked=asked
        )
    facts = {
        "number": claim.number,
        "state": voice.say(account_words(claim.account)),
        "amount": asked,
    }
    if not claim.answered_at:
        return voice.say("invoice {number} is {state} ({amount})", **facts)
    words = "invoice {number} is {state} on {when} ({amount})"
    return voice.say(words, when=voice.moment(claim.answered_at), **facts)


def _of_dispatch(life: Life, voice: Voice) -> str:
    row = life.dispatch
    if row is None:
        return ""
    facts = {"name": row.filename or row.id, "payer": row.payer_id}
    state = DispatchState(row.state)
    if row.sent_at is not None and state in {
        DispatchState.SENT,
        DispatchState.ANSWERED,
    }:
        words = "dispatch {name} was taken by {payer} at {when}"
        return voice.say(words, when=voice.moment(row.sent_at), **facts)
    if row.sent_at is not None and state is DispatchState.REFUSED:
        again = "dispatch {name} was taken by {payer} at {when}; sent once more, it was refused"
        words = voice.say(again, when=voice.moment(row.sent_at), **facts)
    else:
        words = voice.say(_DISPATCH.get(state, state), **facts)
    why = voice.written(row.cause_words)
    return f"{words}: {why}" if why else words


_DISPATCH: Final = {
    DispatchState.READY: "dispatch {name} to {payer} waits to be handed over",
    DispatchState.SENDING: "dispatch {name} to {payer} is being handed over",
    DispatchState.UNKNOWN: "dispatch {name} to {payer} may or may not have arrived; the "
    "payer's side is asked",
    DispatchState.REFUSED: "dispatch {name} to {payer} was not taken and needs a person",
    DispatchState.WITHDRAWN: "dispatch {name} to {payer} is withdrawn",
}


def _of_return(row: AnyRow, voice: Voice) -> str:
    if row.payer_id:
        name = voice.say(
            "return {name} of {payer}", name=row.remote_name, payer=row.payer_id
        )
    else:
        words = "return {name} from {endpoint}"
        name = voice.say(words, name=row.remote_name, endpoint=row.endpoint_id)
    if row.state == ReturnState.STORED:
        return voice.say("{name} is stored and has not been matched yet", name=name)
    if row.state == ReturnState.UNREADABLE:
        return voice.say("{name} is in no format we know; it is kept", name=name)
    answers = voice.counted(row.answers, "answer")
    matched = voice.number(row.matched)
    words = "{name}: {matched} of {answers} matched"
    told = voice.say(words, name=name, matched=matched, answers=answers)
    if row.errors:
        errors = voice.counted(row.errors, "error")
        told = f"{told}; {voice.say('{errors} in it', errors=errors)}"
    orphans = row.answers - row.matched
    if not orphans:
        return told
    left = voice.counted(orphans, "answer")
    return f"{told}; {voice.say('{answers} fit nothing that was sent', answers=left)}"
