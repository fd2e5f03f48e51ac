"""Writes files of the NOEMIE family, in either outer form, controls made anew.

The caller adds entities and says what money they mean; the writer makes each
990 from what was added since the level began, and the 999 from everything.
The header's parties are repeated in the end record, as the format wants.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from protocols.records import Layout, load_layouts
from protocols.sesam.noemie import END, HEADER
from protocols.sesam.noemie_controls import LOTS_WRAP, Controls, Sums
from protocols.sesam.noemie_physical import LAST, MORE, RECORD, Form

WRAPPED = Form(wrapped=True, line_end=b"")
PLAIN = Form(wrapped=False, line_end=b"")
_DATA = RECORD - 1  # characters of data in a wrapped record
_PARTIES = (
    "sender_type",
    "sender_no",
    "sender_program",
    "recipient_type",
    "recipient_no",
    "recipient_program",
    "exchange",
    "file_id",
    "flow",
)


class ReturnWriter:
    """Collects the entities of one file; `finish` gives its bytes."""

    def __init__(
        self,
        *,
        header: bytes,
        form: Form,
        layouts: str = "noemie",
        with_extra: bool = False,
    ) -> None:
        self._layouts: Mapping[str, Layout] = load_layouts(layouts)
        self._header = header.ljust(RECORD)[:RECORD]
        self._form = form
        self._entities: list[bytes] = []
        self._controls = Controls(with_extra=with_extra)
        self._lots: set[Hashable] = set()

    @property
    def total(self) -> Sums:
        """What was added until now."""
        return self._controls.total

    def raw(self, content: bytes) -> None:
        """Add an entity as it stands, from its code to its `@`."""
        self._controls.other()
        self._entities.append(content)

    def add(self, code: str, values: Mapping[str, str | int]) -> None:
        """Add an entity by its fields; raises ValueError if one does not fit."""
        self.raw(self._layouts[code].write(values))

    def item(
        self, *, lot: Hashable = None, items: int = 0, paid: int = 0, extra: int = 0
    ) -> None:
        """Say what the entities just added mean: invoices of a lot, and cents."""
        self._controls.item(items=items, paid=paid, extra=extra)
        if lot is not None:
            self._lots.add(lot)

    def control(self, closed: str) -> None:
        """Add the 990 that closes a level; in a row, they close wider levels."""
        held = self._controls.close()
        amount = held.shown(with_extra=self._controls.with_extra)
        values: dict[str, str | int] = {"closed": closed, "count": held.items}
        self._entities.append(self._layouts["990"].write(values | _amount(amount)))

    def finish(self, end: bytes | None = None) -> bytes:
        """Return the whole file; fields that are not counted come from `end`."""
        data = b"".join(self._entities)
        amount = self.total.shown(with_extra=self._controls.with_extra)
        layout = self._layouts[END]
        made = bytearray(self._end() if end is None else end.ljust(RECORD)[:RECORD])
        counted: dict[str, str | int] = {
            "records": self._count(data),
            "lots": len(self._lots) % LOTS_WRAP,
        }
        for name, value in (counted | _amount(amount)).items():
            field = layout[name]
            made[field.start - 1 : field.end] = field.pack(value)
        return self._join(data, bytes(made))

    def _end(self) -> bytes:
        """Make an end record of the header's parties, as they stand there."""
        made = bytearray(self._layouts[END].write({}))
        for name in _PARTIES:
            there, here = self._layouts[HEADER][name], self._layouts[END][name]
            made[here.start - 1 : here.end] = self._header[there.start - 1 : there.end]
        return bytes(made)

    def _count(self, data: bytes) -> int:
        if self._form.wrapped:
            return 2 + -(-len(data) // _DATA)
        return 2 + len(self._entities)

    def _join(self, data: bytes, end: bytes) -> bytes:
        line_end = self._form.line_end
        if not self._form.wrapped:
            pieces = [self._header, data, end] if data else [self._header, end]
            return b"".join(piece + line_end for piece in pieces)
        pieces = [data[i : i + _DATA] for i in range(0, len(data), _DATA)]
        flags = [MORE] * (len(pieces) - 1) + [LAST]
        records = [flag + piece for flag, piece in zip(flags, pieces, strict=False)]
        return b"".join(
            record.ljust(RECORD) + line_end for record in (self._header, *records, end)
        )


def _amount(cents: int) -> dict[str, str | int]:
    return {"amount": abs(cents), "sign": "N" if cents < 0 else "P"}
