"""The numbers of many records at once: amounts, counts, dates, numbers of people.

Eight digits are read as one 64-bit word and turned into a number by joining
neighbours.  All numbers that any check wants of a chunk are made in one go:
the work per record is small, so it is the calls that must be few.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from protocols.records import Field, Layout
from protocols.sesam.b2_nesting import Group
from protocols.sesam.b2_records import RECORD, Bytes, Family

Numbers = NDArray[np.int64]
_WORD = 8  # digits that are read as one word
_DIGITS = 0x0F0F0F0F0F0F0F0F
_ALL = 0xFFFFFFFFFFFFFFFF
_JOINS = (
    (np.uint64(8), np.uint64(0x00FF00FF00FF00FF)),
    (np.uint64(16), np.uint64(0x0000FFFF0000FFFF)),
    (np.uint64(32), np.uint64(0x00000000FFFFFFFF)),
)
_AT_ONCE = 1 << 14  # words that are joined while they are in the cache
_NO_DATE_ABOVE = 1_700_000  # six characters of any kind stay below
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_FEBRUARY = 2
_CENTURY = 800_000  # YYMMDD from here on are of the 1900s
_ALWAYS: Mapping[int, tuple[str, ...]] = {
    Group.LOT_START: ("ps_id", "lot_no", "lot_created"),
    Group.INVOICE: ("invoice_no", "insured_nir", "insured_nir_key"),
    Group.INVOICE_MORE: ("patient_nir", "patient_nir_key"),
    Group.LOT_END: (
        *("lot_no", "nb_invoices", "nb_act_lines", "nb_type2_records"),
        *("nb_type5_records", "total_billed", "total_amo", "total_amc"),
    ),
}


class Piece(NamedTuple):
    """A word of a record that ends with up to eight digits of a field."""

    kind: int
    name: str
    offset: int
    shift: np.uint64
    mask: np.uint64


class Reckoning:
    """The numbers of all records of a chunk while they are being gathered.

    Words are kept in order: dates that must be there, other dates, the rest,
    so that all dates are judged at once.  `counts` are records by kind.
    """

    def __init__(self, counts: Mapping[int, int], family: Family) -> None:
        self._places: dict[int, list[tuple[Piece, int]]] = {kind: [] for kind in counts}
        self._counts = counts
        self._levels = []
        at = 0
        for pieces in _plan(family):
            for piece in pieces:
                if piece.kind in counts:
                    self._places[piece.kind].append((piece, at))
                    at += counts[piece.kind]
            self._levels.append(at)
        self._words = np.empty(at, np.uint64)

    def take(self, kind: int, first: int, records: Bytes) -> None:
        """Take the words of some records of a kind, `first` being their place."""
        count = len(records)
        for piece, at in self._places[kind]:
            stored = np.ndarray(count, "<u8", records, piece.offset, (RECORD,))
            if piece.shift:
                stored = stored << piece.shift
            place = slice(at + first, at + first + count)
            np.bitwise_and(stored, piece.mask, out=self._words[place])

    def finish(self) -> tuple[dict[int, dict[str, Numbers]], bool]:
        """Return the numbers by kind and field, and whether all dates are right.

        Blanks count as zero, and a character that is no digit gives some number:
        its class is another check.
        """
        values = _decimal(self._words).view(np.int64)
        due, dates, _ = self._levels
        right = valid_dates(zero=False)[values[:due]].all()
        right &= valid_dates(zero=True)[values[due:dates]].all()
        numbers: dict[int, dict[str, Numbers]] = {}
        for kind, places in self._places.items():
            own = numbers[kind] = {}
            for piece, at in places:
                number = values[at : at + self._counts[kind]]
                if piece.name in own:
                    number = own[piece.name] * 10**_WORD + number
                own[piece.name] = number
        return numbers, bool(right)


@cache
def date_names(layout: Layout) -> tuple[str, ...]:
    """Name the dates of a record, but the birth date, which may be a lunar one."""
    return tuple(
        each.name for each in layout.fields if each.is_date and not each.private
    )


@cache
def valid_dates(*, zero: bool) -> NDArray[np.bool_]:
    """Return, for every number of six characters, whether it is a date YYMMDD."""
    valid = np.zeros(_NO_DATE_ABOVE, np.bool_)
    valid[0] = zero
    for year in range(100):
        leap = year % 4 == 0  # 2000 was one, and no other century is in reach
        for month, days in enumerate(_DAYS, 1):
            first = year * 10_000 + month * 100 + 1
            valid[first : first + days - (month == _FEBRUARY and not leap)] = True
    return valid


def in_order(dates: Numbers) -> Numbers:
    """Turn YYMMDD numbers into ones that grow with time across the century."""
    return np.where(dates < _CENTURY, dates + 1_000_000, dates)


@cache
def _plan(family: Family) -> tuple[tuple[Piece, ...], ...]:
    """Return the pieces of mandatory dates, of other dates and of other numbers."""
    levels: tuple[list[Piece], ...] = ([], [], [])
    for kind, layout in enumerate(family.layouts):
        if layout is None:
            continue
        dates = date_names(layout)
        for name in dict.fromkeys((*dates, *_names(family, kind, layout))):
            field = layout[name]
            level = 2 if name not in dates else int(field.presence != "O")
            levels[level].extend(_pieces(kind, field))
    return tuple(tuple(pieces) for pieces in levels)


def _names(family: Family, kind: int, layout: Layout) -> Iterator[str]:
    """Name the numbers that checks want of a kind of record, but its dates."""
    group = int(family.groups[kind])
    for name in _ALWAYS.get(group, ()):
        if name in layout.by_name:
            yield name
    if group == Group.TOTAL:
        yield family.lines
        yield from (rule.total for rule in family.sums)
    for rule in family.sums:
        yield from (name for _, of, name in rule.terms if of == group)


def _pieces(kind: int, field: Field) -> Sequence[Piece]:
    """Cut a field into words of eight digits, the most significant first."""
    found = []
    end, left = field.end, field.length
    while left > 0:
        digits = min(left, _WORD)
        mask = (_DIGITS << (8 * (_WORD - digits))) & _ALL
        offset = max(0, end - _WORD)
        shift = 8 * (offset + _WORD - end)
        found.append(Piece(kind, field.name, offset, np.uint64(shift), np.uint64(mask)))
        end, left = end - digits, left - digits
    return found[::-1]


def _decimal(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Turn words of eight digits, the first in the lowest byte, into numbers.

    Neighbours are joined thrice: pairs, fours, eights.
    """
    shifted = np.empty(_AT_ONCE, np.uint64)
    for at in range(0, len(words), _AT_ONCE):
        part = words[at : at + _AT_ONCE]
        other = shifted[: len(part)]
        for bits, mask in _JOINS:
            np.right_shift(part, bits, out=other)
            part *= np.uint64(10 ** (int(bits) // 8))
            part += other
            part &= mask
    return words
