"""Everything that comes back on a billing sending of the mycarenet network.

The payers' five messages are told apart by the first six characters: the header is of
one form in all of them.  What MyCareNet itself refuses is a text (`tack`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO, Final

from protocols.errors import UnknownFormat
from protocols.interface import ReturnReading, SplitReturn
from protocols.mycarenet import return_show, tack
from protocols.mycarenet.return_message import SHAPES
from protocols.mycarenet.return_reading import EfactReturnReading
from protocols.mycarenet.return_split import split
from protocols.shown import RecordShown

RETURN_FORMATS: Final = frozenset(SHAPES) | {tack.FORMAT}
_HEAD: Final = re.compile(rb"(?:\xef\xbb\xbf)?[\r\n]*([0-9]{6})[0-9 ]{28}")


def recognise_return(head: bytes) -> str | None:
    """Name the format of a return from its first bytes, or None if it is none."""
    if tack.recognise(head):
        return tack.FORMAT
    found = _HEAD.match(head)
    format = f"mycarenet.{found[1].decode('ascii')}" if found else ""
    return format if format in RETURN_FORMATS else None


def read_return(stream: BinaryIO, format: str) -> ReturnReading:
    """Read a return; never raises for what it holds.

    Raises `UnknownFormat` if the name is not one of RETURN_FORMATS.
    """
    if _known(format) == tack.FORMAT:
        return tack.TackReading(stream)
    return EfactReturnReading(stream, format)


def show_return(stream: BinaryIO, format: str) -> Iterator[RecordShown]:
    """Show every record of a return with its fields named, for people."""
    if _known(format) == tack.FORMAT:
        return tack.show(stream)
    return return_show.show_return(stream, format)


def split_return(
    content: BinaryIO, format: str, owners: Mapping[int, str]
) -> Sequence[SplitReturn]:
    """Cut a return per owner; `content` is read twice and must be seekable.

    `owners` maps the index of an answer (from 0) to its owner; what has no
    owner is in no part.
    """
    if _known(format) == tack.FORMAT:
        return tack.split(content, owners)
    return split(content, format, owners)


def _known(format: str) -> str:
    if format not in RETURN_FORMATS:
        known = ", ".join(sorted(RETURN_FORMATS))
        raise UnknownFormat(f"no return of format {format!r} is known; known: {known}")
    return format
