"""Cuts a stream into billing messages: a header of 227 and records of 350.

Several messages may follow one another.  While records are regular a chunk is
one table over what was read and no record is touched alone; where one is too
short or too long, `message_cut` looks for the next beginning.  Only one block
is in memory, and a chunk ends with a whole invoice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import BinaryIO, Final, NamedTuple

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from protocols.mycarenet.message_cut import (
    HEADER,
    LINE_ENDS,
    RECORD,
    Cut,
    cut_records,
    header_length,
    past_line_ends,
)

Bytes = NDArray[np.uint8]
BLOCK: Final = 4 << 20  # read at once
LARGEST_INVOICE: Final = 16 << 20  # bytes of one invoice in memory; none is near
UTF8_MARK: Final = b"\xef\xbb\xbf"
KINDS: Final = (
    *("?", "10", "20", "21", "30", "40", "50", "51", "52", "80", "90"),
    *("95", "96"),
)
"""The kinds of record by index; 0 is one that nobody knows.

The layout of 21 and 40 is not publicly known: they are let through, and only
what every record has in the same place is checked of them.
"""

JUNK_SHARE: Final = 0.75  # of records that are unknown, where no more are expected

_FIRST_ROWS = 64  # of a message: many have no more
_MANY = 4096
_TENS = 10 ** np.arange(5, -1, -1)
_TOTALS = KINDS.index("95")
_ENDS = np.isin(np.array(KINDS), ("80", "90", "95", "96"))
_KIND_OF = np.zeros(1 << 16, np.uint8)
for _index, _kind in enumerate(KINDS[1:], 1):
    _KIND_OF[int.from_bytes(_kind.encode(), "little")] = _index


class Opening(NamedTuple):
    """Where a message begins: its number from 1, its header and that one's offset."""

    message: int
    header: bytes
    offset: int


@frozen(kw_only=True, eq=False)
class Chunk:
    """Some records of one message as rows of 350 columns, and what is known of them.

    `message` counts from 1, `first` is the number of the first record in the
    whole stream, headers not counted; `kinds` are indices of `KINDS`.  A record
    of another length is padded with blanks or cut; `odd` gives its true length
    by row.  `opens` and `closes` tell whether the message begins before the
    first row and ends behind the last; `cut` that an invoice had to be broken
    off because it is too long.  `breaks` are the rows that a line end follows, -1
    for the last row of the chunk before.
    """

    message: int
    header: bytes
    header_offset: int
    rows: Bytes
    kinds: Bytes
    first: int
    offsets: NDArray[np.int64]
    odd: Mapping[int, int]
    breaks: tuple[int, ...]
    opens: bool
    closes: bool
    cut: bool

    def record(self, row: int) -> bytes:
        """Return one record as it stands, at most 350 bytes of it."""
        whole: bytes = self.rows[row].tobytes()
        return whole[: self.odd.get(row)]

    def end(self, row: int) -> int:
        """Return the offset behind the last byte of a row's record."""
        return int(self.offsets[row]) + self.odd.get(row, RECORD)


class Messages:
    """Reads a stream once, block by block.

    `ended_line` tells, once all is read, that a line end stood behind the last
    record; `marked` that the stream began with the mark of UTF-8.
    """

    def __init__(self, stream: BinaryIO, *, block: int = BLOCK) -> None:
        self.ended_line = False
        self.marked = False
        self._stream = stream
        self._block = max(block, 8 * RECORD)
        self._data = b""
        self._at = 0
        self._base = 0  # offset of the first byte in memory
        self._ended = False
        self._record = 1

    def head(self, size: int) -> bytes:
        """Return the beginning of the stream without giving it up."""
        self._fill(size)
        return self._data[self._at : self._at + size]

    def chunks(self) -> Iterator[Chunk]:
        """Yield chunks until the end; a stream of line ends gives none."""
        if self.head(len(UTF8_MARK)) == UTF8_MARK:
            self.marked = True
            self._at += len(UTF8_MARK)
        message = 0
        while self._skip_line_ends():
            message += 1
            self._fill(4 * HEADER)
            offset = self._base + self._at
            size = header_length(self._data, self._at)
            header = self._data[self._at : self._at + size]
            self._at += len(header)
            yield from self._message(Opening(message, header, offset))

    def _message(self, opening: Opening) -> Iterator[Chunk]:
        wanted, opens, order = _FIRST_ROWS, True, 1
        most = self._block // RECORD
        while True:
            self._fill((wanted + 4) * RECORD)
            kinds, cut = self._frame(wanted, order)
            whole = len(cut.offsets) if cut.closes else _whole(kinds)
            broken = not whole and cut.end - self._at >= LARGEST_INVOICE
            if broken or (not whole and _is_junk(kinds)):
                whole = len(cut.offsets)
            if whole or cut.closes:
                yield self._chunk(
                    opening, kinds, cut, whole, opens=opens, broken=broken
                )
                opens = False
                self._record += whole
                order += whole
                self._at = cut.offsets[whole] if whole < len(cut.offsets) else cut.end
            if cut.closes:
                return
            wanted = min(2 * wanted, most) if whole else 2 * wanted

    def _frame(self, wanted: int, order: int) -> tuple[Bytes, Cut]:
        """Cut the next records, at once as far as they are regular."""
        left = len(self._data) - self._at
        table = self._table(min(wanted, left // RECORD))
        kinds = kinds_of(table)
        regular = _regular(table, kinds, order)
        at_end = self._ended and regular * RECORD == left
        if not at_end:
            regular = max(0, regular - 1)  # its length is told by what follows it
        end = self._at + regular * RECORD
        cut = Cut(end=end, closes=at_end, offsets=list(range(self._at, end, RECORD)))
        if at_end or (regular and not self._ended and regular == len(table) - 1):
            return kinds[:regular], cut
        cut_records(
            self._data, cut, order=order + regular, ended=self._ended, most=wanted
        )
        return kinds_of(self._gather(cut)), cut

    def _chunk(
        self,
        opening: Opening,
        kinds: Bytes,
        cut: Cut,
        whole: int,
        *,
        opens: bool,
        broken: bool,
    ) -> Chunk:
        regular = not cut.odd and not cut.breaks
        rows = self._table(whole) if regular else self._gather(cut)[:whole]
        last = whole - 1 if cut.closes else whole
        return Chunk(
            message=opening.message,
            header=opening.header,
            header_offset=opening.offset,
            rows=rows,
            kinds=kinds[:whole],
            first=self._record,
            offsets=np.array(cut.offsets[:whole], np.int64) + self._base,
            odd={row: size for row, size in cut.odd.items() if row < whole},
            breaks=tuple(row for row in cut.breaks if row < last),
            opens=opens,
            closes=cut.closes,
            cut=broken,
        )

    def _table(self, count: int) -> Bytes:
        """Return the next records as they stand if each has its right length."""
        size = count * RECORD
        table = np.frombuffer(self._data, np.uint8, size, self._at if size else 0)
        return table.reshape(count, RECORD)

    def _gather(self, cut: Cut) -> Bytes:
        """Return records of any length as rows, padded with blanks or cut."""
        padded = self._data[self._at : cut.end + RECORD].ljust(RECORD) + b" " * RECORD
        every = np.lib.stride_tricks.sliding_window_view(
            np.frombuffer(padded, np.uint8), RECORD
        )
        rows: Bytes = every[np.array(cut.offsets, np.intp) - self._at]
        for row, size in cut.odd.items():
            rows[row, size:] = ord(" ")
        return rows

    def _fill(self, size: int) -> None:
        """Have `size` bytes in memory, or all that are left."""
        while len(self._data) - self._at < size and not self._ended:
            more = self._stream.read(self._block)
            self._base += self._at
            self._data = b"".join((memoryview(self._data)[self._at :], more))
            self._at = 0
            self._ended = not more
        if self._ended:
            bare = max(self._at, len(self._data.rstrip(LINE_ENDS)))
            self.ended_line |= bare < len(self._data)
            self._data = self._data[:bare]

    def _skip_line_ends(self) -> bool:
        """Drop line ends before a message; say whether one follows."""
        self._fill(1)
        while self._at < len(self._data):
            behind = past_line_ends(self._data, self._at)
            self.ended_line |= behind > self._at
            self._at = behind
            if behind < len(self._data):
                return True
            self._fill(1)
        return False


def kinds_of(rows: Bytes) -> Bytes:
    """Return the kind of each record as an index of `KINDS`."""
    types = np.ascontiguousarray(rows[:, :2]).view("<u2")
    kinds: Bytes = _KIND_OF[types[:, 0]]
    return kinds


def order_numbers(rows: Bytes) -> NDArray[np.int64]:
    """Return zone 2 of each record; some other number where it holds no digits."""
    digits = rows[:, 2:8].astype(np.int64) - ord("0")
    numbers: NDArray[np.int64] = digits @ _TENS
    return numbers


def _regular(table: Bytes, kinds: Bytes, order: int) -> int:
    """Say how many rows from the first on surely begin with a record.

    A row of an unknown kind or out of order shows that a byte is missing or too
    many, unless a closer look says otherwise.
    """
    expected = np.arange(order, order + len(table))
    strange = (kinds == 0) | ((order_numbers(table) != expected) & (kinds < _TOTALS))
    found = np.flatnonzero(strange)
    return int(found[0]) if len(found) else len(table)


def _is_junk(kinds: Bytes) -> bool:
    """Say whether hardly any of many records is known: then none need be waited for."""
    unknown = int(np.count_nonzero(kinds == 0))
    return len(kinds) > _MANY and unknown > len(kinds) * JUNK_SHARE


def _whole(kinds: Bytes) -> int:
    """Count the rows up to the last end of an invoice."""
    found = np.flatnonzero(_ENDS[kinds])
    return int(found[-1]) + 1 if len(found) else 0
