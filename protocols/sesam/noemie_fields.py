"""Fields of entities, fast: a return may hold millions of them.

Whether an entity is well formed is one match of a pattern made from its
layout; only where that fails does the layout say what is wrong.  The pattern
is allowed to fail on what is right (the 29th of February), never the reverse.
Of the long entities only the fields that an answer needs are read; `person` is
what tells the patient from the insured one, in one piece.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from protocols.record_fields import Field
from protocols.records import Layout

_NEEDED = {
    "102": (
        *("level", "invoice", "lot", "lot_date", "invoice_kind", "invoice_date"),
        *("amc_route", "insurance"),
    ),
    "103": ("insured", "insured_check"),
    "110": ("insured", "insured_check"),
    "120": (),
    "160": (),
    "198": ("asked", "state", "paid", "sign"),
    "199": ("asked", "state", "paid", "sign", "amc"),
    "210": ("refunded", "sign"),
    "220": ("refunded", "sign"),
    "294": ("level", "code", "label"),
}
_PERSON = {"103": slice(85, 107)}  # own number, key, day and rank of birth
_DATE = (
    rb"(?:000000|[0-9]{2}(?:(?:0[13578]|1[02])(?:0[1-9]|[12][0-9]|3[01])"
    rb"|(?:0[469]|11)(?:0[1-9]|[12][0-9]|30)|02(?:0[1-9]|1[0-9]|2[0-8])))"
)
_TEXT = rb"[^\x00-\x1f\x7f-\x9f]"


class EntityFields:
    """Knows the fields of every entity of a family of layouts.

    `sound` gives, by the first bytes of an entity, its code, its length and a
    function that says whether surely nothing is wrong inside.
    """

    def __init__(self, layouts: Mapping[str, Layout]) -> None:
        self.sound = {
            code.encode(): (code, layout.length, _pattern(layout).fullmatch)
            for code, layout in layouts.items()
        }
        self._cuts = {
            code: tuple(
                (each.name, slice(each.start - 1, each.end), each.kind == "N")
                for each in layout.fields
                if code not in _NEEDED or each.name in _NEEDED[code]
            )
            for code, layout in layouts.items()
        }
        for code, cut in _PERSON.items():
            if code in self._cuts:
                self._cuts[code] += (("person", cut, False),)

    def read(self, code: str, content: bytes) -> dict[str, str]:
        """Return the fields that answers need, without the blanks around them."""
        text = content.decode("latin-1")
        return {
            name: text[cut].strip(" ") if number else text[cut].rstrip(" ")
            for name, cut, number in self._cuts[code]
        }


def _pattern(layout: Layout) -> re.Pattern[bytes]:
    pieces, after = [], 0
    for each in layout.fields:
        pieces.append(b".{%d}" % (each.start - 1 - after))
        pieces.append(_field_pattern(each))
        after = each.end
    pieces.append(b".{%d}" % (layout.length - after))
    return re.compile(b"".join(pieces), re.DOTALL)


def _field_pattern(each: Field) -> bytes:
    width = b"{%d}" % each.length
    if each.const:
        return re.escape(each.const.ljust(each.length).encode("latin-1"))
    if each.kind == "N":
        digits = _DATE if each.is_date else b"[0-9]" + width
        return digits if each.presence == "O" else b"(?:%b| %b)" % (digits, width)
    filled = b"(?! %b)" % width if each.presence == "O" else b""
    return filled + _TEXT + width
