"""Whether a payer has become faster or slower of late.

It compares how much is answered by the day that half of its answers needed before:
of what reached that day in the last two weeks, against all that had reached it
earlier.  It is told only where chance hardly does it, and where it matters.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from math import sqrt
from typing import Final, NamedTuple

from routing.delay import Curve, Watched

_RECENT: Final = timedelta(days=14)
_ENOUGH: Final = 50  # claims on either side
_PER_DAY: Final = 20  # claims of one day that count: they go one way together
_SIGMAS: Final = 3.0
_MATTERS: Final = 0.1  # so much of a share is worth a word


class Drift(NamedTuple):
    """Shares answered within so many working days, in the last two weeks and before."""

    within: int
    now: float
    before: float

    @property
    def words(self) -> str:
        """Say it."""
        how = "slower" if self.now < self.before else "faster"
        return (
            f"{how} for two weeks: {100 * self.now:.0f} % of its claims were answered within "
            f"{self.within} working day{'s' * (self.within != 1)}, {100 * self.before:.0f} % before"
        )


def drift(days: Mapping[date, Watched], curve: Curve) -> Drift | None:
    """Return how a payer has changed, by the days of sending; None: it has not."""
    within = curve.day(0.5)
    if within is None:
        return None
    reached = [day for day, seen in days.items() if seen.followed >= within]
    if not reached:
        return None
    begins = max(reached) - _RECENT
    now = _share([days[day] for day in reached if day > begins], within)
    before = _share([days[day] for day in reached if day <= begins], within)
    if min(now.of, before.of) < _ENOUGH or abs(now.share - before.share) < _MATTERS:
        return None
    both = (now.hits + before.hits) / (now.of + before.of)
    spread = sqrt(both * (1 - both) * (1 / now.of + 1 / before.of))
    if abs(now.share - before.share) < _SIGMAS * spread:
        return None
    return Drift(within, now.share, before.share)


class _Share(NamedTuple):
    hits: float
    of: float

    @property
    def share(self) -> float:
        return self.hits / self.of


def _share(days: list[Watched], within: int) -> _Share:
    hits = of = 0.0
    for day in days:
        if day.sent:
            weight = min(day.sent, _PER_DAY)
            came = sum(claims for after, claims in day.answered if after <= within)
            hits += weight * min(1.0, came / day.sent)
            of += weight
    return _Share(hits, of)
