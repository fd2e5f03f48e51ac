"""Cuts a stream into B2 records and gives them out in chunks of whole lots.

Records of 128 bytes follow one another with CR, LF, CR LF or nothing between
them (french.md 1.1).  While that holds, a chunk is one table over the read
buffer and no record is touched alone; where it does not, `b2_cut` takes over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from protocols.sesam.b2_cut import BREAK, START, Piece, cut
from protocols.sesam.b2_records import RECORD, Bytes, Heads, heads_of

BLOCK = 4 << 20  # read at once: many records for each call, few for the cache
LARGEST_LOT = 48 << 20  # bytes of one lot kept in memory; no real one comes near
UTF8_MARK = b"\xef\xbb\xbf"
_TAIL = b"\r\n\x1a\x00 "  # what may stand after the last record
_LAST_TYPE = 9
_LOOK_BACK = 1000  # records: most lots are shorter
_LF, _CR = b"\n\r"


@frozen(kw_only=True)
class Chunk:
    """Whole lots as rows of 128 columns; valid until the next chunk is asked for.

    `first` is the number of the first record, counted from 1.  A record of
    another length is padded or cut; `odd` gives its true length by row.
    `heads` are the records' beginnings as columns.  `cut` says that a lot had
    to be broken off because it is too long.
    """

    rows: Bytes
    heads: Heads
    first: int
    offsets: NDArray[np.int64]
    odd: Mapping[int, int]
    cut: bool
    last: bool

    def end(self, row: int) -> int:
        """Return the offset behind the last byte of a row's record."""
        return int(self.offsets[row]) + self.odd.get(row, RECORD)


class Frames:
    """Reads a stream once, block by block."""

    def __init__(self, stream: BinaryIO, *, block: int = BLOCK) -> None:
        self._read_into = _reader(stream)
        self._block = max(block, 2 * RECORD)
        self._buffer = np.zeros(2 * self._block, np.uint8)
        self._used = 0
        self._base = 0
        self._stride = RECORD
        self._ended = False
        self._professional = b""

    def head(self, size: int) -> bytes:
        """Return the beginning of the file without giving it up."""
        while self._used < size and not self._ended:
            self._fill()
        return self._buffer[: min(size, self._used)].tobytes()

    def skip(self, size: int) -> None:
        """Drop bytes that `head` has shown: a byte order mark."""
        self._drop(size)

    def chunks(self) -> Iterator[Chunk]:
        """Yield chunks until the end; an empty file gives none."""
        self._stride = _stride(self.head(2 * RECORD + 2))
        record = 1
        while True:
            if not self._ended:
                self._fill()
            rows, heads, pieces = self._frame()
            whole = len(rows) if self._ended else _whole_lots(heads)
            too_long = not whole and self._used >= LARGEST_LOT
            if too_long:
                whole = len(rows)
            if whole:
                yield self._chunk(
                    rows[:whole], heads.until(whole), pieces, record, cut=too_long
                )
                record += whole
                self._drop(self._behind(pieces, whole))
            if self._ended:
                return

    def _chunk(
        self,
        rows: Bytes,
        heads: Heads,
        pieces: list[Piece] | None,
        record: int,
        *,
        cut: bool,
    ) -> Chunk:
        odd: dict[int, int] = {}
        if pieces is None:
            offsets = self._base + np.arange(len(rows), dtype=np.int64) * self._stride
        else:
            pieces = pieces[: len(rows)]
            offsets = np.array([each.offset for each in pieces], np.int64) + self._base
            odd = {
                row: each.length
                for row, each in enumerate(pieces)
                if each.length != RECORD
            }
        self._professional = rows[-1, 1:10].tobytes()
        return Chunk(
            rows=rows,
            heads=heads,
            first=record,
            offsets=offsets,
            odd=odd,
            cut=cut,
            last=self._ended,
        )

    def _behind(self, pieces: list[Piece] | None, whole: int) -> int:
        if pieces is None:
            return min(whole * self._stride, self._used)
        return pieces[whole - 1].offset + pieces[whole - 1].length

    def _fill(self) -> None:
        """Read one block behind what is there."""
        if len(self._buffer) - self._used < self._block:
            self._buffer = np.concatenate((self._buffer, np.zeros_like(self._buffer)))
        room = self._buffer.data[self._used : self._used + self._block]
        got = self._read_into(room)
        self._used += got
        if not got:
            self._ended = True
            self._trim()

    def _drop(self, size: int) -> None:
        left = self._used - size
        self._buffer[:left] = self._buffer[size : self._used].copy()
        self._used = left
        self._base += size

    def _trim(self) -> None:
        """Forget blanks and control characters behind the last record."""
        data = self._buffer[: self._used].tobytes()
        bare = len(data.rstrip(_TAIL))
        if not bare:
            self._used = 0
            return
        line = max(data.rfind(b"\n", 0, bare), data.rfind(b"\r", 0, bare)) + 1
        if not line and data.startswith(UTF8_MARK):
            line = len(UTF8_MARK)
        begin = line + (bare - 1 - line) // RECORD * RECORD
        broken = BREAK.search(data, bare, begin + RECORD)
        end = broken.start() if broken else begin + RECORD
        self._used = min(self._used, end)

    def _frame(self) -> tuple[Bytes, Heads, list[Piece] | None]:
        """Cut what is there into records, all at once if it is regular."""
        stride = self._stride
        count = self._used // stride
        if self._ended and self._used - count * stride >= RECORD:
            count += 1  # the last record needs nothing behind it
        if count and (not self._ended or self._behind(None, count) == self._used):
            table = np.ndarray(
                (count, RECORD), np.uint8, self._buffer, strides=(stride, 1)
            )
            if stride == RECORD:
                heads = heads_of(table)
                if not _strangers(table, heads, self._professional):
                    return table, heads, None
            elif self._has_line_ends(table):
                rows = np.ascontiguousarray(table)
                return rows, heads_of(rows), None
        rows, pieces = self._cut()
        return rows, heads_of(rows), pieces

    def _has_line_ends(self, table: Bytes) -> bool:
        """Say whether every record, and nothing else, is followed by line ends."""
        whole = min(len(table), self._used // self._stride)
        between = np.ndarray(
            (whole, self._stride - RECORD),
            np.uint8,
            self._buffer,
            offset=RECORD,
            strides=(self._stride, 1),
        )
        breaks = (between == _LF) | (between == _CR)
        return bool(breaks.all()) and not bool((table <= _CR).any())

    def _cut(self) -> tuple[Bytes, list[Piece]]:
        data = self._buffer[: self._used].tobytes()
        pieces = list(cut(data, self._professional, ended=self._ended))
        parts = (
            data[start : start + min(size, RECORD)].ljust(RECORD)
            for start, size in pieces
        )
        table = np.frombuffer(b"".join(parts), np.uint8)
        return table.reshape(-1, RECORD), pieces


def _reader(stream: BinaryIO) -> Callable[[memoryview], int]:
    """Return a function that fills a buffer, whatever the stream offers."""
    read_into = getattr(stream, "readinto", None)
    if read_into is not None:
        return lambda room: read_into(room) or 0

    def copy(room: memoryview) -> int:
        data = stream.read(len(room))
        room[: len(data)] = data
        return len(data)

    return copy


def _strangers(table: Bytes, heads: Heads, professional: bytes) -> bool:
    """Say whether a row begins unlike any record after the one before it.

    Each record repeats the professional's number, so a row that neither does
    nor begins a lot or a file shows that a byte is missing or too many.
    """
    rows = np.flatnonzero(heads.new_sender) + 1
    expected = table[0, 1:10].tobytes() == professional
    starts = rows.tolist() if expected else [0, *rows.tolist()]
    if any(START.match(table[row].tobytes()) is None for row in starts):
        return True
    return bool((heads.column(0) - np.uint8(ord("0")) > _LAST_TYPE).any())


def _whole_lots(heads: Heads) -> int:
    """Count the rows up to the last end or beginning of a lot."""
    column = heads.column(0)
    stop = len(column)
    while stop > 0:
        start = max(0, stop - _LOOK_BACK)
        firsts = column[start:stop]
        found = np.flatnonzero((firsts == ord("6")) | (firsts == ord("1")))
        if len(found):
            last = int(found[-1])
            return start + last + (1 if firsts[last] == ord("6") else 0)
        stop = start
    return 0


def _stride(head: bytes) -> int:
    """Say how far apart records begin, from the first two."""
    behind = head[RECORD : RECORD + 2]
    if behind == b"\r\n":
        return RECORD + 2
    return RECORD + 1 if behind[:1] in (b"\r", b"\n") else RECORD
