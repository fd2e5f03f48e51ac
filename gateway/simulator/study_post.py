"""What a payer of a study has to send, by the day on which it leaves."""

from __future__ import annotations

import heapq
from datetime import date
from typing import Final, NamedTuple

from attrs import define

from gateway.simulator.study_plan import PlannedLot
from protocols.desk import Question
from protocols.simulation import SentLot
from routing.chase import Status


@define
class Case:
    """A lot in a payer's system.

    `ident` and `sha256` are of the file in which it came; `passages` counts how
    often its answer was put on its way.
    """

    plan: PlannedLot
    lot: SentLot
    ident: str
    sha256: str
    status: Status
    passages: int = 0


DESK: Final = "desk"
"""The kind of what a payer's desk says; all other kinds are the network's answers."""


class Out(NamedTuple):
    """Something that leaves on a day, or on the first one after it that can."""

    day: date
    order: int
    kind: str
    subject: Case | Question


class Post:
    """A queue by days."""

    def __init__(self) -> None:
        self._heap: list[Out] = []
        self._count = 0

    def add(self, day: date, kind: str, subject: Case | Question) -> None:
        """Have something leave on a day."""
        self._count += 1
        heapq.heappush(self._heap, Out(day, self._count, kind, subject))

    def until(self, day: date) -> list[Out]:
        """Take all that is to leave by a day, the oldest first."""
        found = []
        while self._heap and self._heap[0].day <= day:
            found.append(heapq.heappop(self._heap))
        return found
