"""Which answers a dispatch owes, and until when."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from config.directory_records import Expects
from routing.calendar import WorkCalendar
from routing.envelope import Level


class Owed(NamedTuple):
    """An answer owed for each thing of a level; epoch seconds.

    It is late after `due_at`, and missing after `missing_at`.
    """

    kind: str
    level: Level
    due_at: float
    missing_at: float


def owed(
    expects: Iterable[Expects], *, flow: str, sent_at: float, calendar: WorkCalendar
) -> list[Owed]:
    """Return what a payer owes for a flow since a sending, soonest first."""
    found = []
    for each in expects:
        if each.flow in ("", flow):
            due_at = calendar.due(sent_at, each.within)
            missing_at = calendar.due(due_at, each.grace)
            found.append(Owed(each.kind, Level(each.level), due_at, missing_at))
    return sorted(found, key=lambda each: (each.due_at, each.kind, each.level))
