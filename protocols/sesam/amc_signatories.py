"""Who signs conventions for an AMC: groupings followed to their ends.

What a grouping is made for (a convention type, natures) holds for all that it leads
to: an AMC that is grouped for one type is not under its signatory's conventions of
another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from protocols.sesam.amc_index import AmcIndex
from protocols.sesam.amc_tables import Convention, Grouping


class Way(NamedTuple):
    """A way to a signatory, and what it is good for; empty: for everything."""

    signatory: str
    convention_type: str
    natures: frozenset[str]

    def leads_on(self, convention_type: str, natures: frozenset[str]) -> bool:
        """Say whether the way is good for what a further row is made for."""
        return (
            self.convention_type == convention_type
            or not (self.convention_type and convention_type)
        ) and not (self.natures and natures and self.natures.isdisjoint(natures))

    def leads_to(self, each: Convention) -> bool:
        """Say whether the way is good for a convention of its signatory."""
        return self.leads_on(each.candidate.convention_type, each.natures)

    def through(self, each: Grouping) -> Way:
        """Return the way that goes on through a grouping."""
        both = self.natures & each.natures
        return Way(
            each.signatory,
            self.convention_type or each.convention_type,
            both or self.natures or each.natures,
        )


def ways(
    index: AmcIndex, amc_number: str, criterion: str, holds: Callable[[Grouping], bool]
) -> Iterator[tuple[Grouping, Way]]:
    """Yield each grouping on a way from an AMC, nearest first, and where it leads.

    Each way is gone once: a circle ends where it began.
    """
    start = Way(amc_number, "", frozenset())
    seen, waiting = {start}, [start]
    while waiting:
        way = waiting.pop(0)
        found = index.groupings(way.signatory, criterion)
        for each in sorted(filter(holds, found), key=_place):
            on = way.through(each)
            if on not in seen and way.leads_on(each.convention_type, each.natures):
                seen.add(on)
                waiting.append(on)
                yield each, on


def _place(each: Grouping) -> int:
    return each.place
