"""The two outer forms of a NOEMIE file, and which of them a file has.

A file is a header of 128 characters, data, and an end of 128 (french.md 2.1).
The data come *wrapped*, as records of one flag and 127 characters, or *plain*,
as one run.  Line ends after physical records are taken off in both.  What
surprises: the form is nowhere said, and a wrapped file may begin like a plain
one (flag 0 and entity 100 read as entity 010), so both are tried and the one
in which more entities end where they must is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import BinaryIO, NamedTuple

from protocols.problem_log import ProblemLog
from routing.envelope import Severity

RECORD = 128
MORE = b"0"  # flag of a data record that others follow
LAST = b"1"  # flag of the last data record, whose trailing blanks fill it up
END_CODE = b"999"
END_MARK = b"@"
_BLOCK = 512  # physical records read at once
_WINDOW = 4 * (RECORD + 2)  # enough for the longest entity, in either form
_ENOUGH = 8  # entities in a row that settle the form
_PADDING = b" \t\r\n\x1a\x00"  # what may fill a file up behind its end
BEFORE = re.compile(rb"(?:\xef\xbb\xbf)?[\r\n]*")
"""What may stand before a header and is passed over: a mark, empty lines."""
_LINE_END = re.compile(rb"\r\n|\n|\r")


class Form(NamedTuple):
    """How a file is laid out; `line_end` is what follows a physical record."""

    wrapped: bool
    line_end: bytes


class _Ahead:
    """A stream that can be looked into before it is read."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._held = b""

    def peek(self, size: int) -> bytes:
        while len(self._held) < size:
            piece = self._stream.read(max(size - len(self._held), 1 << 16))
            if not piece:
                break
            self._held += piece
        return self._held[:size]

    def take(self, size: int) -> bytes:
        piece = self.peek(size)
        self._held = self._held[len(piece) :]
        return piece


class PhysicalReader:
    """Gives the header, the data in pieces and the end of one file.

    `data` must be exhausted before `end` and `records` are right.  `records`
    counts the physical records of a wrapped file, header and end included.
    """

    def __init__(
        self, stream: BinaryIO, *, lengths: Mapping[bytes, int], problems: ProblemLog
    ) -> None:
        self._ahead = _Ahead(stream)
        self._lengths = lengths
        self._problems = problems
        self.header = b""
        self.end: bytes | None = None
        self.records = 0
        self._line_end = b""
        self._read_header()
        window = self._ahead.peek(_WINDOW)
        self.form = Form(self._is_wrapped(window), self._line_end)

    def data(self) -> Iterator[bytes]:
        """Yield the data without flags and line ends, in pieces of any size."""
        yield from self._wrapped() if self.form.wrapped else self._plain()
        if self._ahead.peek(RECORD).strip(_PADDING):
            self._problems.add(
                "after-end",
                "data follow the end record 999; nothing is expected there, and it "
                "is not read; ask the payer whether two files were joined",
            )

    def _read_header(self) -> None:
        before = BEFORE.match(self._ahead.peek(_WINDOW))
        self._ahead.take(before.end() if before else 0)
        head = self._ahead.peek(RECORD + 2)
        found = _LINE_END.search(head)
        self._line_end = found[0] if found else b""
        self.header = self._ahead.take(found.start() if found else RECORD)
        self._ahead.take(len(self._line_end))
        self.records = 1
        if found and self.header.startswith(b"000"):
            self.header = self._filled(self.header)
        if not self.header:
            self._problems.add("empty", "the file is empty; a header 000 is expected")
        elif len(self.header) < RECORD or not self.header.startswith(b"000"):
            self._problems.add(
                "no-header",
                f"the file does not begin with a header 000 of {RECORD} characters; "
                "fetch it again, or ask the payer for it",
                record=1,
                position=1,
            )

    def _is_wrapped(self, window: bytes) -> bool:
        stride = RECORD + len(self._line_end)
        records = [window[i : i + RECORD] for i in range(0, len(window), stride)]
        wrapped = b"".join(
            each[1:] for each in records if not each.startswith(END_CODE)
        )
        plain = window
        for byte in self._line_end:
            plain = plain.replace(bytes([byte]), b"")
        as_wrapped, as_plain = self._whole(wrapped), self._whole(plain)
        if as_wrapped != as_plain:
            return as_wrapped > as_plain
        flagged = window[:1] in {MORE, LAST}
        return flagged and (wrapped[:3] in self._lengths or as_plain == 0)

    def _whole(self, data: bytes) -> int:
        """Count the entities in a row that end with their mark."""
        at = count = 0
        while count < _ENOUGH and (length := self._lengths.get(data[at : at + 3])):
            if data[at + length - 1 : at + length] != END_MARK:
                break
            at += length
            count += 1
        return count

    def _wrapped(self) -> Iterator[bytes]:
        stride = RECORD + len(self._line_end)
        ended = False
        while block := self._ahead.peek(stride * _BLOCK):
            count = len(block) // stride
            if count and self._is_even(block, count, stride):
                self._ahead.take(count * stride)
                self.records += count
                yield b"".join(
                    block[i : i + RECORD - 1] for i in range(1, count * stride, stride)
                )
                continue
            record = self._take_record()
            self.records += 1
            if record.startswith(END_CODE):
                self.end = record
                break
            if ended and not record.strip():
                break
            ended = self._check_flag(record, ended)
            yield record[1:]

    def _is_even(self, block: bytes, count: int, stride: int) -> bool:
        """Say whether a block is all whole records that others follow."""
        if block[: count * stride : stride] != MORE * count:
            return False
        return all(
            block[RECORD + i : count * stride : stride] == bytes([byte]) * count
            for i, byte in enumerate(self._line_end)
        )

    def _take_record(self) -> bytes:
        record = self._ahead.peek(RECORD)
        if self._line_end and (cut := record.find(self._line_end)) >= 0:
            record = record[:cut]
        self._ahead.take(len(record))
        if self._ahead.peek(len(self._line_end)) == self._line_end:
            self._ahead.take(len(self._line_end))
        return self._filled(record, self.records + 1)

    def _filled(self, record: bytes, number: int = 1) -> bytes:
        """Fill a record up; with line ends it is as certain as if it had come so."""
        if len(record) < RECORD:
            self._problems.add(
                "short-record",
                f"physical record {number} has {len(record)} characters; "
                f"{RECORD} are expected; blanks are assumed",
                severity=Severity.WARNING if self._line_end else Severity.ERROR,
            )
        return record.ljust(RECORD)

    def _check_flag(self, record: bytes, ended: bool) -> bool:
        flag = record[:1]
        if ended or flag not in {MORE, LAST}:
            wanted = "the end record 999" if ended else "the flag 0 or 1"
            self._problems.add(
                "bad-flag",
                f"physical record {self.records} begins with "
                f"{flag.decode('latin-1')!r}; {wanted} is expected",
                severity=Severity.WARNING,
            )
        return flag == LAST

    def _plain(self) -> Iterator[bytes]:
        """Yield the run, holding back what may be the end record."""
        held = b""
        while piece := self._ahead.take(RECORD * _BLOCK):
            for byte in self._line_end:
                piece = piece.replace(bytes([byte]), b"")
            held += piece
            if len(held) > 4 * RECORD:
                yield held[: -4 * RECORD]
                held = held[-4 * RECORD :]
        at = _find_end(held)
        if at < 0:
            yield held
            return
        yield held[:at]
        end = held[at:].rstrip(b"\r\n\x1a\x00")
        self.records += 1
        self.end = end[:RECORD].ljust(RECORD)
        if len(end) < RECORD or end[RECORD:].strip(_PADDING):
            blank = self._line_end and len(end) < RECORD
            self._problems.add(
                "short-record" if len(end) < RECORD else "after-end",
                f"the end record 999 has {len(end)} characters; {RECORD} are expected",
                severity=Severity.WARNING if blank else Severity.ERROR,
            )


def _find_end(held: bytes) -> int:
    """Find the end record in the last part of a plain file; -1 if there is none."""
    marked = held.rfind(END_MARK + END_CODE)
    if marked >= 0:
        return marked + 1
    if held.startswith(END_CODE):
        return 0
    last = len(held.rstrip(b"\r\n")) - RECORD
    return last if last >= 0 and held[last : last + 3] == END_CODE else -1
