"""Shows every record of a billing file with its zones named, for people.

The header is no record of the format and is shown under number 0.  A record that
nobody knows is shown as it stands, so nothing of a damaged file is hidden.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

from protocols.mycarenet.examine_zones import LAYOUTS
from protocols.mycarenet.message import BLOCK, KINDS, Messages
from protocols.records import Layout
from protocols.shown import FieldShown, RecordShown

_LEVELS: Final = {
    **dict.fromkeys(("20", "80"), 1),
    **dict.fromkeys(("21", "30", "40", "50", "?"), 2),
    **dict.fromkeys(("51", "52"), 3),
}


def show(stream: BinaryIO, *, block: int = BLOCK) -> Iterator[RecordShown]:
    """Yield every header and record in order, one block in memory at a time."""
    for chunk in Messages(stream, block=block).chunks():
        if chunk.opens:
            yield from _header(chunk.header)
        for row, kind in enumerate(KINDS[index] for index in chunk.kinds.tolist()):
            record, layout = chunk.record(row), LAYOUTS.get(kind)
            yield RecordShown(
                record=chunk.first + row,
                kind=kind,
                title=layout.title if layout else _title(kind),
                fields=_fields(layout, record) if layout else (_whole(record),),
                level=_LEVELS.get(kind, 0),
            )


def _header(header: bytes) -> Iterator[RecordShown]:
    behind = LAYOUTS["200"].length
    for kind, segment in (("200", header[:behind]), ("300", header[behind:])):
        if segment:
            layout = LAYOUTS[kind]
            yield RecordShown(
                record=0,
                kind=kind,
                title=layout.title,
                fields=_fields(layout, segment),
            )


def _fields(layout: Layout, record: bytes) -> tuple[FieldShown, ...]:
    """Return the zones; unused ones and error zones that say nothing are idle."""
    return tuple(
        each._replace(
            title=f"{each.title} (zone {layout[each.name].zone})",
            idle=not each.value.strip(" 0") and may_be_idle(each.name),
        )
        for each in layout.show(record)
    )


def may_be_idle(name: str) -> bool:
    """Say whether a field with nothing in it only fills up."""
    return name.startswith("filler") or name.endswith("_error")


def _title(kind: str) -> str:
    return "Unknown record" if kind == "?" else "Record whose layout is not public"


def _whole(record: bytes) -> FieldShown:
    text = record.decode("latin-1")
    return FieldShown(1, len(text), "record", "The record as it stands", text, "", True)
