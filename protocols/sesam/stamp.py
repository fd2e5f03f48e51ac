"""Fills in records of one kind many times, for those who make files in bulk.

Far quicker than `Layout.write`, because nothing is checked: a value that does not
fit is the caller's mistake.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from protocols.records import Layout, load_layouts


class Stamp:
    """A record of one kind; fields that it does not have are left out."""

    def __init__(self, layout: Layout) -> None:
        self._blank = layout.write({})
        self._places = {
            each.name: (slice(each.start - 1, each.end), each.length, each.kind == "N")
            for each in layout.fields
        }

    def fill(self, **values: str | int) -> bytes:
        """Return the record with these fields; the others are zeros or blanks."""
        record = bytearray(self._blank)
        for name, value in values.items():
            if name in self._places:
                place, width, number = self._places[name]
                text = str(value).encode("latin-1")
                record[place] = text.rjust(width, b"0") if number else text.ljust(width)
        return bytes(record)


@cache
def stamps(layouts: str) -> Mapping[str, Stamp]:
    """Return a stamp for every record of a format, by kind."""
    return {kind: Stamp(layout) for kind, layout in load_layouts(layouts).items()}
