"""Which answers a dispatch owes, and until when."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from config.directory_records import Expects
from routing.calendar import WorkCalendar
from routing.envelope import Level


class Owed(NamedTuple):
    """An answer owed for each thing of a level; epoch seconds.

    `due_at` is the contract's, `usual_at` what is learned of the payer: after it
    an answer would be unusually late.  None: too little is known.
    """

    kind: str
    level: Level
    due_at: float
    missing_at: float
    usual_at: float | None = None

    @property
    def late_at(self) -> float:
        """When it is late: as the payer usually goes, else by contract."""
        return self.due_at if self.usual_at is None else self.usual_at


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
