"""What is done about late answers, in words: of each chase, try and enrolment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from gateway.journal.chased import Try
from gateway.journal.life import Life
from gateway.pursuit import Enrolment, Pursuit
from gateway.steps.plan import Planned
from gateway.telling import advice
from gateway.telling.parts import lot_name
from gateway.telling.voice import Voice
from routing.chase import ChaseState, RemedyState
from routing.remedy import WORDS, Remedy

STATES: Final[Mapping[str, str]] = {
    ChaseState.OPEN: "being chased",
    ChaseState.PAUSED: "waiting until their payer, which is silent as a whole, is heard",
    ChaseState.APPROVAL: "waiting for a second person to agree to what is next",
    ChaseState.GIVEN_UP: "given to a person, since nothing safe is left to try",
    ChaseState.ENDED: "no longer chased",
}
_BROUGHT: Final[Mapping[str, str]] = {
    RemedyState.APPROVAL: "waits for a second person",
    RemedyState.PLANNED: "is done next",
    RemedyState.TRIED: "nothing yet",
    RemedyState.NOTHING: "nothing",
    RemedyState.FAILED: "could not be done",
    RemedyState.DENIED: "a second person refused it",
}


def standing(pursuit: Pursuit, voice: Voice) -> list[str]:
    """Say how the chases stand, and how unusual the lateness is."""
    found = [
        f"{voice.counted(pursuit.states[state], 'lot')} {voice.say(words)}"
        for state, words in STATES.items()
        if state in pursuit.states
    ]
    for each in pursuit.late:
        if each.words is not None:
            key = each.key
            whose = voice.say(
                "{kind} of {payer}, sent on {day}",
                kind=voice.say(key.kind),
                payer=key.payer,
                day=each.sent_on,
            )
            found.append(f"{whose}: {voice.written(each.words)}")
    unknown = {each.key.payer for each in pursuit.late if each.words is None}
    if unknown:
        payers = voice.listing(sorted(unknown), most=3)
        words = "how long the answers of {payers} take is not known well yet"
        found.append(voice.say(words, payers=payers))
    return found


def brought(each: Try, voice: Voice) -> str:
    """Say what a try brought."""
    if each.brought:
        return voice.counted(each.brought, "answer")
    return voice.say(_BROUGHT.get(each.state, each.state))


def silent(life: Life, voice: Voice) -> str:
    """Say which payers send nothing at all, to anybody."""
    payers = [each.payer_id for each in life.anomalies if each.kind == "payer-silent"]
    if not payers:
        return ""
    named = voice.listing(payers, most=3)
    return f"; {voice.say('nothing at all comes from {payers}', payers=named)}"


def next_steps(life: Life, pursuit: Pursuit, now: float, voice: Voice) -> Iterator[str]:
    """Say what is next for lots that are chased; those that agree share a line."""
    if pursuit.obstacle and pursuit.states.get(ChaseState.OPEN):
        words = "what the chase does next is not known: {why}"
        yield voice.say(words, why=voice.say(pursuit.obstacle))
    together: dict[str, list[str]] = {}
    names = {lot.id: lot_name(lot, voice) for lot in life.lots}
    for each in pursuit.planned:
        words = _next(each, now, voice)
        if words:
            together.setdefault(words, []).append(names.get(each.lot, each.lot))
    for words, lots in together.items():
        which = "lot {lots}: {what}" if len(lots) == 1 else "lots {lots}: {what}"
        yield voice.say(which, lots=voice.listing(lots, most=3), what=words)


def _next(each: Planned, now: float, voice: Voice) -> str:
    if each.state != ChaseState.OPEN:
        return ""
    facts = {"why": voice.written(each.why)}
    soon = each.at is None or each.at <= now
    if each.at is not None:
        facts["when"] = voice.moment(each.at)
    if each.remedy is None:
        return voice.say(_LOOK_NEXT if soon else _LOOK_AT, **facts)
    facts["remedy"] = voice.say(WORDS[Remedy(each.remedy)])
    if each.approval:
        return voice.say(_AGREED_NEXT if soon else _AGREED_AT, **facts)
    return voice.say(_DO_NEXT if soon else _DO_AT, **facts)


_LOOK_NEXT: Final = "looked at again next ({why})"
_LOOK_AT: Final = "looked at again at {when} ({why})"
_DO_NEXT: Final = "{remedy} next ({why})"
_DO_AT: Final = "{remedy} at {when} ({why})"
_AGREED_NEXT: Final = "{remedy} next, once a second person has agreed ({why})"
_AGREED_AT: Final = "{remedy} at {when}, once a second person has agreed ({why})"


def to_approve(pursuit: Pursuit, voice: Voice) -> Iterator[str]:
    """Say what of the chases a second person has to decide."""
    for each in pursuit.tries:
        if each.state == RemedyState.APPROVAL:
            one = advice.APPROVE if each.id else advice.APPROVE_ALL
            yield voice.advise(one, id=each.id)


def to_ask(pursuit: Pursuit, voice: Voice) -> Iterator[str]:
    """Say that the payer must be asked, where nothing safe is left to try."""
    for planned in pursuit.planned:
        if planned.state == ChaseState.GIVEN_UP:
            yield voice.advise(advice.ASK_THE_PAYER, lot=planned.lot)
            return


def enrolment(each: Enrolment, voice: Voice) -> str:
    """Say how an enrolment stands that lots wait for."""
    row = each.row
    facts = {"sender": row.sender, "payer": row.payer_id}
    facts |= {"flow": voice.say(row.flow), "state": voice.say(row.state)}
    words = "sender {sender} with {payer} for {flow}: {state}"
    if row.source:
        words, facts["source"] = _SAYS, voice.say(row.source)
    told = voice.say(words, **facts)
    return f"{told}: {voice.written(row.words)}" if row.words else told


_SAYS: Final = "sender {sender} with {payer} for {flow}: {state}, says {source}"
