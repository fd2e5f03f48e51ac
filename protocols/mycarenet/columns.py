"""Fields of many records at once: numbers, signed amounts, days, kinds of character."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from protocols.mycarenet.message import KINDS, Bytes, Chunk
from protocols.record_fields import Field

Numbers = NDArray[np.int64]
Rows = NDArray[np.intp]
Flags = NDArray[np.bool_]
ZERO, NINE = ord("0"), 9
_MOST_DIGITS = 15  # that a float holds exactly
_TENS = [10.0 ** np.arange(size - 1, -1, -1) for size in range(_MOST_DIGITS + 1)]
_MINUS = ord("-")
_FEW = 8  # rows that are quicker one by one
_DAYS = np.array((0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31), np.int64)
_FEBRUARY, _DECEMBER, _LEAP_DAY = 2, 12, 29


class Extremes(NamedTuple):
    """The least and the greatest character of each column of a kind's records.

    `varied` holds a byte for each column, 1 where they differ; `first` is the first
    record, which speaks for all of them in the other columns.
    """

    least: Bytes
    most: Bytes
    varied: bytes
    first: bytes

    def uniform(self, columns: slice) -> bytes | None:
        """Return what all records hold in some columns; None if they differ there."""
        if self.varied.find(1, columns.start, columns.stop) >= 0:
            return None
        return self.first[columns]


class Table:
    """The records of a chunk by kind; what is asked for twice is made once.

    What it gives is shared: nobody writes into it.
    """

    def __init__(self, chunk: Chunk) -> None:
        self.chunk = chunk
        self._rows: dict[str, Rows] = {}
        self._records: dict[str, Bytes] = {}
        self._extremes: dict[str, Extremes] = {}
        self._numbers: dict[tuple[str, int, int], Numbers] = {}
        self._amounts: dict[tuple[str, int], Numbers] = {}

    def kinds(self) -> Iterator[str]:
        """Yield the kinds of record that the chunk holds, known ones only."""
        counts = np.bincount(self.chunk.kinds, minlength=len(KINDS))
        for index in np.flatnonzero(counts).tolist():
            if index:
                yield KINDS[index]

    def rows(self, kind: str) -> Rows:
        """Return the rows of a kind, ascending."""
        if kind not in self._rows:
            found = np.flatnonzero(self.chunk.kinds == KINDS.index(kind))
            self._rows[kind] = found
        return self._rows[kind]

    def records(self, kind: str) -> Bytes:
        """Return the records of a kind as rows."""
        if kind not in self._records:
            self._records[kind] = self.chunk.rows.take(self.rows(kind), axis=0)
        return self._records[kind]

    def extremes(self, kind: str) -> Extremes:
        """Return the extremes of a kind, of which the chunk has a record."""
        found = self._extremes.get(kind)
        if found is None:
            records = self.records(kind)
            first = records[0].tobytes()
            if len(records) == 1:
                found = Extremes(records[0], records[0], bytes(len(first)), first)
            else:
                least, most = records.min(axis=0), records.max(axis=0)
                found = Extremes(least, most, (least != most).tobytes(), first)
            self._extremes[kind] = found
        return found

    def numbers(self, kind: str, each: Field) -> Numbers:
        """Return a field of a kind's records as numbers; 0 where it holds no digits."""
        return self._of_columns(kind, each.start - 1, each.end)

    def amounts(self, kind: str, each: Field) -> Numbers:
        """Return a field of a sign and digits as numbers; 0 where it holds none."""
        key = kind, each.start
        found = self._amounts.get(key)
        if found is None:
            found = self._of_columns(kind, each.start, each.end)
            signs = self.records(kind)[:, each.start - 1]
            found = np.where(signs == _MINUS, -found, found)
            self._amounts[key] = found
        return found

    def _of_columns(self, kind: str, start: int, stop: int) -> Numbers:
        key = kind, start, stop
        found = self._numbers.get(key)
        if found is None:
            records = self.records(kind)
            one = None
            if len(records):
                one = self.extremes(kind).uniform(slice(start, stop))
            if one is None:
                found = numbers(records[:, start:stop])
            else:
                value = int(one) if one.isdigit() else 0
                found = np.full(len(records), value, np.int64)
            self._numbers[key] = found
        return found


def part(records: Bytes, each: Field) -> Bytes:
    """Return the columns of a field."""
    return records[:, each.start - 1 : each.end]


def numbers(digits: Bytes) -> Numbers:
    """Return columns as numbers; 0 where one of them holds no digit.

    More than fifteen columns lose the digits behind.
    """
    if len(digits) <= _FEW:
        spelt = (row.tobytes() for row in digits)
        each = [int(text) if text.isdigit() else 0 for text in spelt]
        return np.array(each, np.int64)
    values = digits - np.uint8(ZERO)
    found: Numbers = (values @ _TENS[values.shape[1]]).astype(np.int64)
    strange = values > NINE
    if strange.any():
        found[strange.any(axis=1)] = 0
    return found


def amounts(signed: Bytes) -> Numbers:
    """Return columns of a sign and digits as numbers; 0 where they hold none."""
    found = numbers(signed[:, 1:])
    return np.where(signed[:, 0] == _MINUS, -found, found)


def are_days(days: Numbers) -> Flags:
    """Say which numbers are days YYYYMMDD; zero is none."""
    if len(days) <= _FEW:
        return np.array([_is_day(each) for each in days.tolist()], np.bool_)
    year, month, day = days // 10_000, days // 100 % 100, days % 100
    right = (year > 0) & (month > 0) & (month <= _DECEMBER)
    right &= (day > 0) & (day <= _DAYS[np.where(right, month, 0)])
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    flags: Flags = right & ~((month == _FEBRUARY) & (day == _LEAP_DAY) & ~leap)
    return flags


@lru_cache(maxsize=4096)
def _is_day(number: int) -> bool:
    try:
        date(number // 10_000, number // 100 % 100, number % 100)
    except (ValueError, OverflowError):
        return False
    return True


def differ(one: Bytes, other: Bytes) -> Flags:
    """Say which rows are not the same."""
    flags: Flags = (one != other).any(axis=1)
    return flags


def anywhere(flags: Flags) -> Flags:
    """Say which rows have a flag set in any column."""
    found: Flags = np.asarray(flags.any(axis=1))
    return found


def texts(columns: Bytes) -> list[str]:
    """Return columns as texts, blanks and all."""
    width = columns.shape[1]
    whole = columns.tobytes().decode("latin-1")
    return [whole[at : at + width] for at in range(0, len(whole), width)]
