"""The records of a chunk by kind: their rows, the bounds of columns, the numbers.

Records of one kind are gathered some thousands at a time into one small table,
judged and read there while they are in the cache, and forgotten.  Whoever
needs them again, because something is wrong, asks for a copy.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np

from protocols.sesam.b2_fields import WIDE, Bounds, bounds_of, join_bounds
from protocols.sesam.b2_frames import Chunk
from protocols.sesam.b2_numbers import Numbers, Reckoning
from protocols.sesam.b2_records import RECORD, Bytes, Family
from protocols.sesam.b2_structure import Rows, Structure

_AT_ONCE = 256 * WIDE  # records: a megabyte


class Kinds:
    """The rows of each kind, without those of wrong length, and what was read there.

    `dates_right` says that no date needs a look.
    """

    def __init__(self, chunk: Chunk, structure: Structure, family: Family) -> None:
        self.family = family
        self.bounds: dict[int, Bounds] = {}
        self.rows = _rows_by_kind(chunk, structure)
        self._table = chunk.rows
        self._copies: dict[int, Bytes] = {}
        counts = {kind: len(rows) for kind, rows in self.rows.items()}
        reckoning = Reckoning(counts, family)
        room = np.empty((_AT_ONCE, RECORD), np.uint8)
        for kind, rows in self.rows.items():
            for first in range(0, len(rows), _AT_ONCE):
                some = rows[first : first + _AT_ONCE]
                found = _bounds(self._table, some, room)
                known = self.bounds.get(kind)
                self.bounds[kind] = join_bounds(known, found) if known else found
                reckoning.take(kind, first, room[: len(some)])
        self.all_numbers, self.dates_right = reckoning.finish()

    def records(self, kind: int) -> Bytes:
        """Return a copy of the records of a kind."""
        if kind not in self._copies:
            self._copies[kind] = self._table.take(self.rows[kind], axis=0)
        return self._copies[kind]

    def some(self, kind: int, which: Rows) -> Bytes:
        """Return a copy of some records of a kind, by their place among them."""
        return self._table.take(self.rows[kind][which], axis=0)

    def column(self, kind: int, at: int) -> Bytes:
        """Return one byte of each record of a kind; `at` counts from 0."""
        return self._table[:, at].take(self.rows[kind])

    def of(self, group: int) -> Rows:
        """Return the rows of a group of one kind; empty if there is none."""
        return self.rows.get(self.family.kind(group), np.empty(0, np.intp))

    def of_groups(self, *groups: int) -> list[Rows]:
        """Return the rows of every kind of some groups."""
        own = self.family.groups
        return [rows for kind, rows in self.rows.items() if own[kind] in groups]

    def numbers(self, group: int) -> Mapping[str, Numbers]:
        """Return the numbers of the records of a group that has records."""
        return self.all_numbers[self.family.kind(group)]


def _rows_by_kind(chunk: Chunk, structure: Structure) -> dict[int, Rows]:
    kinds = structure.kinds
    if chunk.odd:
        kinds = kinds.copy()
        kinds[list(chunk.odd)] = 0
    order = np.argsort(kinds, kind="stable")
    ends = np.cumsum(np.bincount(kinds, minlength=1)).tolist()
    return {
        kind: order[start:end]
        for kind, (start, end) in enumerate(itertools.pairwise(ends), 1)
        if end > start
    }


def _bounds(table: Bytes, rows: Rows, room: Bytes) -> Bounds:
    """Copy rows into `room` and return their bounds."""
    count = len(rows)
    filled = -(-count // WIDE) * WIDE
    table.take(rows, axis=0, out=room[:count], mode="clip")
    room[count:filled] = room[count - 1]
    return bounds_of(room[:filled])
