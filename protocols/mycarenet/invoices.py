"""The invoices of a chunk: where each begins and ends, and what it adds up to."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from protocols.mycarenet.columns import (
    Flags,
    Numbers,
    Rows,
    Table,
    amounts,
    are_days,
    part,
)
from protocols.mycarenet.message import KINDS, Bytes
from protocols.records import load_layouts

LINES = ("30", "40", "50")  # records that ask for money
CODED = ("50", "51", "52")  # records whose codes are added up to zone 98
MUTUALITIES = 1000
_LAYOUTS = load_layouts("efact")
_LINE = _LAYOUTS["50"]  # every record has these zones in the same place
_BOUNDS = tuple(KINDS.index(kind) for kind in ("10", "20", "80", "90", "95", "96"))
_END = KINDS.index("80")
_FAR = 99_999_999
_SECOND_ACCOUNT = ord("1")


class Invoices:
    """The invoices of a chunk, each from its record 20 to its 80.

    `starts` are the rows of the records 20, `stops` those behind the last record
    of each; `closed` says which have a record 80, `damaged` which hold a record
    that is unknown or not 350 characters long, so that nothing can be added up.
    """

    def __init__(self, table: Table) -> None:
        self.table = table
        chunk = table.chunk
        self.starts = table.rows("20")
        bounds = np.flatnonzero(np.isin(chunk.kinds, _BOUNDS))
        after = np.searchsorted(bounds, self.starts) + 1
        ends = np.append(bounds, len(chunk.rows))[after]
        kinds = np.append(chunk.kinds, 0)[ends]
        self.closed: Flags = (kinds == _END) & (ends < len(chunk.rows))
        self.stops: Rows = ends + self.closed
        self._owners: dict[str, Rows] = {}
        self.damaged = np.zeros(len(self.starts), np.bool_)
        strange = np.flatnonzero(chunk.kinds == 0)
        for row in (*strange.tolist(), *chunk.odd):
            which = int(self.of(np.array([row]))[0])
            if which >= 0:
                self.damaged[which] = True

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def sound(self) -> Flags:
        """Which invoices can be added up and compared."""
        return self.closed & ~self.damaged

    def of(self, rows: Rows) -> Rows:
        """Return, by row, the index of the invoice that it stands in; -1: none."""
        if not len(self.starts):
            return np.full(len(rows), -1, np.intp)
        which = np.searchsorted(self.starts, rows, "right") - 1
        return np.where((which >= 0) & (rows < self.stops[which]), which, -1)

    def owners(self, kind: str) -> Rows:
        """Return the same by record of a kind."""
        found = self._owners.get(kind)
        if found is None:
            found = self._owners[kind] = self.of(self.table.rows(kind))
        return found

    @cached_property
    def are_whole(self) -> bool:
        """Say whether the records 80 are those of the invoices, one for each."""
        rows = self.table.rows("80")
        return len(rows) == len(self) and bool((rows == self.stops - 1).all())

    @cached_property
    def starts_of(self) -> Bytes:
        """The records 20."""
        return self.table.records("20")

    @cached_property
    def ends_of(self) -> Bytes:
        """The last records; those of invoices that are closed are records 80."""
        if self.are_whole:
            return self.table.records("80")
        return self.table.chunk.rows[np.maximum(self.stops - 1, 0)]

    @cached_property
    def mutualities(self) -> Numbers:
        """The destination mutuality of each."""
        return self.table.numbers("20", _LAYOUTS["20"]["destination_mutuality"])

    def stated(self, name: str) -> Numbers:
        """Return an amount of the records 80; 0 where an invoice has none."""
        if self.are_whole:
            return self.table.amounts("80", _LAYOUTS["80"][name])
        found = amounts(part(self.ends_of, _LAYOUTS["80"][name]))
        return np.where(self.closed, found, 0)

    def added(self, name: str, *, account: int | None = None) -> Numbers:
        """Add up an amount of the lines, those of one account only if it is given."""
        total = np.zeros(len(self), np.int64)
        for kind in LINES:
            if not len(self.table.rows(kind)):
                continue
            values = self.table.amounts(kind, _LINE[name])
            if account is not None:
                used = self.table.records(kind)[:, _LINE["account_used"].start - 1]
                mine = (used == _SECOND_ACCOUNT) == bool(account)
                if not mine.any():
                    continue
                values = np.where(mine, values, 0)
            total += self._sum(kind, values)
        return total

    @cached_property
    def codes(self) -> Numbers:
        """The sum of the codes of each."""
        total = np.zeros(len(self), np.int64)
        for kind in CODED:
            if len(self.table.rows(kind)):
                total += self._sum(kind, self.table.numbers(kind, _LINE["code"]))
        return total

    @cached_property
    def odd_shares(self) -> Flags:
        """Which hold a line whose patient's share or supplement is billed otherwise."""
        found = np.zeros(len(self), np.bool_)
        for kind in LINES:
            column = self.table.records(kind)[:, _LINE["share_code"].start - 1]
            which = self.owners(kind)[column != ord("0")]
            found[which[which >= 0]] = True
        return found

    @cached_property
    def first_days(self) -> Numbers:
        """The first day of care of each, YYYYMMDD; 0 where no line tells one."""
        first = np.full(len(self), _FAR, np.int64)
        for kind in LINES:
            if not len(self.table.rows(kind)):
                continue
            days = self.table.numbers(kind, _LINE["first_date"])
            which = self.owners(kind)
            told = (which >= 0) & are_days(days)
            np.minimum.at(first, which[told], days[told])
        return np.where(first == _FAR, 0, first)

    def _sum(self, kind: str, values: NDArray[np.int64]) -> Numbers:
        which = self.owners(kind)
        inside = which >= 0
        if not inside.all():
            which, values = which[inside], values[inside]
        total = np.bincount(which, values, len(self))
        return np.rint(total).astype(np.int64)
