"""Cuts bytes into B2 records one by one, where they are not regular.

A record that is too short or too long is told from its neighbour by the
professional's number, which every record of a lot repeats.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from protocols.sesam.b2_records import RECORD

_NEAR = 4 * RECORD  # how far a lost beginning is looked for
_FAR = 1 << 20  # how far is looked at once where nothing begins
BREAK = re.compile(rb"[\r\n]")
_LOT = rb"1[0-9A-Z]{9}[\x20-\xff]{59}B2"
_FILE = rb"(?:000|999)[A-Z]{2}[0-9]{14}"
START = re.compile(rb"%b|%b" % (_LOT, _FILE))


class Piece(NamedTuple):
    """Where one record lies: offset in the payload and true length in bytes."""

    offset: int
    length: int


def cut(data: bytes, professional: bytes, *, ended: bool) -> Iterator[Piece]:
    """Yield the records of some bytes, one by one, as well as can be told.

    The last ones are held back until the end of the data is known.
    """
    at, size = 0, len(data)
    line_end = -1
    quiet = 0  # up to here no record begins that can be told
    while at < size:
        if data[at] in b"\r\n":
            at += 1
            continue
        if line_end < at:
            found = BREAK.search(data, at)
            line_end = found.start() if found else size
        if line_end == size and not ended and size - at < _NEAR:
            return
        if at + _NEAR < min(quiet, line_end):
            length = RECORD  # nothing begins near here
        else:
            length = _length(data, at, line_end, professional)
            if length == RECORD:
                quiet = _quiet_until(data, at + RECORD, professional)
        yield Piece(at, length)
        if data[at] in b"1":
            professional, quiet = data[at + 1 : at + 10], 0
        at += length


def _length(data: bytes, at: int, line_end: int, professional: bytes) -> int:
    """Say how long the record at `at` is: 128 unless the next begins elsewhere."""
    room = line_end - at
    if room <= RECORD:
        return room
    if data[at : at + 1] in b"1":
        professional = data[at + 1 : at + 10]
    if _begins(data, at + RECORD, professional):
        return RECORD
    anchor = _anchor(professional)
    found = anchor.search(data, at + 1, min(line_end, at + _NEAR))
    while found is not None:
        length = found.start() - at
        if length >= RECORD + RECORD // 2 or length == RECORD:
            return RECORD
        behind = found.start() + RECORD
        if behind >= line_end or _begins(data, behind, professional):
            return length
        found = anchor.search(data, found.start() + 1, min(line_end, at + _NEAR))
    broken = line_end < len(data)
    return room if room < (2 * RECORD if broken else RECORD + RECORD // 2) else RECORD


def _quiet_until(data: bytes, at: int, professional: bytes) -> int:
    """Say up to where no record begins; looked for once, not record by record."""
    anchor = _anchor(professional)
    if anchor.match(data, at) is not None:
        return 0
    found = anchor.search(data, at, at + _FAR)
    return found.start() if found else min(at + _FAR, len(data))


def _begins(data: bytes, at: int, professional: bytes) -> bool:
    return _anchor(professional).match(data, at) is not None


def _anchor(professional: bytes) -> re.Pattern[bytes]:
    if not professional:
        return START
    return re.compile(rb"[2-6]%b|%b|%b" % (re.escape(professional), _LOT, _FILE))
