"""Shows every record of a B2 file with its fields named, for people.

A record that nobody knows is shown whole, as one field, as deep as the one
before it, so nothing of a damaged file is hidden.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from protocols.sesam.b2_families import choose_family
from protocols.sesam.b2_frames import BLOCK, Frames
from protocols.sesam.b2_nesting import level_of
from protocols.sesam.b2_records import Family
from protocols.shown import FieldShown, RecordShown


def show(stream: BinaryIO, *, block: int = BLOCK) -> Iterator[RecordShown]:
    """Yield every record in order, one block of the file in memory at a time."""
    frames = Frames(stream, block=block)
    family: Family | None = None
    level = 0
    for chunk in frames.chunks():
        family = family or choose_family(chunk.rows)[1]
        kinds = family.kinds(chunk.heads).tolist()
        for row, kind in enumerate(kinds):
            record = chunk.rows[row].tobytes()[: chunk.odd.get(row)]
            layout = family.layouts[kind]
            number = chunk.first + row
            if layout is None:
                yield _unknown(number, record, level)
            else:
                level = level_of(int(family.groups[kind]))
                yield RecordShown(
                    record=number,
                    kind=layout.kind,
                    title=layout.title,
                    fields=layout.show(record),
                    level=level,
                )


def _unknown(number: int, record: bytes, level: int) -> RecordShown:
    whole = FieldShown(
        position=1,
        length=len(record),
        name="record",
        title="The record as it stands",
        value=record.decode("latin-1"),
        meaning="",
        private=True,  # nobody knows what stands in it
    )
    return RecordShown(
        record=number, kind="?", title="Unknown record", fields=(whole,), level=level
    )
