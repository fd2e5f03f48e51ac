"""Everything a payer of the sesam network sends back, by the name of its format.

`sesam.noemie`, `sesam.b2-return` and one format for each reader of
acknowledgements.  A B2 billing file is none of them: it has its norm where a
return has the four digits of its reference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO

from protocols.errors import UnknownFormat
from protocols.interface import ReturnReading, SplitReturn
from protocols.sesam import arl, b2_return, noemie_answers
from protocols.sesam.arl import ArlReader
from protocols.sesam.b2_return import (
    B2ReturnReading,
    looks_like_b2_return,
    show_b2_return,
    split_b2_return,
)
from protocols.sesam.noemie import show_entities
from protocols.sesam.noemie_answers import NoemieReading
from protocols.sesam.noemie_physical import BEFORE
from protocols.sesam.return_split import split_noemie
from protocols.shown import RecordShown

_REFERENCE = slice(61, 65)
_NORM = slice(65, 67)
_ARL: Mapping[str, ArlReader] = {reader.format: reader for reader in arl.READERS}
RETURN_FORMATS = frozenset({noemie_answers.FORMAT, b2_return.FORMAT, *_ARL})


def recognise_return(head: bytes) -> str | None:
    """Name the format of a return from its first bytes, or None if it is none."""
    head = BEFORE.sub(b"", head, count=1)
    for reader in _ARL.values():
        if reader.recognises(head):
            return reader.format
    if looks_like_b2_return(head):
        return b2_return.FORMAT
    is_noemie = head[_REFERENCE].isdigit() and head[_NORM] != b"B2"
    return noemie_answers.FORMAT if head[:3] == b"000" and is_noemie else None


def read_return(stream: BinaryIO, format: str) -> ReturnReading:
    """Read a return; never raises for what it holds.

    Raises `UnknownFormat` if the name is not one of RETURN_FORMATS.
    """
    if format == noemie_answers.FORMAT:
        return NoemieReading(stream)
    if format == b2_return.FORMAT:
        return B2ReturnReading(stream)
    return _arl(format).read(stream)


def show_return(stream: BinaryIO, format: str) -> Iterator[RecordShown]:
    """Show every record of a return with its fields named, for people."""
    if format == noemie_answers.FORMAT:
        return show_entities(stream)
    if format == b2_return.FORMAT:
        return show_b2_return(stream)
    return _arl(format).show(stream)


def split_return(
    content: BinaryIO, format: str, owners: Mapping[int, str]
) -> Sequence[SplitReturn]:
    """Cut a mixed return per owner; `content` is read twice and must be seekable.

    `owners` maps the index of an answer (from 0) to its owner; what has no
    owner is in no part.
    """
    if format == noemie_answers.FORMAT:
        return split_noemie(content, owners)
    if format == b2_return.FORMAT:
        return split_b2_return(content, owners)
    return _arl(format).split(content, owners)


def _arl(format: str) -> ArlReader:
    reader = _ARL.get(format)
    if reader is None:
        known = ", ".join(sorted(RETURN_FORMATS))
        raise UnknownFormat(f"no return of format {format!r} is known; known: {known}")
    return reader
