"""Fields of many records at once: numbers, signed amounts, days, kinds of character."""

from __future__ import annotations

from collections.abc import Iterator

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
_DAYS = np.array((0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31), np.int64)
_FEBRUARY, _DECEMBER, _LEAP_DAY = 2, 12, 29


class Table:
    """The records of a chunk by kind; each kind is gathered once, when asked for."""

    def __init__(self, chunk: Chunk) -> None:
        self.chunk = chunk
        self._rows: dict[str, Rows] = {}
        self._records: dict[str, Bytes] = {}

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
            self._records[kind] = self.chunk.rows[self.rows(kind)]
        return self._records[kind]


def part(records: Bytes, each: Field) -> Bytes:
    """Return the columns of a field."""
    return records[:, each.start - 1 : each.end]


def numbers(digits: Bytes) -> Numbers:
    """Return columns as numbers; 0 where one of them holds no digit.

    More than fifteen columns lose the digits behind.
    """
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
    year, month, day = days // 10_000, days // 100 % 100, days % 100
    right = (year > 0) & (month > 0) & (month <= _DECEMBER)
    right &= (day > 0) & (day <= _DAYS[np.where(right, month, 0)])
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    flags: Flags = right & ~((month == _FEBRUARY) & (day == _LEAP_DAY) & ~leap)
    return flags


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
