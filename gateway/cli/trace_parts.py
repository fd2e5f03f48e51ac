"""A claim of two payers on the trace's screen, and how a lot's payer was found."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from gateway.cli.tables import heading
from gateway.cli.terminal import Terminal
from gateway.journal.life import Life
from gateway.journal.trace import CLAIM, LOT
from gateway.telling import parts
from gateway.telling.voice import English
from routing.parts import NAMES

AnyRow = Row[*tuple[Any, ...]]


def standing(life: Life, terminal: Terminal) -> list[tuple[str, str]]:
    """Say where each part stands, by what it is called; nothing of a single payer."""
    voice = English(terminal.zone)
    return [(NAMES[row.share], parts.standing(row, voice)) for row in life.parts]


def show_routing(life: Life, terminal: Terminal) -> None:
    """Show by which rows of which tables the payers of a lot were found."""
    if life.found.kind not in {CLAIM, LOT}:
        return
    for row in life.lots:
        steps = parts.steps(row.routing, English())
        if steps:
            heading(terminal, f"How the payer of {_number(row)} was found")
            for each in steps:
                terminal.say(f"  {each}")


def _number(row: AnyRow) -> str:
    part = NAMES[row.share]
    return f"lot {row.number}, {part}" if part else f"lot {row.number}"
