"""Which answers a dispatch owes, and until when."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from attrs import frozen

from config.directory_records import Expects
from routing.calendar import WorkCalendar
from routing.envelope import AnswerKind, Level


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


@frozen
class AnswerOrder:
    """The kinds of answers that a network's payers give, in the order they come.

    One proves all that come before it: who has decided on a lot has received it.
    """

    kinds: Sequence[AnswerKind] = ()

    def proves(self, kind: str, level: Level, owed: str) -> bool:
        """Say whether an answer of a kind, that speaks of a level, proves an owed one.

        A kind of which nobody is owed any counts as the last that speaks of claims,
        or as the first that speaks of lots.
        """
        places = {each.kind: place for place, each in enumerate(self.kinds)}
        if owed not in places:
            return True
        return places[owed] <= places.get(kind, self._place(level))

    def money(self) -> frozenset[str]:
        """Name the kinds that a bank tells of, and no message of a payer."""
        return frozenset(each.kind for each in self.kinds if each.by_bank)

    def _place(self, level: Level) -> int:
        of_level = [
            place for place, each in enumerate(self.kinds) if each.level == level
        ]
        if not of_level:
            return len(self.kinds)
        return of_level[-1] if level is Level.CLAIM else of_level[0]


def _unlearned(_kind: str, _due_at: float) -> None:
    return None


def owed(
    expects: Iterable[Expects],
    *,
    flow: str,
    sent_at: float,
    calendar: WorkCalendar,
    usual: Callable[[str, float], float | None] = _unlearned,
) -> list[Owed]:
    """Return what a payer owes for a flow since a sending, soonest first.

    `usual` says for a kind that is due when after what time it would be unusually
    late.  Missing goes by contract, but never comes before late has had its grace.
    """
    found = []
    for each in expects:
        if each.flow in ("", flow):
            due_at = calendar.due(sent_at, each.within)
            usual_at = usual(each.kind, due_at)
            last = due_at if usual_at is None else max(due_at, usual_at)
            missing_at = calendar.due(last, each.grace)
            level = Level(each.level)
            found.append(Owed(each.kind, level, due_at, missing_at, usual_at))
    return sorted(found, key=lambda each: (each.due_at, each.kind, each.level))
