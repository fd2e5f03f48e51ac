"""The fields of many records at once, for the rules: texts, numbers, whose they are.

A field of all records of a kind is one column of bytes texts.  A rule about a line
may name a field of its invoice (`20.sex`), of the line before it (`50.code`) or of
the sending (`10.created`); that column has the same length.  What is wanted twice
is made once.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from protocols.mycarenet.columns import Numbers, Rows, Table
from protocols.mycarenet.message import KINDS, Bytes
from protocols.records import load_layouts

Texts = NDArray[np.bytes_]
Mask = NDArray[np.bool_]

LAYOUTS: Final = load_layouts("efact")
PARTS: Final = {  # parts of fields, and neighbours, that a rule may name
    ("10", "year_month"): (109, 6),
    ("10", "created_month"): (120, 6),
}
WHOLE: Final = "10"  # the record that speaks for the whole sending

_ZERO, _NINE = ord("0"), 9
_INDEX: Final = {kind: index for index, kind in enumerate(KINDS)}


@cache
def place_of(record: str, name: str) -> tuple[int, int]:
    """Return first position (from 1) and length of a field; KeyError if there is none."""
    part = PARTS.get((record, name))
    if part is not None:
        return part
    field = LAYOUTS[record][name]
    return field.start, field.length


class Columns:
    """One chunk; `sending` is the sending's record 10, also where the chunk has none."""

    def __init__(self, table: Table, sending: Bytes | None) -> None:
        self._table = table
        self._chunk = table.chunk
        self._sending = sending
        self._rows: dict[str, Rows] = {}
        self._masters: dict[tuple[str, str], Rows] = {}
        self._texts: dict[tuple[str, str, str], Texts] = {}
        self._empty: dict[tuple[str, str, str], Mask] = {}
        self._latest: dict[str, Rows] = {}
        self._gathered: dict[str, Bytes] = {}
        self._same: dict[tuple[str, str], tuple[bytes, bytes] | None] = {}
        self._few: dict[str, list[bytes] | None] = {}

    def has(self, record: str) -> bool:
        """Say whether there is a record of a kind at all."""
        return len(self._table.rows(record)) > 0

    def all_belong(self, record: str) -> bool:
        """Say whether all records of a kind belong where they stand."""
        return len(self.rows(record)) == len(self._table.rows(record))

    def same(self, record: str, of: str) -> tuple[bytes, bytes] | None:
        """Return the first record of kind `of`, and where others of it are not the same.

        That is a byte for each column, 1 where they differ.  For records of another
        kind the sending's record 10 stands for all of them.  None: there is none.
        """
        key = record, of
        if key not in self._same:
            self._same[key] = self._compare(record, of)
        return self._same[key]

    def _compare(self, record: str, of: str) -> tuple[bytes, bytes] | None:
        if of == WHOLE and record != WHOLE and self._sending is not None:
            return self._sending.tobytes(), bytes(len(self._sending))
        if not self.has(of):
            return None
        extremes = self._table.extremes(of)
        return extremes.first, extremes.varied

    def few(self, record: str, most: int) -> list[bytes] | None:
        """Return the records of a kind if there are at most so many; else None."""
        if record not in self._few:
            count = len(self._table.rows(record))
            self._few[record] = (
                [each.tobytes() for each in self._table.records(record)]
                if count <= most
                else None
            )
        return self._few[record]

    def rows(self, record: str) -> Rows:
        """Return the rows of the records of a kind that belong where they stand.

        A line outside of an invoice, and a record 51 or 52 without a line, is a
        matter of order and left out.
        """
        found = self._rows.get(record)
        if found is None:
            found = self._table.rows(record)
            if record in {"30", "40", "50", "51", "52", "80"} and len(found):
                found = found[self._last("20")[found] >= 0]
            if record in {"51", "52"} and len(found):
                found = found[self._last("50")[found] > self._last("20")[found]]
            if self._sending is None:
                found = found[:0]
            self._rows[record] = found
        return found

    def master(self, record: str, of: str) -> Rows:
        """Return, by record of a kind, the row of the last record of kind `of` before it."""
        found = self._masters.get((record, of))
        if found is None:
            found = self._last(of)[self.rows(record)]
            self._masters[record, of] = found
        return found

    def text(self, record: str, name: str) -> Texts:
        """Return a field by record of a kind; `20.sex` is that of its invoice."""
        of, _, field = name.rpartition(".")
        key = record, of or record, field
        found = self._texts.get(key)
        if found is None:
            found = self._make(record, of or record, field)
            self._texts[key] = found
        return found

    def empty(self, record: str, name: str) -> Mask:
        """Tell which fields hold nothing: zeros or blanks, perhaps behind a sign."""
        of, _, field = name.rpartition(".")
        key = record, of or record, field
        found = self._empty.get(key)
        if found is None:
            texts = self.text(record, name)
            found = _hold_nothing(texts, signed=is_signed(key[1], field))
            self._empty[key] = found
        return found

    def characters(self, record: str, name: str) -> Bytes:
        """Return a field's characters, a row for each record of a kind."""
        texts = np.ascontiguousarray(self.text(record, name))
        return texts.view(np.uint8).reshape(len(texts), texts.dtype.itemsize)

    def _make(self, record: str, of: str, field: str) -> Texts:
        start, length = place_of(of, field)
        cut = slice(start - 1, start - 1 + length)
        if of == record:
            return _texts(self._records(record)[:, cut])
        if of == WHOLE and self._sending is not None:
            one = _texts(self._sending[None, cut])
            return np.broadcast_to(one, len(self.rows(record)))
        owners = np.searchsorted(self.rows(of), self.master(record, of))
        return self.text(of, field)[owners]

    def _records(self, record: str) -> Bytes:
        found = self._gathered.get(record)
        if found is None:
            rows = self.rows(record)
            whole = len(rows) == len(self._table.rows(record))
            found = (
                self._table.records(record)
                if whole
                else self._chunk.rows.take(rows, axis=0)
            )
            self._gathered[record] = found
        return found

    def _last(self, record: str) -> Rows:
        """Return, by row, the last row of a kind at or before it; -1 where there is none."""
        found = self._latest.get(record)
        if found is None:
            count = len(self._chunk.kinds)
            here = self._chunk.kinds == _INDEX[record]
            found = np.maximum.accumulate(np.where(here, np.arange(count), -1))
            self._latest[record] = found
        return found


def _texts(characters: Bytes) -> Texts:
    whole: Any = np.ascontiguousarray(characters)
    texts: Texts = whole.view(f"S{whole.shape[1]}")[:, 0]
    return texts


def is_signed(record: str, name: str) -> bool:
    """Say whether a field begins with a sign."""
    field = LAYOUTS[record].by_name.get(name)
    return field is not None and field.kind == "S"


def _hold_nothing(texts: Texts, *, signed: bool) -> Mask:
    size = texts.dtype.itemsize
    zeros = b"0" * size
    found: Mask = (texts == zeros) | (texts == b" " * size)
    if signed:
        found = found | (texts == b"+" + zeros[1:]) | (texts == b"-" + zeros[1:])
    return found


def prefix(texts: Texts, length: int) -> Texts:
    """Return the first characters of each text; whole ones where they are no longer."""
    size = texts.dtype.itemsize
    if length >= size:
        return texts
    whole = np.ascontiguousarray(texts).view(np.uint8).reshape(len(texts), size)
    cut = np.ascontiguousarray(whole[:, :length])
    found: Texts = cut.view(f"S{length}")[:, 0]
    return found


def both(columns: Columns, record: str, one: str, other: str) -> Mask:
    """Tell where two fields of a record both hold something."""
    return ~(columns.empty(record, one) | columns.empty(record, other))


def number(characters: Bytes) -> Numbers:
    """Return the number that digits spell; some other number where they are none."""
    total = np.zeros(len(characters), np.int64)
    for column in range(characters.shape[1]):
        total *= 10
        total += characters[:, column] & 15
    return total


def digits(characters: Bytes) -> Mask:
    """Tell which rows hold digits only."""
    found: Mask = np.all(characters - np.uint8(_ZERO) <= _NINE, axis=1)
    return found
