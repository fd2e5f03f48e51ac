"""Runs two or more sides in turns and tells their medians and ratios.

Sides take turns (A B A B …) so that whatever else the machine does hits them
alike, and a ratio compares medians of the same minutes.  The spread is that of
the ratios of neighbours: it says how far the median may be trusted.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from attrs import frozen

LEAST_RUNS = 5
Sample = Mapping[str, float]
"""What one turn of one side gave, by measure; rates or costs, any unit."""


@frozen(kw_only=True)
class Side:
    """One of those that are compared; `turn` is given the number of the turn."""

    name: str
    turn: Callable[[int], Sample]


@frozen(kw_only=True)
class Goal:
    """What a ratio must be and should be; `lower` when less is better."""

    must: float | None = None
    aim: float | None = None
    lower: bool = False

    def verdict(self, ratio: float) -> str:
        """Say `aim`, `must` or `missed`; `context` where nothing was promised."""
        for bound, word in ((self.aim, "aim"), (self.must, "must")):
            if bound is not None and self._holds(ratio, bound):
                return word
        return "context" if self.must is None else "missed"

    def _holds(self, ratio: float, bound: float) -> bool:
        return ratio <= bound if self.lower else ratio >= bound


@frozen(kw_only=True)
class Row:
    """One line of the table: Octway against a peer, as a ratio.

    A `skipped` row holds the reason in place of figures.  `ours` and `theirs`
    are medians in `unit`; they say nothing about another machine.
    """

    work: str
    against: str
    goal: Goal = Goal()
    unit: str = ""
    ours: float = 0.0
    theirs: float = 0.0
    ratio: float = 0.0
    low: float = 0.0
    high: float = 0.0
    runs: int = 0
    percent: bool = False
    note: str = ""
    skipped: str = ""

    @property
    def verdict(self) -> str:
        """How the ratio stands to its goal; a row of fewer runs proves nothing."""
        if self.skipped:
            return "skipped"
        return self.goal.verdict(self.ratio)


@frozen(kw_only=True)
class Bench:
    """What every group is given: a folder of its own, and how much to do."""

    folder: Path
    runs: int
    quick: bool

    def size(self, full: int, quick: int) -> int:
        """Choose how much work one turn has."""
        return quick if self.quick else full

    def say(self, text: str) -> None:
        """Tell the terminal how far it is."""
        print(text, file=sys.stderr, flush=True)


def take_turns(bench: Bench, sides: Sequence[Side], *, runs: int = 0) -> Samples:
    """Give every side its turn, `runs` times over; one warm-up turn is dropped.

    The order is reversed every other time, so that none always comes first.
    """
    found: dict[str, list[Sample]] = {side.name: [] for side in sides}
    for turn in range(-1, runs or bench.runs):
        for side in sides if turn % 2 == 0 else tuple(reversed(sides)):
            sample = side.turn(turn + 1)
            if turn >= 0:
                found[side.name].append(sample)
            shown = ", ".join(f"{name} {value:.4g}" for name, value in sample.items())
            word = "warm-up" if turn < 0 else f"turn {turn + 1}"
            bench.say(f"    {word}, {side.name}: {shown}")
    return Samples(found)


class Samples:
    """What all turns gave."""

    def __init__(self, found: Mapping[str, Sequence[Sample]]) -> None:
        self._found = found

    def median(self, side: str, measure: str) -> float:
        """The median of a side's turns."""
        return statistics.median(each[measure] for each in self._found[side])

    def row(
        self,
        work: str,
        *,
        ours: str,
        theirs: str,
        measure: str,
        against: str = "",
        goal: Goal | None = None,
        unit: str = "",
        note: str = "",
    ) -> Row:
        """Compare two sides in one measure."""
        pairs = [
            mine[measure] / other[measure]
            for mine, other in zip(self._found[ours], self._found[theirs], strict=True)
        ]
        mine, other = self.median(ours, measure), self.median(theirs, measure)
        return Row(
            work=work,
            against=against or theirs,
            goal=goal or Goal(),
            unit=unit,
            ours=mine,
            theirs=other,
            ratio=mine / other,
            low=min(pairs),
            high=max(pairs),
            runs=len(pairs),
            note=note,
        )


def skipped(work: str, against: str, why: str, goal: Goal | None = None) -> Row:
    """Make the row of a peer that is not here."""
    return Row(work=work, against=against, goal=goal or Goal(), skipped=why)
