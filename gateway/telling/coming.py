"""What comes next in a life by itself, and when."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Row

from gateway.journal.attachments import WAITS
from gateway.journal.life import Life
from gateway.journal.lots import NOT_ENROLLED, NUMBER_WAITING
from gateway.pursuit import Pursuit
from gateway.telling import chase
from gateway.telling.voice import Voice
from routing.lifecycle import (
    DepositState,
    DispatchState,
    ExpectationState,
    HandbackState,
    LotState,
    ReturnState,
)

AnyRow = Row[*tuple[Any, ...]]
_REPEATS: Final = frozenset({"duplicate-lot", "duplicate-invoice", "number-used"})


def next_steps(life: Life, pursuit: Pursuit, now: float, voice: Voice) -> list[str]:
    """Say what happens next by itself, and when."""
    say, found = voice.say, list[str]()
    deposit = life.deposit
    if deposit is not None and deposit.state == DepositState.RECEIVED:
        reading = deposit.lease_until is not None and deposit.lease_until > now
        found.append(
            say("it is being read") if reading else say("a running node reads it next")
        )
    if life.states.get(LotState.NEW):
        found.append(say("a running node routes the new lots next"))
    if NOT_ENROLLED in life.held_for:
        found.append(say("lots held for an enrolment go when it opens"))
    if NUMBER_WAITING in life.held_for:
        found.append(
            say("lots that wait for their number go when its payer has decided")
        )
    if WAITS in life.held_for:
        found.append(say("a document goes once its claim is acknowledged"))
    if life.held_for - _REPEATS - {NOT_ENROLLED, NUMBER_WAITING, WAITS}:
        found.append(say("held lots are routed again when a new directory is loaded"))
    if life.held_for & _REPEATS:
        found.append(say("lots held as duplicates stay held until a person acts"))
    if life.states.get(LotState.ROUTED):
        found.append(say("routed lots leave with their payer's next dispatch"))
    found += [
        each for row in life.dispatches if (each := _sending(life, row, now, voice))
    ]
    found += chase.next_steps(life, pursuit, now, voice)
    found += _waiting(life, now, voice)
    found += _matching(life, now, voice)
    ready = [row.filename for row in life.handbacks if row.state == HandbackState.READY]
    if ready:
        found.append(
            say("the client can fetch {names}", names=voice.listing(ready, most=3))
        )
    return list(dict.fromkeys(found))


def _matching(life: Life, now: float, voice: Voice) -> Iterator[str]:
    for row in life.returns:
        name = row.remote_name
        if row.state == ReturnState.STORED:
            yield voice.say("return {name} is matched next", name=name)
        elif row.state == ReturnState.PARTLY_MATCHED and row.retry_at is not None:
            words = _AGAIN_NEXT if row.retry_at <= now else _AGAIN_AT
            yield voice.say(words, name=name, when=voice.moment(row.retry_at))


_AGAIN_NEXT: Final = "return {name} is matched again next"
_AGAIN_AT: Final = "return {name} is matched again at {when}"


def _sending(life: Life, row: AnyRow, now: float, voice: Voice) -> str:
    facts = {"name": row.filename or row.id, "payer": row.payer_id}
    if row.state == DispatchState.SENDING:
        return voice.say("dispatch {name} is being handed over to {payer}", **facts)
    if row.state not in {DispatchState.READY, DispatchState.UNKNOWN}:
        return ""
    circuit = life.circuits.get(row.endpoint_id)
    until = row.not_before
    why = f" ({voice.written(row.cause_words)})" if row.cause_words else ""
    if circuit is not None and circuit.until > max(until, now):
        until = circuit.until
        words = "{endpoint} does not answer: {cause}"
        cause = voice.say(circuit.cause)
        why = f" ({voice.say(words, endpoint=row.endpoint_id, cause=cause)})"
    facts["when"] = voice.moment(until)
    if row.state == DispatchState.UNKNOWN:
        words = _ASKED_NEXT if until <= now else _ASKED_AT
    elif row.payload_id is None:
        words, why = "the file of dispatch {name} is made next", ""
    else:
        words = _HANDED_NEXT if until <= now else _HANDED_AT
    return voice.say(words, **facts) + why


_ASKED_NEXT: Final = "{payer} is asked next whether it has dispatch {name}"
_ASKED_AT: Final = "{payer} is asked at {when} whether it has dispatch {name}"
_HANDED_NEXT: Final = "dispatch {name} is handed over to {payer} next"
_HANDED_AT: Final = "dispatch {name} is handed over to {payer} at {when}"


def _waiting(life: Life, now: float, voice: Voice) -> Iterator[str]:
    """Say what becomes of answers that do not come; one line a payer and kind."""
    for row in life.owed:
        facts = {"kind": voice.say(row.kind), "payer": row.payer_id}
        if row.state == ExpectationState.OPEN:
            facts["when"] = voice.moment(row.due_at)
            words = _LATE_NEXT if row.due_at <= now else _LATE_AT
            yield voice.say(words, **facts)
        elif row.state == ExpectationState.LATE:
            facts["when"] = voice.moment(row.missing_at)
            words = _MISSING_NEXT if row.missing_at <= now else _MISSING_AT
            yield voice.say(words, **facts)
        else:
            yield voice.say(_MISSING, **facts)


_LATE_NEXT: Final = "the {kind} answers of {payer} are due, and become late next"
_LATE_AT: Final = "the {kind} answers of {payer} become late at {when}"
_MISSING_NEXT: Final = "the {kind} answers of {payer} become missing next"
_MISSING_AT: Final = "the {kind} answers of {payer} become missing at {when}"
_MISSING: Final = (
    "the {kind} answers of {payer} are missing; one that comes late still counts"
)
