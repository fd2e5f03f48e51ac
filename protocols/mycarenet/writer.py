"""Writes the file for a union: one sending, its characters as they came.

A message holds one sending and carries its sender's own reference and number, so
nothing is gathered and nothing is made anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from shutil import copyfileobj
from typing import BinaryIO

from protocols.interface import Addressee, Composed, LotPart
from protocols.mycarenet.examine_header import BILLING, Header
from protocols.mycarenet.message_cut import HEADER, RECORD

_NAME = "{message}-{union}-{reference}.txt"


def compose(
    parts: Sequence[LotPart], *, addressee: Addressee, into: BinaryIO
) -> Composed:
    """Write the file and say what it holds; the same part, the same bytes.

    Raises ValueError, before anything is written, when there is not exactly one
    part or it is no sending with a reference.
    """
    if len(parts) != 1:
        raise ValueError(
            f"{len(parts)} sendings are to share a file for {addressee.payer}; a message "
            "holds exactly one: gather each by itself"
        )
    part = parts[0]
    with part.open() as stream:
        head = stream.read(HEADER)
        reference = Header(head)["reference"]
        if not head.startswith(BILLING.encode()) or not reference.isdecimal():
            raise ValueError(
                f"lot {part.number} of {part.sender} does not begin with the header of "
                "a sending and its reference; only valid lots can be sent"
            )
        start = into.tell()
        into.write(head)
        copyfileobj(stream, into)
        size = into.tell() - start
    return Composed(
        name=_NAME.format(message=BILLING, union=addressee.code, reference=reference),
        size=size,
        records=(size - HEADER) // RECORD,
        lots=1,
        claims=part.claims,
    )
