"""What is wrong in a directory's table of this network, before it takes effect.

A table that is loaded is used as it stands, so a number that is none, or a day that
is none, must be found here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final

from attrs import frozen

from protocols.mycarenet import codes, contacts, mutualities
from protocols.mycarenet.check_digits import is_nihii

Fault = tuple[int, str, str]

_ROLES: Final = ("mutuality", "union", "contact")


@frozen
class _Column:
    """What a column must hold: a form, whether it may be empty, and words for it."""

    form: str
    wanted: str
    empty: bool = False


_NUMBER: Final = _Column("[1-9][0-9]{2}", "three digits such as 134")
_DAY: Final = _Column("[0-9]{4}-[0-9]{2}-[0-9]{2}", "a day such as 2026-01-31", True)
_MAY_BE_NUMBER: Final = _Column(_NUMBER.form, _NUMBER.wanted, True)
_TABLES: Final[Mapping[str, Mapping[str, _Column]]] = {
    mutualities.TABLE: {
        "first": _NUMBER,
        "last": _MAY_BE_NUMBER,
        "union": _Column("[1-9]00", "a union such as 300"),
        "role": _Column("|".join(_ROLES), f"one of {', '.join(_ROLES)}"),
        "name": _Column(".*", "a name", True),
        "valid_from": _DAY,
        "valid_until": _DAY,
        "successor": _MAY_BE_NUMBER,
    },
    contacts.TABLE: {
        "third_party": _Column("0?[0-9]{11}", "a number of eleven digits"),
        "contact": _NUMBER,
        "valid_from": _DAY,
        "valid_until": _DAY,
        "correct": _Column("yes|no", "yes or no", True),
    },
    codes.TABLE: {
        "code": _Column("[0-9]{4}[0-9A-Z]{2}", "a code such as 500118"),
        "severity": _Column(f"[{codes.LETTERS}]", "one letter of BFRES", True),
        "label_fr": _Column(".*", "a label", True),
        "label_nl": _Column(".*", "a label", True),
    },
}
_OPTIONAL: Final = frozenset(
    ("valid_from", "valid_until", "correct", "name", "successor", "last")
)


def check(name: str, rows: Sequence[Mapping[str, str]]) -> Iterator[Fault]:
    """Yield each fault of a table: the row's place (from 0), the column and words."""
    columns = _TABLES.get(name, {})
    missing = sorted(columns.keys() - _OPTIONAL - rows[0].keys()) if rows else []
    if missing:
        yield len(rows), "", f"has no column {', '.join(missing)}"
        return
    for place, row in enumerate(rows):
        for column, wanted in columns.items():
            yield from _cell(place, column, row.get(column, ""), wanted)
        if name == contacts.TABLE:
            yield from _third_party(place, row["third_party"])
        yield from _period(place, row)


def _cell(place: int, column: str, value: str, wanted: _Column) -> Iterator[Fault]:
    if not value and wanted.empty:
        return
    right = re.fullmatch(wanted.form, value, re.DOTALL) is not None
    if not right or (wanted is _DAY and not _is_day(value)):
        yield place, column, f"is {value[:40]!r}; wanted {wanted.wanted}"


def _third_party(place: int, value: str) -> Iterator[Fault]:
    if value.isdigit() and not is_nihii(value[-11:]):
        yield place, "third_party", f"is {value!r}, whose check digits do not fit"


def _period(place: int, row: Mapping[str, str]) -> Iterator[Fault]:
    first, last = row.get("valid_from", ""), row.get("valid_until", "")
    if _is_day(first) and _is_day(last) and last < first:
        yield place, "valid_until", f"is {last}, before valid_from {first}"


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
