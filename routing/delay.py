"""How late is late: the curve of the delays that were seen, learned from cohorts.

A delay is counted in the payer's own working days, from the day a claim was sent to
the day it was answered.  What is open counts as censored (Kaplan-Meier).  The
decision that surprises: about a third of all claims may never be answered, so a
plain quantile of that curve can lie at infinity.  The curve therefore ends in a
plateau, the share that is answered at all, and every quantile here is one *of the
answers that come*: the day by which the curve has reached that share of its plateau.
For this to be more than hope the plateau must have been seen: only what was sent
long enough ago counts as evidence.

What came after a remedy is censored: it is an answer, and not the payer's own delay;
else each remedy would teach that the payer is slow, and the next would start later.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from math import sqrt
from typing import Final, NamedTuple

_PER_DAY: Final = 20  # answers of one day that count: they come in one file, as one
_Z: Final = 1.96


class Watched(NamedTuple):
    """Claims sent on a day: those answered after so many working days, and the rest.

    `followed` is how many working days they were watched.
    """

    followed: int
    sent: int
    answered: Sequence[tuple[int, int]]  # after so many working days, so many claims
    lost: Sequence[tuple[int, int]] = ()  # no longer watched after so many, so many


class Table:
    """What was seen by working day: answers, and claims no longer watched.

    Tables are added up to pool payers, and scaled to weigh them.
    """

    def __init__(self, watched: Iterable[Watched] = ()) -> None:
        self.answered: dict[int, float] = {}
        self.left: dict[int, float] = {}
        self.evidence: list[tuple[int, float]] = []
        for day in watched:
            self._watch(day)
        self.evidence.sort()

    def plus(self, other: Table, factor: float = 1.0) -> Table:
        """Return both together, the other weighed by a factor."""
        made = Table()
        for mine, theirs, into in (
            (self.answered, other.answered, made.answered),
            (self.left, other.left, made.left),
        ):
            into.update(mine)
            for day, claims in theirs.items():
                into[day] = into.get(day, 0.0) + claims * factor
        more = [(day, claims * factor) for day, claims in other.evidence]
        made.evidence = sorted([*self.evidence, *more])
        return made

    @property
    def answers(self) -> float:
        """How many answers were seen."""
        return sum(self.answered.values())

    def seen_for(self, days: float) -> float:
        """Count the answers to what was sent so many working days ago, or earlier.

        Those of one day count as a few: they mostly came in one file.
        """
        at = bisect_left(self.evidence, (days, 0.0))
        return sum(claims for _, claims in self.evidence[at:])

    def _watch(self, day: Watched) -> None:
        answers = 0
        left = day.sent
        for after, claims in day.answered:
            self.answered[after] = self.answered.get(after, 0.0) + claims
            answers += claims
        for after, claims in day.lost:
            self.left[after] = self.left.get(after, 0.0) + claims
            left -= claims
        if left > answers:
            rest = left - answers
            self.left[day.followed] = self.left.get(day.followed, 0.0) + rest
        if answers:
            self.evidence.append((day.followed, float(min(answers, _PER_DAY))))


class Curve:
    """Which share of claims is answered by each working day, from a table."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.shares = _kaplan_meier(table)

    @property
    def plateau(self) -> float:
        """The share of claims that is answered at all."""
        return self.shares[-1] if self.shares else 0.0

    def within(self, days: int) -> float:
        """Return the share of the answers that came within so many working days."""
        if not self.plateau or days < 0:
            return 0.0
        return self.shares[min(days, len(self.shares) - 1)] / self.plateau

    def quantile(self, share: float) -> float | None:
        """Return within how many working days that share of the answers came.

        Between two days it is interpolated; None without an answer.
        """
        day = self.day(share)
        if day is None:
            return None
        before, now = self.within(day - 1), self.within(day)
        return max(0.0, day - 1 + (share - before) / (now - before))

    def day(self, share: float) -> int | None:
        """Return the first working day by which that share had come."""
        wanted = share * self.plateau - 1e-12
        for day, reached in enumerate(self.shares):
            if self.plateau and reached >= wanted:
                return day
        return None

    def surely(self, share: float, answers: float) -> int | None:
        """Return the first working day by which that share had come beyond doubt.

        So many answers bear witness: the lower end of Wilson's interval (95 %)
        must reach the share.  None: they are too few to say it of any day.
        """
        for day in range(len(self.shares)):
            if wilson(self.within(day) * answers, answers)[0] >= share:
                return day
        return None


def wilson(hits: float, of: float) -> tuple[float, float]:
    """Return the 95 % interval of a share of which `hits` of `of` were seen."""
    if of <= 0:
        return 0.0, 1.0
    share, square = hits / of, _Z * _Z
    middle = share + square / (2 * of)
    half = _Z * sqrt(max(0.0, share * (1 - share)) / of + square / (4 * of * of))
    scale = 1 + square / of
    low, high = (middle - half) / scale, (middle + half) / scale
    return max(0.0, min(low, share)), min(1.0, max(high, share))


def _kaplan_meier(table: Table) -> list[float]:
    """Return the share answered by each working day, as far as answers were seen."""
    if not table.answered:
        return []
    shares = []
    open_share = 1.0
    watched = sum(table.answered.values()) + sum(table.left.values())
    for day in range(max(table.answered) + 1):
        answered = table.answered.get(day, 0.0)
        if answered:
            open_share *= max(0.0, 1.0 - answered / watched)
        shares.append(1.0 - open_share)
        watched -= answered + table.left.get(day, 0.0)
    return shares
