"""The fields of many records of one kind at once: characters and dates.

Records are rows of a table of bytes.  The usual file is judged by the smallest
and largest byte of each column, which reads every byte twice and writes none;
only a column that is out of its bounds is looked at row by row.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from protocols.record_fields import Field
from protocols.records import Layout
from protocols.sesam.b2_numbers import Numbers, date_names, valid_dates
from protocols.sesam.b2_records import RECORD, Bytes, Family

Flags = NDArray[np.bool_]
BLANK, ZERO, NINE = 0x20, 0x30, 0x39
_LAST_PLAIN = 0x5F  # upper case, digits and signs; lower case follows
_LAST_ASCII = 0x7E
_FIRST_LATIN = 0xA0
WIDE = 32  # records that are compared side by side


class Found(NamedTuple):
    """Rows of the given records (by index) with something wrong in a field."""

    field: Field
    rows: NDArray[np.intp]
    serious: bool  # False: lower case or accents, which a payer may still take


class Bounds(NamedTuple):
    """The least and the greatest byte of each column: of one kind, or of several."""

    least: Bytes
    most: Bytes


def bounds_of(records: Bytes) -> Bounds:
    """Return the bounds of the columns of records; their number divides by `WIDE`.

    Many records side by side make the long rows that numpy is quick with.
    """
    beside = records.reshape(-1, WIDE * RECORD)
    found = []
    for choose in (np.minimum, np.maximum):
        best = choose.reduce(beside, axis=0).reshape(WIDE, RECORD)
        found.append(choose.reduce(best, axis=0))
    return Bounds(*found)


def bounds_of_parts(records: Bytes, firsts: NDArray[np.intp]) -> Bounds:
    """Return the bounds of each part of some records; parts begin at `firsts`."""
    return Bounds(
        np.minimum.reduceat(records, firsts, axis=0),
        np.maximum.reduceat(records, firsts, axis=0),
    )


def join_bounds(parts: Sequence[Bounds]) -> Bounds:
    """Return the bounds of all parts."""
    least, most = zip(*parts, strict=True)
    return Bounds(np.minimum.reduce(least), np.maximum.reduce(most))


def outside_bounds(
    bounds: Bounds, family: Family, kinds: tuple[int, ...]
) -> Collection[int]:
    """Tell, by its place among them, the kinds in which a byte may be wrong."""
    if not kinds:
        return ()
    lowest, highest = _bounds_of_kinds(family, kinds)
    outside = (bounds.least < lowest) | (bounds.most > highest)
    found: list[int] = np.flatnonzero(outside.any(axis=1)).tolist()
    return found


def check_fields(
    records: Callable[[], Bytes], bounds: Bounds, layout: Layout
) -> Iterator[Found]:
    """Yield the records of one kind whose characters are wrong.

    `bounds` are theirs; the records themselves are asked for in need only.
    """
    lowest, highest = _bounds(layout)
    outside = (bounds.least < lowest) | (bounds.most > highest)
    blank = (bounds.least == BLANK) & (bounds.most == BLANK)
    for each in _suspects(layout, outside.tobytes(), blank.tobytes()):
        yield from _check_class(records()[:, each.start - 1 : each.end], each)


@lru_cache(maxsize=1024)
def _suspects(layout: Layout, outside: bytes, blank: bytes) -> tuple[Field, ...]:
    """Return the fields to look at row by row, by flags of the columns.

    A numeric field that may be blank, and is so in every row, is right.
    """
    found = []
    for each in layout.fields:
        place = slice(each.start - 1, each.end)
        if any(outside[place]) and not (_may_be_blank(each) and all(blank[place])):
            found.append(each)
    return tuple(found)


def _may_be_blank(each: Field) -> bool:
    return each.kind == "N" and each.presence != "O"


def _check_class(part: Bytes, each: Field) -> Iterator[Found]:
    if each.const:
        wanted = np.frombuffer(each.const.encode("latin-1"), np.uint8)
        yield from _found(each, (part != wanted).any(axis=1))
    elif each.kind == "N":
        wrong = ((part < ZERO) | (part > NINE)).any(axis=1)
        if _may_be_blank(each):
            wrong &= (part != BLANK).any(axis=1)
        yield from _found(each, wrong)
    else:
        wrong = ((part < BLANK) | ((part > _LAST_ASCII) & (part < _FIRST_LATIN))).any(
            axis=1
        )
        if each.presence == "O":
            wrong |= (part == BLANK).all(axis=1)
        yield from _found(each, wrong)
        small = (part > _LAST_PLAIN).any(axis=1) & ~wrong
        yield from _found(each, small, serious=False)


def check_dates(layout: Layout, dates: Callable[[str], Numbers]) -> Iterator[Found]:
    """Yield the rows of one kind whose dates are none, or are missing."""
    for name in date_names(layout):
        each, found = layout[name], dates(name)
        yield from _found(each, ~valid_dates(zero=each.presence != "O")[found])


def _found(
    each: Field, wrong: Flags | np.bool_, *, serious: bool = True
) -> Iterator[Found]:
    if wrong.any():
        yield Found(each, np.flatnonzero(wrong), serious)


@lru_cache(maxsize=256)
def _bounds_of_kinds(family: Family, kinds: tuple[int, ...]) -> Bounds:
    """Return the bounds of faultless records of some kinds."""
    found = (_bounds(family.layout(kind)) for kind in kinds)
    return Bounds(*map(np.stack, zip(*found, strict=True)))


@cache
def _bounds(layout: Layout) -> Bounds:
    """Return the least and greatest byte of each column of a faultless record."""
    lowest = np.full(RECORD, BLANK, np.uint8)
    highest = np.full(RECORD, _LAST_PLAIN, np.uint8)
    for each in layout.fields:
        place = slice(each.start - 1, each.end)
        if each.const:
            lowest[place] = highest[place] = np.frombuffer(
                each.const.encode("latin-1"), np.uint8
            )
        elif each.kind == "N":
            lowest[place], highest[place] = ZERO, NINE
        elif each.presence == "O":
            lowest[each.start - 1] = BLANK + 1
    return Bounds(lowest, highest)
