"""Reads a mail into its parts with the standard library's parser, within bounds.

Anybody may write to our mailbox, and the parser takes time that grows with the square
of what some mails hold: parameters of a header, boundaries inside one another.  A mail
beyond a bound, which no payer's comes near, is not read.
"""

from __future__ import annotations

from email.message import Message
from email.parser import BytesParser
from email.policy import Policy, compat32
from itertools import count
from typing import Final

MOST_PARTS: Final = 500
_MOST_HEADERS: Final = 1_000  # of one part
_LONGEST_HEADER: Final = 65_536
_LONGEST_OF_PARAMETERS: Final = 2_048  # the content's, whose parameters are read
_PARAMETERS: Final = "content-"
_BOUNDARY: Final = b"boundary"
_MOST_BOUNDARIES: Final = 50  # each is looked for in every line of the mail,
_MOST_LOOKS: Final = 10_000_000  # so many times in all


class Unreadable(Exception):
    """A mail, or a part that should be a return, cannot be read; the words say why."""


def parsed(mail: bytes) -> Message:
    """Read a mail, or what was in an envelope; raises `Unreadable`."""
    boundaries = mail.lower().count(_BOUNDARY)
    if boundaries > _MOST_BOUNDARIES:
        raise Unreadable(f"it has more than {_MOST_BOUNDARIES} boundaries")
    if boundaries * mail.count(b"\n") > _MOST_LOOKS:
        raise Unreadable("it has more lines than can be searched for its boundaries")
    numbers = count(1)

    def part(policy: Policy) -> Message:
        if next(numbers) > MOST_PARTS:
            raise Unreadable(f"it has more than {MOST_PARTS} parts")
        return _Part(policy=policy)

    parser = BytesParser(part, policy=compat32)  # type: ignore[arg-type]
    return parser.parsebytes(mail)


class _Part(Message):
    """A part; takes no header that is beyond its bounds."""

    def set_raw(self, name: str, value: str) -> None:
        """Take a header from the parser."""
        short = name.casefold().startswith(_PARAMETERS)
        longest = _LONGEST_OF_PARAMETERS if short else _LONGEST_HEADER
        if len(value) > longest:
            raise Unreadable(
                f"a header of it has {len(value)} characters, more than {longest}"
            )
        if len(self) >= _MOST_HEADERS:
            raise Unreadable(f"a part of it has more than {_MOST_HEADERS} headers")
        super().set_raw(name, value)
