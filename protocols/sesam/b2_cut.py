"""Cuts bytes into B2 records one by one, where they are not regular.

A record that is too short or too long is told from its neighbour by the
professional's number, which every record of a lot repeats.  Bytes are looked
at once, however many blocks they come in: what has been cut stays cut.
"""

from __future__ import annotations

import re

import numpy as np

from protocols.sesam.b2_records import RECORD, Bytes

_NEAR = 4 * RECORD  # how far a lost beginning is looked for
_LEAST_FAR = 8 * RECORD  # how far is looked at once where nothing begins,
_MOST_FAR = 1 << 20  # twice as far each time that nothing did
_BLANK = 0x20
_ENDS = (b"\r", b"\n", b"")
BREAK = re.compile(rb"[\r\n]")
_BREAKS = re.compile(rb"[\r\n]*")
_LOT = rb"1[0-9A-Z]{9}[\x20-\xff]{59}B2"
_FILE = rb"(?:000|999)[A-Z]{2}[0-9]{14}"
_INSIDE = b"23456"  # first characters of records within a lot
_LOT_SENDER = re.compile(rb"1([0-9A-Z]{9})")
START = re.compile(rb"%b|%b" % (_LOT, _FILE))
_START = 72  # characters of the longest of them


class Cutter:
    """Cuts what a buffer holds, and goes on where it stopped once there is more.

    `offsets` and `lengths` tell where records lie in the buffer, `at` where the
    next one begins.
    """

    def __init__(self, professional: bytes) -> None:
        self.offsets: list[int] = []
        self.lengths: list[int] = []
        self.at = 0
        self._professional = professional
        self._far = _LEAST_FAR

    def cut(self, buffer: Bytes, used: int, *, ended: bool) -> None:
        """Cut the first `used` bytes as well as can be told.

        The last records are held back until the end of the data is known.
        """
        data = buffer[self.at : used].tobytes()
        base, at, size = self.at, 0, len(data)
        line_end = -1
        quiet = 0  # up to here no record begins that can be told
        while at < size:
            if data[at] in b"\r\n":
                at = _BREAKS.match(data, at).end()  # type: ignore[union-attr]
                continue
            if line_end < at:
                found = BREAK.search(data, at)
                line_end = found.start() if found else size
            if line_end == size and not ended and size - at < _NEAR:
                break
            lot = _LOT_SENDER.match(data, at)
            if at + _NEAR < quiet and lot is None:
                length = _lonely(line_end - at, broken=line_end < size)
            else:
                length = _length(data, at, line_end, self._professional)
                if length == RECORD and at + RECORD >= quiet:
                    quiet = self._quiet_until(data, at + RECORD)
            self.offsets.append(base + at)
            self.lengths.append(length)
            if lot is not None:
                self._professional, quiet = lot[1], 0
                self._far = _LEAST_FAR
            at += length
        self.at = base + at

    def rows(self, buffer: Bytes) -> Bytes:
        """Return the records as rows, padded with blanks or cut to their width.

        The buffer must be longer by a record than what was cut of it.
        """
        every = np.lib.stride_tricks.as_strided(
            buffer, (len(buffer) - RECORD + 1, RECORD), (1, 1), writeable=False
        )
        rows = every[np.array(self.offsets, np.intp)]
        lengths = np.array(self.lengths, np.intp)
        short = np.flatnonzero(lengths < RECORD)
        if len(short):
            beyond = np.arange(RECORD) >= lengths[short, None]
            rows[short] = np.where(beyond, np.uint8(_BLANK), rows[short])
        return rows

    def _quiet_until(self, data: bytes, at: int) -> int:
        """Say up to where no record begins; looked for once, not record by record."""
        if data[at : at + 1] in _ENDS or _begins(data, at, self._professional):
            self._far = _LEAST_FAR
            return 0
        far = min(at + self._far, len(data))
        found = _next(data, at, far, self._professional)
        self._far = min(2 * self._far, _MOST_FAR) if found < 0 else _LEAST_FAR
        return far if found < 0 else found


def _length(data: bytes, at: int, line_end: int, professional: bytes) -> int:
    """Say how long the record at `at` is: 128 unless the next begins elsewhere."""
    room = line_end - at
    if room <= RECORD:
        return room
    if sender := _LOT_SENDER.match(data, at):
        professional = sender[1]
    if _begins(data, at + RECORD, professional):
        return RECORD
    far = min(line_end, at + _NEAR)
    found = _next(data, at + 1, far, professional)
    while found >= 0:
        length = found - at
        if length >= RECORD + RECORD // 2 or length == RECORD:
            return RECORD
        behind = found + RECORD
        if behind >= line_end or _begins(data, behind, professional):
            return length
        found = _next(data, found + 1, far, professional)
    return _lonely(room, broken=line_end < len(data))


def _lonely(room: int, *, broken: bool) -> int:
    """Say how long a record is that has `room` to its line's end and no neighbour."""
    longest = 2 * RECORD if broken else RECORD + RECORD // 2
    return room if room < longest else RECORD


def _begins(data: bytes, at: int, professional: bytes) -> bool:
    """Say whether a record begins here, as far as can be told."""
    if professional and data[at + 1 : at + 10] == professional:
        return data[at] in _INSIDE or START.match(data, at) is not None
    return START.match(data, at) is not None


def _next(data: bytes, at: int, far: int, professional: bytes) -> int:
    """Return where the next record begins that can be told; -1 if before `far` none."""
    own = data.find(professional, at + 1, far) if professional else -1
    while own >= 0 and data[own - 1] not in _INSIDE:
        own = data.find(professional, own + 1, far)
    if own < 0:
        start = START.search(data, at, far)
        return start.start() if start is not None else -1
    start = START.search(data, at, min(far, own + _START))
    return min(own - 1, start.start()) if start is not None else own - 1
