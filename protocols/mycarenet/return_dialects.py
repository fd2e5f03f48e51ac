"""How each payer fills what says nothing, as data: `data/return_dialects.csv`.

Each line gives a field of the header or of a returned record a value, for one
payer or all (`*`), one message or all, one kind of record or all; a later line
wins.  A value is a text in which `{name}` stands for a fact; `x*` fills the field
with x, `0>x` with zeros and an x at its end.  The dialects are those seen in
returns of the payers' test systems (belgium.md 2.5); for a payer of whom nothing
was seen, and for settlements of all payers but 900, they are SIMULATED.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Final

from protocols.record_fields import Field
from protocols.records import Layout, load_layouts

SORTED: Final = "600-sorted"
"""A dialect that returns every record, sorted by type, with nothing but codes."""

_ANY: Final = "*"
_SENT: Final = "sent."
_FILLED, _MARKED = 2, 3  # lengths of `x*` and `0>x`

Facts = Mapping[str, str]


def fill(
    record: bytearray, layout: Layout, values: Mapping[str, str], facts: Facts
) -> None:
    """Write every field of a layout that has a value, or that `*` gives one."""
    other = values.get(_ANY)
    for each in layout.fields:
        value = values.get(each.name, other)
        if value is not None:
            record[each.start - 1 : each.end] = _made(each, value, facts)


@cache
def values_of(dialect: str, message: str, record: str) -> Mapping[str, str]:
    """Return the values of the payer's own fields, by name."""
    found: dict[str, str] = {}
    for row in _rows():
        fits = all(
            row[column] in {_ANY, wanted}
            for column, wanted in (
                ("dialect", dialect),
                ("message", message),
                ("record", record),
            )
        )
        if fits:
            if row["field"] == _ANY:
                found = {name: found[name] for name in found if name == "slot"}
            found[row["field"]] = row["value"]
    return found


@cache
def rewritten(dialect: str, message: str, record: str) -> Mapping[str, str]:
    """Return the values by which a payer replaces what was sent."""
    values = values_of(dialect, message, record)
    return {
        name.removeprefix(_SENT): value
        for name, value in values.items()
        if name.startswith(_SENT)
    }


@cache
def dialects() -> tuple[str, ...]:
    """Name the dialects that are known, beside that of all payers."""
    return tuple(dict.fromkeys(row["dialect"] for row in _rows()))


def error_layout() -> Layout:
    """Return the layout of what a payer writes after a record."""
    return load_layouts("efact_returns")["error"]


def _made(field: Field, value: str, facts: Facts) -> bytes:
    size = field.length
    if len(value) == _FILLED and value.endswith("*"):
        text = value[0] * size
    elif len(value) == _MARKED and value.startswith("0>"):
        text = value[2].rjust(size, "0")
    else:
        text = value.format_map(facts)
    return text.encode("latin-1", "replace")[:size].ljust(size)


@cache
def _rows() -> tuple[Mapping[str, str], ...]:
    return tuple(_read())


def _read() -> Iterator[Mapping[str, str]]:
    file = resources.files("protocols.mycarenet") / "data" / "return_dialects.csv"
    yield from csv.DictReader(file.read_text(encoding="utf-8").splitlines())
