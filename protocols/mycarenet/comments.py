"""Comments of payers on their codes (zone 149), read by templates that are data.

Payers write them as free text, "where possible" (the FAQ of the Christian
mutualities on Refac).  What is told of one is only what its template names: dates,
acts, numbers of providers and invoices.  A text that fits no template may say
anything about a patient, and is neither told nor kept; it stays in the return.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Final, NamedTuple

from protocols.record_fields import iso_day

UNREAD: Final = "the payer adds a comment that only the return itself shows"

_KINDS: Final[Mapping[str, str]] = {
    "date": r"(\d{8}|\d{1,2}[/.-]\d{1,2}[/.-]\d{4}|\d{4}-\d{2}-\d{2})",
    "act": r"(\d{6,7})",
    "provider": r"(\d[\d /.-]{6,14}\d)",
    "institution": r"(\d[\d /.-]{6,14}\d)",
    "invoice": r"(\d{1,12})",
    "free": r".{0,120}?",
}
_PLACE: Final = re.compile(r"\{(\w+)\}")
_SAYS_NOTHING: Final = re.compile(r"[0-9]{4}[0-9A-Z]{2}|0*1*|0*9*")


class Template(NamedTuple):
    """How a comment on a code is written, and the words that it is told with."""

    pattern: re.Pattern[str]
    kinds: tuple[str, ...]
    fact: str


def tell(code: str, comment: str) -> str:
    """Say in plain words what a payer's comment on a code tells; "" if nothing.

    `code` is without its letter.  A comment that only repeats codes tells nothing.
    """
    text = _plain(comment)
    if all(map(_SAYS_NOTHING.fullmatch, re.split(r"[ |]+", text))):
        return ""
    for template in _templates().get(code, ()):
        if found := template.pattern.fullmatch(text):
            values = map(_value, template.kinds, found.groups())
            return template.fact.format(*values)
    return UNREAD


def _value(kind: str, text: str) -> str:
    """Write a value the same way however the payer wrote it."""
    if kind == "date":
        parts = re.findall(r"\d+", text)
        if len(parts) == len(("day", "month", "year")):
            year_first = len(parts[0]) == len("YYYY")
            year, month, day = parts if year_first else reversed(parts)
            text = f"{year}{month:>02}{day:>02}"
        return iso_day(text) or "a day that is none"
    return re.sub(r"\D", "", text)


def _plain(text: str) -> str:
    """Return a text without accents, double blanks and marks at its end."""
    bare = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    return " ".join(bare.split()).rstrip(" .")


@cache
def _templates() -> Mapping[str, tuple[Template, ...]]:
    found: dict[str, tuple[Template, ...]] = {}
    for row in _rows():
        text = _plain(row["template"])
        kinds = tuple(kind for kind in _PLACE.findall(text) if kind != "free")
        pieces = _PLACE.split(text)
        pattern = "".join(
            _KINDS[piece] if place % 2 else re.escape(piece)
            for place, piece in enumerate(pieces)
        )
        template = Template(re.compile(pattern, re.IGNORECASE), kinds, row["fact"])
        found[row["code"]] = (*found.get(row["code"], ()), template)
    return found


def _rows() -> Iterator[Mapping[str, str]]:
    file = resources.files("protocols.mycarenet") / "data" / "comments.csv"
    yield from csv.DictReader(file.read_text(encoding="utf-8").splitlines())
