"""The records of a chunk by kind: their rows, the bounds of columns, the numbers.

Records of one kind are gathered some thousands at a time into one small table,
judged and read there while they are in the cache, and forgotten.  Where there
are few it is the calls that cost, so all kinds are read in one go.  Whoever
needs records again, because something is wrong, asks for a copy.
"""

from __future__ import annotations

import itertools

import numpy as np

from protocols.sesam.b2_fields import (
    WIDE,
    Bounds,
    bounds_of,
    bounds_of_parts,
    join_bounds,
)
from protocols.sesam.b2_frames import Chunk
from protocols.sesam.b2_numbers import Numbers, Reckoning
from protocols.sesam.b2_records import RECORD, Bytes, Family
from protocols.sesam.b2_structure import Rows, Structure

_AT_ONCE = 128 * WIDE  # records: half a megabyte
_FEW = 512  # records: below, the calls cost more than the work
_NONE = np.empty(0, np.intp)


class Kinds:
    """The rows of each kind, without those of wrong length, and what was read there.

    `bounds` are those of the kinds in the order of `rows`; `dates_right` says
    that no date needs a look.
    """

    def __init__(self, chunk: Chunk, structure: Structure, family: Family) -> None:
        self.family = family
        self._table = chunk.rows
        self._copies: dict[int, Bytes] = {}
        self.rows: dict[int, Rows] = {}
        order = self._sort(chunk, structure)
        self._reckoning = Reckoning(
            {kind: len(rows) for kind, rows in self.rows.items()}, family
        )
        few = len(order) <= _FEW
        self.bounds = self._gather_all(order) if few else self._gather_many()
        self.dates_right = self._reckoning.finish()

    def _sort(self, chunk: Chunk, structure: Structure) -> Rows:
        """Part rows by kind; return all that have one in the order of kinds."""
        kinds = structure.kinds
        if chunk.odd:
            kinds = kinds.copy()
            kinds[list(chunk.odd)] = 0
        order = kinds.argsort(kind="stable")
        ends = np.bincount(kinds).cumsum().tolist()
        self.rows = {
            kind: order[start:end]
            for kind, (start, end) in enumerate(itertools.pairwise(ends), 1)
            if end > start
        }
        return order[ends[0] :]

    def _gather_all(self, order: Rows) -> Bounds:
        """Read few records in one go."""
        records = self._table.take(order, axis=0)
        if not len(records):
            return Bounds(records, records)
        self._reckoning.take_all(records)
        counts = np.array([len(rows) for rows in self.rows.values()], np.intp)
        return bounds_of_parts(records, counts.cumsum() - counts)

    def _gather_many(self) -> Bounds:
        """Read records some thousands at a time."""
        room = np.empty((_AT_ONCE, RECORD), np.uint8)
        found: list[Bounds] = []
        for kind, rows in self.rows.items():
            parts = []
            for first in range(0, len(rows), _AT_ONCE):
                some = rows[first : first + _AT_ONCE]
                parts.append(_bounds(self._table, some, room))
                self._reckoning.take(kind, first, room[: len(some)])
            found.append(join_bounds(parts))
        if not found:
            return Bounds(room[:0], room[:0])
        return Bounds(*map(np.stack, zip(*found, strict=True)))

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
        return self._table.reshape(-1).take(self.rows[kind] * RECORD + at)

    def of(self, group: int) -> Rows:
        """Return the rows of a group of one kind; empty if there is none."""
        return self.rows.get(self.family.kind(group), _NONE)

    def of_groups(self, *groups: int) -> list[Rows]:
        """Return the rows of every kind of some groups."""
        own = self.family.groups
        return [rows for kind, rows in self.rows.items() if own[kind] in groups]

    def numbers(self, group: int, name: str) -> Numbers:
        """Return a field of the records of a group that has records."""
        return self._reckoning.numbers(self.family.kind(group), name)

    def numbers_of(self, kind: int, name: str) -> Numbers:
        """Return a field of the records of a kind that has records."""
        return self._reckoning.numbers(kind, name)


def _bounds(table: Bytes, rows: Rows, room: Bytes) -> Bounds:
    """Copy rows into `room` and return their bounds."""
    count = len(rows)
    filled = -(-count // WIDE) * WIDE
    table.take(rows, axis=0, out=room[:count], mode="clip")
    room[count:filled] = room[count - 1]
    return bounds_of(room[:filled])
