"""The packets of SFTP version 3: their numbers, and how answers are read.

Everything here comes from the payer's side, so every length is checked; a
packet that does not hold what it should raises `Malformed` and nothing else.

Source: draft-ietf-secsh-filexfer-02, and OpenSSH's PROTOCOL for extensions.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

INIT, VERSION = 1, 2
OPEN, CLOSE, READ, WRITE, FSTAT = 3, 4, 5, 6, 8
OPENDIR, READDIR, REMOVE, STAT, RENAME = 11, 12, 13, 17, 18
STATUS, HANDLE, DATA, NAME, ATTRS = 101, 102, 103, 104, 105
EXTENDED, EXTENDED_REPLY = 200, 201

OPEN_READ = 0x01
OPEN_NEW = 0x02 | 0x08 | 0x10  # write, create, cut to nothing
STATUS_OK, STATUS_EOF = 0, 1

POSIX_RENAME = "posix-rename@openssh.com"
FSYNC = "fsync@openssh.com"

HEAD = struct.Struct(">IBI")  # length, kind, number of the request
_WORD = struct.Struct(">I")
_LONG = struct.Struct(">Q")
_SIZE, _OWNERS, _MODE, _TIMES, _EXTENDED = 0x1, 0x2, 0x4, 0x8, 0x80000000


class Malformed(Exception):
    """A packet ends before what it announced."""


class Attributes(NamedTuple):
    """What a server tells of a file; None where it does not tell."""

    size: int | None
    mode: int | None
    modified: int | None


class Entry(NamedTuple):
    """One line of a remote folder; the name as bytes, as servers differ in it."""

    name: bytes
    attributes: Attributes


def word(number: int) -> bytes:
    """Pack a 32-bit number."""
    return _WORD.pack(number)


def long(number: int) -> bytes:
    """Pack a 64-bit number."""
    return _LONG.pack(number)


def text(value: bytes) -> bytes:
    """Pack bytes with their length before them."""
    return _WORD.pack(len(value)) + value


def status_in(body: bytes) -> tuple[int, str]:
    """Read a status: its code, and the server's words cut to a line."""
    code, place = _word_at(body, 0)
    words = _text_at(body, place)[0] if len(body) > place else b""
    return code, words.decode("utf-8", "replace")[:200]


def text_in(body: bytes) -> bytes:
    """Read the one text that a handle or data packet is."""
    return _text_at(body, 0)[0]


def attributes_in(body: bytes) -> Attributes:
    """Read the attributes of one file."""
    return _attributes_at(body, 0)[0]


def entries_in(body: bytes) -> list[Entry]:
    """Read a part of a folder."""
    count, place = _word_at(body, 0)
    found = []
    for _ in range(count):
        name, place = _text_at(body, place)
        _, place = _text_at(body, place)  # the line that `ls -l` would show
        attributes, place = _attributes_at(body, place)
        found.append(Entry(name, attributes))
    return found


def extensions_in(body: bytes) -> Iterator[tuple[str, str]]:
    """Read what a server offers beyond version 3, from its VERSION packet."""
    place = 0
    while place < len(body):
        name, place = _text_at(body, place)
        value, place = _text_at(body, place)
        yield name.decode("ascii", "replace"), value.decode("ascii", "replace")


def _attributes_at(body: bytes, place: int) -> tuple[Attributes, int]:
    flags, place = _word_at(body, place)
    size = mode = modified = None
    if flags & _SIZE:
        size, place = _long_at(body, place)
    if flags & _OWNERS:
        place += 8
    if flags & _MODE:
        mode, place = _word_at(body, place)
    if flags & _TIMES:
        modified, place = _word_at(body, place + 4)
    if flags & _EXTENDED:
        count, place = _word_at(body, place)
        for _ in range(2 * count):
            _, place = _text_at(body, place)
    return Attributes(size, mode, modified), place


def _text_at(body: bytes, place: int) -> tuple[bytes, int]:
    length, place = _word_at(body, place)
    end = place + length
    if end > len(body):
        raise Malformed(f"a text of {length} bytes in a packet of {len(body)}")
    return body[place:end], end


def _word_at(body: bytes, place: int) -> tuple[int, int]:
    if place + 4 > len(body):
        raise Malformed(f"a number at byte {place} of a packet of {len(body)}")
    return _WORD.unpack_from(body, place)[0], place + 4


def _long_at(body: bytes, place: int) -> tuple[int, int]:
    if place + 8 > len(body):
        raise Malformed(f"a number at byte {place} of a packet of {len(body)}")
    return _LONG.unpack_from(body, place)[0], place + 8
