"""What is done about late answers, as it is told: of each chase, try and enrolment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import tzinfo
from typing import Any, Final

from gateway.cli import trace_events
from gateway.cli.tables import heading, table
from gateway.cli.terminal import Terminal
from gateway.cli.wording import counted, listing, moment
from gateway.intake.receipts import iso_time
from gateway.journal.chased import Try
from gateway.journal.life import Life, once
from gateway.pursuit import Enrolment, Pursuit
from gateway.steps.plan import Planned
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


def standing(pursuit: Pursuit) -> list[str]:
    """Say how the chases stand, and how unusual the lateness is."""
    found = [
        f"{counted(pursuit.states[state], 'lot')} {words}"
        for state, words in STATES.items()
        if state in pursuit.states
    ]
    for each in pursuit.late:
        whose = f"{each.key.kind} of {each.key.payer}, sent on {each.sent_on}"
        if each.words is not None:
            found.append(f"{whose}: {each.words}")
    unknown = {each.key.payer for each in pursuit.late if each.words is None}
    if unknown:
        payers = listing(sorted(unknown), most=3)
        found.append(f"how long the answers of {payers} take is not known well yet")
    return found


def brought(each: Try) -> str:
    """Say what a try brought."""
    if each.brought:
        return counted(each.brought, "answer")
    return _BROUGHT.get(each.state, each.state)


def silent(life: Life) -> str:
    """Say which payers send nothing at all, to anybody."""
    payers = [each.payer_id for each in life.anomalies if each.kind == "payer-silent"]
    return f"; nothing at all comes from {listing(payers, most=3)}" if payers else ""


def next_steps(life: Life, pursuit: Pursuit, zone: tzinfo | None) -> Iterator[str]:
    """Say what is next for lots that are chased; those that agree share a line."""
    if pursuit.obstacle and pursuit.states.get(ChaseState.OPEN):
        yield f"what the chase does next is not known: {pursuit.obstacle}"
    together: dict[str, list[str]] = {}
    names = {lot.id: lot.number for lot in life.lots}
    for each in pursuit.planned:
        words = _next(each, zone)
        if words:
            together.setdefault(words, []).append(names.get(each.lot, each.lot))
    for words, lots in together.items():
        noun = "lot" if len(lots) == 1 else "lots"
        yield f"{noun} {listing(lots, most=3)}: {words}"


def _next(each: Planned, zone: tzinfo | None) -> str:
    when = "next" if each.at is None else f"at {moment(each.at, zone)}"
    if each.state != ChaseState.OPEN:
        return ""
    if each.remedy is None:
        return f"looked at again {when} ({each.why})"
    words = WORDS[Remedy(each.remedy)]
    agree = ", once a second person has agreed" if each.approval else ""
    return f"{words} {when}{agree} ({each.why})"


def todo(pursuit: Pursuit) -> Iterator[str]:
    """Say what of the chases a person has to decide."""
    for each in pursuit.tries:
        if each.state == RemedyState.APPROVAL and each.id:
            yield f"decide as a second person: octway remedy approve {each.id}, or deny"
        elif each.state == RemedyState.APPROVAL:
            yield "decide as a second person: octway remedy list --state approval"
    for planned in pursuit.planned:
        if planned.state == ChaseState.GIVEN_UP:
            yield (
                "ask the payer; then chase anew what it has not answered: octway remedy "
                f"again {planned.lot}"
            )
            return


def enrolment(each: Enrolment) -> str:
    """Say how an enrolment stands that lots wait for."""
    row = each.row
    words = f": {row.words}" if row.words else ""
    source = f", says {row.source}" if row.source else ""
    return (
        f"sender {row.sender} with {row.payer_id} for {row.flow}: "
        f"{row.state}{source}{words}"
    )


def show(pursuit: Pursuit, terminal: Terminal) -> None:
    """Show what is done about late answers, and the enrolments that lots wait for."""
    if pursuit.states or pursuit.late:
        heading(terminal, "Late, and what is done about it")
        for words in standing(pursuit):
            terminal.say(f"  {words}")
        table(
            terminal,
            ("remedy", "tried", "lots", "what", "brought", "why"),
            [
                (
                    each.id,
                    moment(each.at, terminal.zone),
                    f"{each.lots:,}" if each.lots > 1 else "",
                    each.remedy,
                    brought(each),
                    each.words,
                )
                for each in pursuit.tries
            ],
            right=("lots",),
            indent="  ",
        )
        shown = sum(each.lots for each in pursuit.tries)
        if pursuit.tried > shown:
            terminal.say(f"  of {counted(pursuit.tried, 'try')}, the newest")
    if pursuit.enrolments:
        heading(terminal, "Enrolments that lots wait for")
    for found in pursuit.enrolments:
        terminal.say(f"  {enrolment(found)}")
        for event in found.events:
            when = moment(event.at, terminal.zone)
            terminal.say(f"    {when}  {trace_events.words(once(event))}")


def as_json(pursuit: Pursuit) -> dict[str, Any]:
    """Return what is done about late answers, for programs."""
    return {
        "states": dict(pursuit.states),
        "late": [
            {**each.key._asdict(), "sent_on": each.sent_on, "words": each.words}
            for each in pursuit.late
        ],
        "tried": [
            {**each._asdict(), "id": each.id or None, "at": iso_time(each.at)}
            for each in pursuit.tries
        ],
        "tries": pursuit.tried,
        "next": [
            each._asdict() | {"at": None if each.at is None else iso_time(each.at)}
            for each in pursuit.planned
        ],
        "enrolments": [
            {
                "network": each.row.network,
                "sender": each.row.sender,
                "payer": each.row.payer_id,
                "flow": each.row.flow,
                "state": each.row.state,
                "source": each.row.source,
                "words": each.row.words,
            }
            for each in pursuit.enrolments
        ],
        "obstacle": pursuit.obstacle or None,
    }
