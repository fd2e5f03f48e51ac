"""What a person has to do about a life: sentences, and where each can be done."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from sqlalchemy import Row

from gateway.journal.life import Life
from gateway.journal.trace import ANOMALY
from gateway.pursuit import Pursuit
from gateway.telling import advice, chase
from gateway.telling.standing import damaged
from gateway.telling.voice import Voice
from routing.lifecycle import (
    AnomalyState,
    DepositState,
    DispatchState,
    LotState,
    ReturnState,
)

AnyRow = Row[*tuple[Any, ...]]
_OF_PAYERS: Final = frozenset({"answer-late", "payer-locked-out", "payer-silent"})


class Todo(NamedTuple):
    """Something to do; `where` is the id of its case, or `REMEDIES`, or empty."""

    words: str
    where: str = ""


REMEDIES: Final = "remedies"  # where a second person decides on them


def todo(life: Life, pursuit: Pursuit, voice: Voice) -> list[Todo]:
    """Say what a person has to do; nothing where it goes on by itself."""
    advise, found = voice.advise, list[Todo]()
    deposit = life.deposit
    if deposit is not None and deposit.state == DepositState.UNREADABLE:
        words = advise(advice.WRONG_FILE, id=deposit.id)
        found.append(Todo(words, _case(life, "deposit-unreadable")))
    damage = damaged(life)
    if damage is not None:
        found.append(Todo(advise(advice.SEND_AGAIN, id=damage.id), damage.id))
    found += [
        Todo(_of_lot(lot, voice), _case_of_lot(life, lot))
        for lot in life.lots
        if lot.state in {LotState.HELD, LotState.REFUSED}
    ]
    for dispatch in life.dispatches:
        if dispatch.state == DispatchState.REFUSED:
            unclear = dispatch.cause == "unclear"
            kind = "dispatch-unclear" if unclear else "dispatch-refused"
            words = f"{dispatch.id}: {advise(advice.OF_KIND[kind])}"
            found.append(Todo(words, _case(life, kind, dispatch.id)))
    returned = life.payer_return
    if returned is not None and returned.state == ReturnState.UNREADABLE:
        kind = "return-unreadable"
        found.append(Todo(advise(advice.OF_KIND[kind]), _case(life, kind)))
    for anomaly in life.anomalies:
        if anomaly.kind in _OF_PAYERS and anomaly.state != AnomalyState.RESOLVED:
            words = f"{anomaly.payer_id}: {advise(advice.OF_KIND[anomaly.kind])}"
            found.append(Todo(words, anomaly.id))
    found += [Todo(each, REMEDIES) for each in chase.to_approve(pursuit, voice)]
    missing = _case(life, "answer-missing")
    found += [Todo(each, missing) for each in chase.to_ask(pursuit, voice)]
    if life.found.kind == ANOMALY and life.anomaly is not None:
        own = advice.advice_of(life.anomaly)
        if own is not None:
            found.append(Todo(advise(own), life.anomaly.id))
    return list({each.words: each for each in found if each.words}.values())


def _of_lot(lot: AnyRow, voice: Voice) -> str:
    own = advice.OF_CAUSE.get(lot.cause)
    if own is not None:
        return voice.advise(own)
    return voice.say("mend: {why}", why=voice.written(lot.cause_words))


def _case_of_lot(life: Life, lot: AnyRow) -> str:
    if lot.state == LotState.REFUSED:
        return _case(life, "lot-refused")
    return _case(life, "lot-held", f"{lot.cause}:")


def _case(life: Life, kind: str, about: str = "") -> str:
    """Return the id of the open case of a kind whose subject begins so; empty: none."""
    for each in life.anomalies:
        is_open = each.state != AnomalyState.RESOLVED
        if is_open and each.kind == kind and each.subject.startswith(about):
            return str(each.id)
    return ""
