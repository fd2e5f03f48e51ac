"""What attestations may say that leads to the address of a convention.

The decision (`amc_routing`) starts from an attestation; here the way is gone back, from
each convention through the groupings that lead to it, and what every row on it asks for
is asked for together.  Who has the rows can find the payer without asking.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import zip_longest
from typing import Final, Self

from attrs import evolve, frozen

from protocols.sesam.amc_masks import ANY, meet
from protocols.sesam.amc_tables import (
    CONVENTIONS,
    GROUPINGS,
    Convention,
    Days,
    Grouping,
    conventions,
    groupings,
)
from protocols.tables import Tables
from routing.card import CardRow

_WIDTH: Final = 10  # of an AMC's number on a card


def rows(tables: Tables) -> Iterator[CardRow]:
    """Yield a row for each AMC and each way from it to a convention with an address."""
    by_signatory: dict[str, list[Grouping]] = {}
    for group in groupings(tables.get(GROUPINGS, ())):
        by_signatory.setdefault(group.signatory, []).append(group)
    for each in conventions(tables.get(CONVENTIONS, ())):
        result = each.candidate.result
        if result.address is not None and result.own_request:
            seen: dict[_Way, None] = {}
            for way in _ways(each, by_signatory):
                seen.setdefault(way)
            for way in seen:
                yield CardRow(result.address.code, way.data(each.candidate.agreement))


@frozen
class _Way:
    """What must be said of an AMC so that it leads on to a convention."""

    amc_number: str
    convention_type: str
    criterion: str
    natures: frozenset[str]
    days: Days

    @classmethod
    def end(cls, each: Convention) -> Self:
        """Return the end of a way: the convention itself."""
        said = each.candidate
        return cls(
            each.amc_number or each.signatory,
            said.convention_type,
            said.criterion,
            each.natures,
            each.days,
        )

    def back(self, group: Grouping) -> _Way | None:
        """Return the way with a grouping before it; None where nothing fits both."""
        kinds = (self.convention_type, group.convention_type)
        natures = self.natures & group.natures or self.natures or group.natures
        if (
            (all(kinds) and kinds[0] != kinds[1])
            or not meet(self.criterion, group.criterion)
            or (
                self.natures
                and group.natures
                and self.natures.isdisjoint(group.natures)
            )
        ):
            return None
        days = _days(self.days, group.days)
        if days.first and days.last and days.last < days.first:
            return None
        return _Way(
            group.amc_number,
            self.convention_type or group.convention_type,
            _both(self.criterion, group.criterion),
            natures,
            days,
        )

    def data(self, agreement: str) -> Mapping[str, str]:
        """Say it as a card does."""
        number = self.amc_number
        first, last = self.days.first, self.days.last
        said = {
            "amc": number.zfill(_WIDTH) if number.isdecimal() else number,
            "convention": self.convention_type,
            "criterion": self.criterion,
            "agreement": agreement,
            "nature": ",".join(sorted(self.natures)),
            "valid_from": first.isoformat() if first else "",
            "valid_until": last.isoformat() if last else "",
        }
        return {name: value for name, value in said.items() if value}


def _ways(
    each: Convention, by_signatory: Mapping[str, Sequence[Grouping]]
) -> Iterator[_Way]:
    """Yield every way to a convention, the shortest first; a circle is gone once."""
    end = _Way.end(each)
    yield end
    start = evolve(end, amc_number=each.signatory)
    if not each.by_grouping:
        return
    seen, waiting = {start}, [start]
    while waiting:
        way = waiting.pop(0)
        for group in by_signatory.get(way.amc_number, ()):
            longer = way.back(group)
            if longer is not None and longer not in seen:
                seen.add(longer)
                waiting.append(longer)
                yield longer


def _both(one: str, other: str) -> str:
    """Return the mask of what is under both of two masks that meet."""
    pairs = zip_longest(one, other, fillvalue=ANY)
    return "".join(b if a == ANY else a for a, b in pairs)


def _days(one: Days, other: Days) -> Days:
    firsts: list[date] = [each for each in (one.first, other.first) if each]
    lasts: list[date] = [each for each in (one.last, other.last) if each]
    return Days(max(firsts, default=None), min(lasts, default=None))
