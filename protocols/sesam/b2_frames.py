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

from protocols.sesam.b2_cut import BREAK, START, Cutter
from protocols.sesam.b2_records import RECORD, Bytes, Heads, heads_of

BLOCK = 4 << 20  # read at once: many records for each call, few for the cache
LARGEST_LOT = 48 << 20  # bytes or records of one lot in memory; no real one is near
UTF8_MARK = b"\xef\xbb\xbf"
_SMALL = (64 << 10) + RECORD  # bytes of the first buffer; most files are smaller
_TAIL = b"\r\n\x0c\x1a\x00 "  # what may stand after the last record
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
        self._buffer = np.empty(_SMALL, np.uint8)
        self._used = 0
        self._base = 0
        self._stride = RECORD
        self._ended = False
        self._professional = b""
        self._cutter: Cutter | None = None  # of what is there, if it is not regular

    def head(self, size: int) -> bytes:
        """Return the beginning of the file without giving it up."""
        if self._used < size and not self._ended:
            self._fill(size - self._used)
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
                self._fill(self._block)
            rows, heads = self._frame()
            whole = len(rows) if self._ended else _whole_lots(heads)
            too_long = not whole and max(self._used, len(rows) * RECORD) >= LARGEST_LOT
            if too_long:
                whole = len(rows)
            if whole:
                yield self._chunk(
                    rows[:whole], heads.until(whole), record, cut=too_long
                )
                record += whole
            if whole or too_long:
                self._drop(self._behind(whole))
            if self._ended:
                return

    def _chunk(self, rows: Bytes, heads: Heads, record: int, *, cut: bool) -> Chunk:
        odd: dict[int, int] = {}
        if self._cutter is None:
            offsets = self._base + np.arange(len(rows), dtype=np.int64) * self._stride
        else:
            offsets = np.array(self._cutter.offsets[: len(rows)], np.int64) + self._base
            lengths = np.array(self._cutter.lengths[: len(rows)], np.int64)
            unlike = (lengths != RECORD).nonzero()[0]
            odd = dict(zip(unlike.tolist(), lengths[unlike].tolist(), strict=True))
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

    def _behind(self, whole: int) -> int:
        """Return where that goes on which is not among the first `whole` records."""
        cutter = self._cutter
        if cutter is None:
            return min(whole * self._stride, self._used)
        return cutter.offsets[whole] if whole < len(cutter.offsets) else cutter.at

    def _fill(self, size: int) -> None:
        """Read `size` bytes, or all that are left; leave room for a record behind."""
        end = self._used + size
        if len(self._buffer) < end + RECORD:
            room = np.empty(max(end + RECORD, 2 * len(self._buffer)), np.uint8)
            room[: self._used] = self._buffer[: self._used]
            self._buffer = room
        while self._used < end and not self._ended:
            got = self._read_into(self._buffer.data[self._used : end])
            self._used += got
            self._ended = not got
        if self._ended:
            self._trim()
            if self._cutter is not None and self._cutter.at > self._used:
                self._cutter = None  # blanks at the end were taken for records

    def _drop(self, size: int) -> None:
        left = self._used - size
        self._buffer[:left] = self._buffer[size : self._used].copy()
        self._used = left
        self._base += size
        self._cutter = None

    def _trim(self) -> None:
        """Forget blanks and control characters behind the last record."""
        data = self._buffer[: self._used].tobytes()
        bare = _bare(data)
        if not bare:
            self._used = 0
            return
        line = max(data.rfind(b"\n", 0, bare), data.rfind(b"\r", 0, bare)) + 1
        if not line and data.startswith(UTF8_MARK):
            line = len(UTF8_MARK)
        begin = line + (bare - 1 - line) // RECORD * RECORD
        for known in START.finditer(data, max(line, bare - RECORD), bare):
            begin = known.start()  # whatever is missing before it
        broken = BREAK.search(data, bare, begin + RECORD)
        end = broken.start() if broken else begin + RECORD
        self._used = min(self._used, end)

    def _frame(self) -> tuple[Bytes, Heads]:
        """Cut what is there into records, all at once if it is regular."""
        regular = None if self._cutter is not None else self._regular()
        if regular is not None:
            return regular
        if self._cutter is None:
            self._cutter = Cutter(self._professional)
        self._cutter.cut(self._buffer, self._used, ended=self._ended)
        rows = self._cutter.rows(self._buffer)
        return rows, heads_of(rows)

    def _regular(self) -> tuple[Bytes, Heads] | None:
        """Return the records if they are regular, without a copy if it can be."""
        stride = self._stride
        count = self._used // stride
        if self._ended and self._used - count * stride >= RECORD:
            count += 1  # the last record needs nothing behind it
        if not count or (self._ended and self._behind(count) != self._used):
            return None
        table = np.ndarray((count, RECORD), np.uint8, self._buffer, strides=(stride, 1))
        if stride == RECORD:
            heads = heads_of(table)
            strange = _strangers(table, heads, self._professional)
            return None if strange else (table, heads)
        if not self._has_line_ends(table):
            return None
        rows = np.ascontiguousarray(table)
        return rows, heads_of(rows)

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


def _bare(data: bytes) -> int:
    """Return the length of data without its tail, of which alone a copy is made."""
    end = len(data)
    while end:
        start = max(0, end - RECORD)
        left = len(data[start:end].rstrip(_TAIL))
        if left:
            return start + left
        end = start
    return 0


def _strangers(table: Bytes, heads: Heads, professional: bytes) -> bool:
    """Say whether a row begins unlike any record after the one before it.

    Each record repeats the professional's number, so a row that neither does
    nor begins a lot or a file shows that a byte is missing or too many.
    """
    rows = heads.new_sender.nonzero()[0] + 1
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
        found = ((firsts == ord("6")) | (firsts == ord("1"))).nonzero()[0]
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
