"""The numbers of many records at once: amounts, counts, dates, numbers of people.

Eight digits are read as one 64-bit word and turned into a number by joining
neighbours.  All numbers that any check wants of a chunk are made in one go:
the work per record is small, so it is the calls that must be few.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from protocols.record_fields import Field
from protocols.records import Layout
from protocols.sesam.b2_nesting import Group
from protocols.sesam.b2_records import RECORD, Bytes, Family

Numbers = NDArray[np.int64]
Words = NDArray[np.uint64]
Rows = NDArray[np.intp]
_WORD = 8  # digits that are read as one word
_DIGITS = 0x0F0F0F0F0F0F0F0F
_ALL = 0xFFFFFFFFFFFFFFFF
_JOINS = tuple(  # factor that joins two neighbours in a lane, and half its bits
    (lane((10 ** (bits // 8) << bits) + 1), lane(bits))
    for lane, bits in ((np.uint16, 8), (np.uint32, 16), (np.uint64, 32))
)
_EIGHT = np.arange(_WORD)
_AT_ONCE = 1 << 14  # words that are joined while they are in the cache
_NO_DATE_ABOVE = 1_700_000  # six characters of any kind stay below
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_FEBRUARY = 2
CENTURY = 800_000  # YYMMDD from here on are of the 1900s
WRAP = 1_000_000  # what is added to the others
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


class Plan(NamedTuple):
    """The pieces of the records of some kinds, and their parts as columns.

    First come the dates that must be there, `due` pieces, then other dates up to
    `dates`, then the rest.  `places` gives a field's pieces, most significant
    first, and `of_kind` all of a kind; a piece's kind is told by its place among
    the kinds.
    """

    pieces: tuple[Piece, ...]
    of_kind: Mapping[int, Sequence[int]]
    due: int
    dates: int
    places: Mapping[tuple[int, str], tuple[int, ...]]
    kinds: Rows
    offsets: Rows
    shifts: Words
    masks: Words


class Reckoning:
    """The numbers of all records of a chunk.

    Where there are few records all of their words are taken in one go; of many
    they are taken while records are being gathered.  Blanks count as zero, and
    a character that is no digit gives some number: its class is another check.
    """

    def __init__(self, counts: Mapping[int, int], family: Family) -> None:
        self._plan = _plan_of(family, tuple(counts))
        every = np.array(list(counts.values()), np.intp)
        self._counts = every[self._plan.kinds]
        self._begins: list[int] = [0, *self._counts.cumsum().tolist()]
        self._words = np.empty(self._begins[-1], np.uint64)
        self._values = np.empty(0, np.int64)
        self._firsts = (every.cumsum() - every)[self._plan.kinds]

    def take(self, kind: int, first: int, records: Bytes) -> None:
        """Take the words of some records of a kind, `first` being their place."""
        count = len(records)
        for which in self._plan.of_kind[kind]:
            piece = self._plan.pieces[which]
            stored = np.ndarray(count, "<u8", records, piece.offset, (RECORD,))
            if piece.shift:
                stored = stored << piece.shift
            at = self._begins[which] + first
            np.bitwise_and(stored, piece.mask, out=self._words[at : at + count])

    def take_all(self, records: Bytes) -> None:
        """Take the words of all records, which are in the order of their kinds."""
        plan, counts = self._plan, self._counts
        begins = self._firsts * RECORD + plan.offsets
        begins -= np.array(self._begins[:-1], np.intp) * RECORD
        places = begins.repeat(counts) + np.arange(len(self._words)) * RECORD
        stored = records.reshape(-1).take(places[:, None] + _EIGHT).view("<u8")[:, 0]
        np.left_shift(stored, plan.shifts.repeat(counts), out=self._words)
        self._words &= plan.masks.repeat(counts)

    def finish(self) -> bool:
        """Turn words into numbers; say whether all dates are right."""
        values = _decimal(self._words).view(np.int64)
        self._values = values
        due, dates = self._begins[self._plan.due], self._begins[self._plan.dates]
        wrong = np.count_nonzero(~valid_dates(zero=False)[values[:due]])
        return not wrong and bool(valid_dates(zero=True)[values[due:dates]].all())

    def numbers(self, kind: int, name: str) -> Numbers:
        """Return a field of all records of a kind, once all is finished."""
        first, *more = self._plan.places[kind, name]
        number = self._values[self._begins[first] : self._begins[first + 1]]
        for which in more:
            part = self._values[self._begins[which] : self._begins[which + 1]]
            number = number * 10**_WORD + part
        return number


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
    return np.where(dates < CENTURY, dates + WRAP, dates)


@lru_cache(maxsize=256)
def _plan_of(family: Family, kinds: tuple[int, ...]) -> Plan:
    """Return the plan of the kinds that a chunk has; few files differ in them."""
    levels: tuple[list[Piece], ...] = ([], [], [])
    for kind in kinds:
        layout = family.layout(kind)
        dates = date_names(layout)
        for name in dict.fromkeys((*dates, *_names(family, kind, layout))):
            field = layout[name]
            level = 2 if name not in dates else int(field.presence != "O")
            levels[level].extend(_pieces(kind, field))
    pieces = tuple(piece for level in levels for piece in level)
    places: dict[tuple[int, str], tuple[int, ...]] = {}
    for which, piece in enumerate(pieces):
        key = piece.kind, piece.name
        places[key] = (*places.get(key, ()), which)
    return Plan(
        pieces=pieces,
        of_kind={
            kind: [at for at, piece in enumerate(pieces) if piece.kind == kind]
            for kind in kinds
        },
        due=len(levels[0]),
        dates=len(levels[0]) + len(levels[1]),
        places=places,
        kinds=np.array([kinds.index(each.kind) for each in pieces], np.intp),
        offsets=np.array([each.offset for each in pieces], np.intp),
        shifts=np.array([each.shift for each in pieces], np.uint64),
        masks=np.array([each.mask for each in pieces], np.uint64),
    )


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


def _decimal(words: Words) -> Words:
    """Turn words of eight digits, the first in the lowest byte, into numbers.

    Neighbours are joined thrice, in lanes of two, four and eight bytes: one
    multiplication adds ten, a hundred, ten thousand times the first to the second,
    and what is below is shifted out.
    """
    for at in range(0, len(words), _AT_ONCE):
        part = words[at : at + _AT_ONCE]
        for factor, half in _JOINS:
            lanes = part.view(factor.dtype)
            lanes *= factor
            lanes >>= half
    return words
