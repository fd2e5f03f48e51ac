"""Cuts bytes into records one by one, where they are not regular.

The next record is told by its order number, which is one more than that of the
record before it; a total by its sign and digits; a message by its header.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from attrs import define, field

HEADER: Final = 227  # characters of the segments 200 and 300
RECORD: Final = 350
LINE_ENDS: Final = b"\r\n\x1a"
_NEAR = 2 * RECORD  # how far a lost beginning is looked for
_MOST = RECORD + RECORD // 2  # a record is not longer: one beginning was missed
_LEAST = 24  # characters of a record that tell it from noise
_SHIFT = 40  # characters by which a header may be too short or too long
_FIRST = b"10000001"  # a message's first record
_NO_LINE_END = re.compile(rb"[^\r\n\x1a]")
_HEADER = re.compile(rb"920000[0-9]{61}")
_TOTAL = re.compile(rb"9[56][0-9]{21}[+-]")
_WEAK = re.compile(rb"(?:[1-589]0|21|5[12])[0-9]{6}|9[56]")
_TYPES = frozenset(
    (b"10", b"20", b"21", b"30", b"40", b"50", b"51", b"52", b"80", b"90")
)


@define
class Cut:
    """Where records lie in some bytes: `end` is behind them, `closes` at a message's end.

    `odd` holds the length of each record that has not 350 characters, `breaks`
    the records that a line end follows; both by place among `offsets`.
    """

    end: int
    closes: bool = False
    offsets: list[int] = field(factory=list)
    odd: dict[int, int] = field(factory=dict)
    breaks: list[int] = field(factory=list)


def header_length(data: bytes, at: int) -> int:
    """Say how long the header at `at` is: up to the record 10, 227 if none is near.

    It is 0 where the record 10 stands in its place.
    """
    if data.startswith(_FIRST, at + HEADER):
        return HEADER
    start, stop = at + HEADER - _SHIFT, at + HEADER + _SHIFT + len(_FIRST)
    found = data.find(_FIRST, start, stop)
    if found < 0 and data.startswith(_FIRST, at):
        return 0
    return HEADER if found < 0 else found - at


def cut_records(data: bytes, cut: Cut, *, order: int, ended: bool, most: int) -> None:
    """Go on where `cut` ends, until the message does or there are `most` records.

    `order` is the order number that the next record should have.  The last
    records are held back until what follows them is known.
    """
    at, size = cut.end, len(data)
    while len(cut.offsets) < most and (ended or size - at > _NEAR + RECORD):
        behind = past_line_ends(data, at)
        if behind == size or _message_begins(data, behind):
            cut.end, cut.closes = behind, ended or behind < size
            return
        if behind > at and cut.offsets:
            cut.breaks.append(len(cut.offsets) - 1)
        at = behind
        number = data[at + 2 : at + 8]
        order = (int(number) if number.isdigit() else order) + 1
        length = _length(data, at, order)
        bare = len(data[at : at + length].rstrip(LINE_ENDS)) or length
        if bare != RECORD:
            cut.odd[len(cut.offsets)] = bare
        cut.offsets.append(at)
        cut.end = at = at + bare


def _length(data: bytes, at: int, following: int) -> int:
    """Say how long the record at `at` is: 350 unless the next begins elsewhere."""
    behind, size = at + RECORD, len(data)
    if behind == size or data[behind : behind + 1] in (b"\r", b"\n"):
        return RECORD
    if _begins(data, behind, following):
        return RECORD
    nearest = min(_beginnings(data, at + _LEAST, at + _NEAR, following), default=size)
    if nearest - at < _MOST and nearest < size:
        return nearest - at
    if _WEAK.match(data, behind):
        return RECORD
    return min(RECORD, size - at)


def _begins(data: bytes, at: int, order: int) -> bool:
    """Say whether a record, a total or a message surely begins here."""
    if data[at : at + 2] in _TYPES and data[at + 2 : at + 8] == b"%06d" % order:
        return True
    return _TOTAL.match(data, at) is not None or _message_begins(data, at)


def _message_begins(data: bytes, at: int) -> bool:
    return _HEADER.match(data, at) is not None or (
        data.startswith(_FIRST, at + HEADER) and data[at : at + 2] not in _TYPES
    )


def _beginnings(data: bytes, start: int, stop: int, order: int) -> Iterator[int]:
    """Yield the first place of each kind where something surely begins."""
    number = b"%06d" % order
    found = data.find(number, start + 2, stop)
    while found >= 0:
        if data[found - 2 : found] in _TYPES:
            yield found - 2
            break
        found = data.find(number, found + 1, stop)
    for pattern in (_TOTAL, _HEADER):
        if match := pattern.search(data, start, stop):
            yield match.start()


def past_line_ends(data: bytes, at: int) -> int:
    """Return the first place from `at` on that holds no line end."""
    found = _NO_LINE_END.search(data, at)
    return found.start() if found else len(data)
