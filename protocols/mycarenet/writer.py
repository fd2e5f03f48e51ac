"""Writes the file for a union: one message, its characters as they came.

A message holds one sending, or one question, and carries its sender's own
reference and number, so nothing is gathered and nothing is made anew; only a point
of contact is put right where the client agreed to it (`contact_correction`).  The
file's name ends in a mark of its content (`mark`): a corrected sending may bear the
reference of the one that was refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO

from protocols.mycarenet import care_reader, reader
from protocols.mycarenet.contact_correction import (
    Correction,
    correction,
    records_of,
)
from protocols.mycarenet.examine_header import BILLING, Header
from protocols.mycarenet.mark import Marking
from protocols.mycarenet.message_cut import HEADER, RECORD
from protocols.sending import Addressee, Composed, LotPart

_SENT = care_reader.FORMATS | {reader.FORMAT}
_BLOCK = 1 << 20
_NAMED = ("message_type", "reference")
_NAME = "{message}-{union}-{reference}-{mark}.txt"


def compose(
    parts: Sequence[LotPart], *, addressee: Addressee, into: BinaryIO
) -> Composed:
    """Write the file and say what it holds; the same part, the same bytes.

    Raises ValueError, before anything is written, when there is not exactly one
    part or it is no sending with a reference.
    """
    if len(parts) != 1:
        raise ValueError(
            f"{len(parts)} lots are to share a file for {addressee.payer}; a message "
            "holds exactly one: gather each by itself"
        )
    part = parts[0]
    corrected = _correction(part, addressee)
    with part.open() as stream:
        head = stream.read(HEADER)
        message, reference = (Header(head)[name] for name in _NAMED)
        if f"mycarenet.{message}" not in _SENT or not reference.isdecimal():
            raise ValueError(
                f"lot {part.number} of {part.sender} does not begin with the header of "
                "a message and its reference; only valid lots can be sent"
            )
        marking, size = Marking(), 0
        for block in _blocks(head, stream, corrected):
            size += into.write(block)
            marking.update(block)
    return Composed(
        name=_named(message, addressee.code, reference, marking),
        size=size,
        records=(size - HEADER) // RECORD if message == BILLING else 1,
        lots=1,
        claims=part.claims,
        notes=() if corrected is None else (corrected.words,),
    )


def name_of(content: bytes, union: str) -> str:
    """Return the name under which `compose` sends a whole message to a union."""
    header, marking = Header(content[:HEADER]), Marking()
    marking.update(content)
    return _named(header["message_type"], union, header["reference"], marking)


def _named(message: str, union: str, reference: str, marking: Marking) -> str:
    return _NAME.format(
        message=message, union=union, reference=reference, mark=marking.text
    )


def _blocks(
    head: bytes, rest: BinaryIO, corrected: Correction | None
) -> Iterator[bytes]:
    yield head
    if corrected is not None:
        yield from corrected.apply(records_of(rest))
    while block := rest.read(_BLOCK):
        yield block


def _correction(part: LotPart, addressee: Addressee) -> Correction | None:
    """Say what is put right in a sending; nothing in other messages."""
    with part.open() as stream:
        header = Header(stream.read(HEADER))
        if header["message_type"] != BILLING:
            return None
        made = header["created"]
        return correction(
            stream,
            third_party=part.sender,
            day=f"{made[:4]}-{made[4:6]}-{made[6:]}",
            tables=addressee.tables,
        )
