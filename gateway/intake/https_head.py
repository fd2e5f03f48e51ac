"""The head of a request: its first line and its header lines.

twisted.web reads a head line by line, and makes objects of each.  A head that
came whole and is of the plain kind that nearly all clients send is read here in
one go; any other is left to twisted.web, which knows every rule there is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from attrs import frozen

Lines = Sequence[tuple[bytes, bytes]]

_PLAIN: Final = re.compile(
    rb"([A-Z]{1,16}) ([!-~]+) HTTP/1\.1\r\n"
    rb"((?:[\w!#$%&'*+.^`|~-]+:[^\0\r\n]*\r\n){1,64})\r\n"
)
_LINE: Final = re.compile(rb"([^:]+):([^\r]*)\r\n")
_MOST: Final = 8 * 1024  # beyond it twisted.web counts, and refuses
_MOST_DIGITS: Final = 15


class Heading:
    """Header lines as texts; satisfies `gateway.api.routes.Heading`."""

    __slots__ = ("_last", "lines")

    def __init__(self, lines: Lines) -> None:
        """Take lines with their names in lower case."""
        self.lines = lines
        self._last = dict(lines)

    def get(self, name: str, default: str = "", /) -> str:
        """Return the last value of a header."""
        found = self._last.get(name.lower().encode())
        if found is None:
            return default
        try:
            return found.decode()
        except UnicodeDecodeError:
            return found.decode("latin-1")

    @property
    def closes(self) -> bool:
        """Whether the client wants the connection closed after the answer."""
        if b"connection" not in self._last:
            return False
        return any(
            option.strip() == b"close"
            for name, value in self.lines
            if name == b"connection"
            for option in value.lower().split(b",")
        )


@frozen
class Head:
    """A head that came whole; `size` is its own length, `length` the body's."""

    method: bytes
    uri: bytes
    heading: Heading
    length: int
    size: int


def read_head(data: bytes) -> Head | None:
    """Read the head that `data` begins with; None if it is not of the plain kind.

    The plain kind is whole, HTTP/1.1, without folded or doubled lines, and its
    body has a length.
    """
    found = _PLAIN.match(data)
    if found is None or found.end() > _MOST:
        return None
    method, uri, text = found.groups()
    lines = [(name.lower(), value.strip(b" \t")) for name, value in _LINE.findall(text)]
    heading = Heading(lines)
    told = dict(lines)
    length = told.get(b"content-length", b"0")
    if (
        len(told) != len(lines)
        or b"transfer-encoding" in told
        or not length.isdigit()
        or len(length) > _MOST_DIGITS
    ):
        return None
    return Head(method, uri, heading, int(length), found.end())
