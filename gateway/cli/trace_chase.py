"""What is done about late answers, on a terminal and for programs."""

from __future__ import annotations

from typing import Any

from gateway.cli.tables import heading, table
from gateway.cli.terminal import Terminal
from gateway.intake.receipts import iso_time
from gateway.journal.life import once
from gateway.pursuit import Pursuit
from gateway.telling import chase, events
from gateway.telling.voice import Voice
from gateway.wording import counted, moment


def show(pursuit: Pursuit, terminal: Terminal, voice: Voice) -> None:
    """Show what is done about late answers, and the enrolments that lots wait for."""
    if pursuit.states or pursuit.late:
        heading(terminal, "Late, and what is done about it")
        for words in chase.standing(pursuit, voice):
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
                    chase.brought(each, voice),
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
        terminal.say(f"  {chase.enrolment(found, voice)}")
        for event in found.events:
            when = moment(event.at, terminal.zone)
            terminal.say(f"    {when}  {events.words(once(event), voice)}")


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
