"""The complementary tables, indexed: a look-up does not grow with the tables.

Made once for a version of the directory and never changed.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeVar

from protocols.sesam import amc_tables
from protocols.sesam.amc_masks import ANY, MaskIndex, matches
from protocols.sesam.amc_tables import Convention, Correspondence, Grouping, Row

_Entry = TypeVar("_Entry", Convention, Grouping)
_NEAR: Final = 2  # neighbours shown on each side of a number that is not there


class AmcIndex:
    """Every row by what leads to it, each list in the order of the tables."""

    def __init__(self, tables: Mapping[str, Sequence[Row]]) -> None:
        self.present = frozenset(name for name in amc_tables.COLUMNS if name in tables)
        self._mutuals: dict[str, MaskIndex[Correspondence]] = {}
        self._mutual_masks: MaskIndex[Correspondence] = MaskIndex()
        self._mutual_rows: list[Correspondence] = []
        self._grouped: dict[str, MaskIndex[Grouping]] = {}
        self._by_amc: dict[str, MaskIndex[Convention]] = {}
        self._by_grouping: dict[str, MaskIndex[Convention]] = {}
        self._open: MaskIndex[Convention] = MaskIndex()
        self._add_correspondences(_rows(tables, amc_tables.CORRESPONDENCES))
        for grouping in amc_tables.groupings(_rows(tables, amc_tables.GROUPINGS)):
            of_amc = self._grouped.setdefault(grouping.amc_number, MaskIndex())
            of_amc.add(grouping.criterion, grouping)
        for each in amc_tables.conventions(_rows(tables, amc_tables.CONVENTIONS)):
            self._add_convention(each)
        self._numbers = sorted({*self._grouped, *self._by_amc})

    def _add_correspondences(self, rows: Iterable[Row]) -> None:
        for each in amc_tables.correspondences(rows):
            if ANY in each.mutual_mask:
                self._mutual_masks.add(each.criterion, each)
            else:
                of_number = self._mutuals.setdefault(each.mutual_mask, MaskIndex())
                of_number.add(each.criterion, each)
            self._mutual_rows.append(each)
        self._mutual_rows.sort(key=_mutual)

    def _add_convention(self, each: Convention) -> None:
        criterion = each.candidate.criterion
        owner = each.amc_number or each.signatory
        self._by_amc.setdefault(owner, MaskIndex()).add(criterion, each)
        if each.by_grouping:
            of_group = self._by_grouping.setdefault(each.signatory, MaskIndex())
            of_group.add(criterion, each)
        elif not each.amc_number and criterion:
            self._open.add(criterion, each)

    def knows(self, amc_number: str) -> bool:
        """Say whether a grouping or convention names an AMC."""
        return amc_number in self._grouped or amc_number in self._by_amc

    def correspondences(self, mutual: str, criterion: str) -> list[Correspondence]:
        """Return what holds for a mutual's number with a fund, first line first."""
        found = [
            each
            for each in self._mutual_masks.under(criterion)
            if matches(each.mutual_mask, mutual)
        ]
        for end in range(1, len(mutual) + 1):
            if of_number := self._mutuals.get(mutual[:end]):
                found += of_number.under(criterion)
        return sorted(found, key=_place)

    def groupings(self, amc_number: str, criterion: str | None) -> Iterator[Grouping]:
        """Yield groupings of an AMC: those that hold for a criterion, or all of them."""
        return _under(self._grouped.get(amc_number), criterion)

    def of_amc(self, amc_number: str, criterion: str | None) -> Iterator[Convention]:
        """Yield conventions that name an AMC, or that it signed itself.

        Those that hold for a criterion, or all of them.
        """
        return _under(self._by_amc.get(amc_number), criterion)

    def of_signatory(
        self, signatory: str, criterion: str | None
    ) -> Iterator[Convention]:
        """Yield conventions to which groupings lead through a signatory, as `of_amc`."""
        return _under(self._by_grouping.get(signatory), criterion)

    def open_for(self, criterion: str) -> Iterator[Convention]:
        """Yield conventions that name no AMC and hold for a fund's criterion."""
        return self._open.under(criterion)

    def near_numbers(self, amc_number: str) -> Sequence[str]:
        """Return the numbers that stand beside one that no table has."""
        at = bisect_left(self._numbers, amc_number)
        return self._numbers[max(0, at - _NEAR) : at + _NEAR]

    def near_mutuals(self, mutual: str) -> Sequence[Correspondence]:
        """Return rows of the number itself with other funds, else its neighbours."""
        at = bisect_left(self._mutual_rows, mutual, key=_mutual)
        near = self._mutual_rows[max(0, at - 1) : at + 3]
        own = [each for each in near if each.mutual_mask == mutual]
        return own or near


def _under(found: MaskIndex[_Entry] | None, criterion: str | None) -> Iterator[_Entry]:
    if found is None:
        return iter(())
    return found.everything() if criterion is None else found.under(criterion)


def _place(each: Correspondence) -> int:
    return each.place


def _mutual(each: Correspondence) -> str:
    return each.mutual_mask


def _rows(tables: Mapping[str, Sequence[Row]], name: str) -> Sequence[Row]:
    return tables.get(name, ())
