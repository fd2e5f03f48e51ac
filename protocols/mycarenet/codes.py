"""What the payers' codes mean: own short words, the official list's where it is known.

A code is six characters: record, zone and kind, two each (500118: record 50, zone
01).  Payers write the letter of its severity before it (R500118).  Some 390 codes
have words of our own in `data/codes.csv`; every other one is told from its parts.
Labels of an official list, as `octway label import` takes it over, win over both.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from typing import Final

from attrs import evolve, frozen

from protocols.records import load_layouts

LANGUAGES: Final = ("fr", "nl", "en")
_OF_ZONES: Final = ("fr", "nl")
LETTERS: Final = "BFRES"
"""B refuses the whole file, F the invoice, R the line; E and S refuse nothing."""
REFUSING: Final = "BFR"
TABLE: Final = "labels"
"""The directory's table of this network that holds the official list."""
TABLE_COLUMNS: Final = ("code", "severity", "label_fr", "label_nl")

_NUMBER: Final = 6
_WHOLE: Final = ("10", "90")  # records whose errors are the sending's
_INVOICE: Final = ("20", "80")
_FORMAL: Final = ("01", "04", "05", "06", "09")  # kinds that say the form is wrong
_LAYOUTS: Final = "efact"
_UNKNOWN: Final = {
    "fr": "code absent des listes connues",
    "nl": "code in geen enkele bekende lijst",
    "en": "a code of no list that is known here",
}
_PLACE: Final = {
    "fr": "zone {} de l'enregistrement {}",
    "nl": "zone {} van record {}",
    "en": "zone {} of record {}",
}


@frozen(kw_only=True)
class Code:
    """A code with everything that is known of it; `label` is by language.

    `own` is false where the words are only told from the code's parts.
    """

    code: str
    letter: str
    label: Mapping[str, str]
    advice: str = ""
    own: bool = True
    official: bool = False

    @property
    def written(self) -> str:
        """The code as payers write it, its letter first."""
        return f"{self.letter}{self.code}"


class Codes:
    """Every code; rows of an official list win over words of our own."""

    def __init__(self, rows: Iterable[Mapping[str, str]] = ()) -> None:
        self._official = {row["code"]: row for row in rows}

    def find(self, code: str) -> Code:
        """Return what is known of a code, with or without its letter; never fails.

        A letter that is written before the code wins over the list's.
        """
        told, number = split(code)
        found = _own().get(number) or _from_parts(number)
        row = self._official.get(number)
        if row is not None:
            labels = {
                language: row.get(f"label_{language}", "") or found.label[language]
                for language in LANGUAGES
            }
            letter = row.get("severity", "") or found.letter
            found = evolve(found, letter=letter, label=labels, official=True)
        return evolve(found, letter=told) if told else found


OWN: Final = Codes()
"""The codes in our own words, for where no directory is at hand."""


def label_of(code: str, language: str = "en") -> str:
    """Say what a code means in our own words: `fr`, `nl` or `en`."""
    return OWN.find(code).label[language]


def severity_of(code: str) -> str:
    """Return the letter of a code: what it is known for, else what its form tells.

    Where no list tells, an error of form or of records 10 and 90 refuses the
    file, any other the invoice (records 20 and 80) or the line.  That holds for
    19 of 20 codes whose letter is known; the others are in `data/codes.csv`.
    """
    return OWN.find(code).letter


def written(code: str) -> str:
    """Return a code as payers write it: `500118` becomes `R500118`."""
    return OWN.find(code).written


def split(code: str) -> tuple[str, str]:
    """Cut a code into its letter, or "", and its six characters."""
    text = code.strip()
    if len(text) == _NUMBER + 1 and text[0] in LETTERS:
        return text[0], text[1:]
    return "", text


def header_label_of(zone: str, error: str, language: str = "en") -> str:
    """Say what an error of two digits after a zone of the header or of 95 and 96 means."""
    table = _header()
    found = table.get((zone, error)) or table.get(("*", error))
    if found is not None:
        return found[language]
    words = {"fr": "refusé", "nl": "geweigerd", "en": "refused"}
    return words[language]


@cache
def words(language: str) -> Mapping[str, str]:
    """Return the words of all codes, English to a language; empty: it is not known."""
    if language not in LANGUAGES:
        return {}
    rows = [each.label for each in _own().values()]
    rows += [*_header().values(), *_kinds().values(), *_severities().values(), _UNKNOWN]
    found = {row["en"]: row[language] for row in rows}
    if language in _OF_ZONES:
        for layout in load_layouts(_LAYOUTS).values():
            for each in layout.fields:
                if each.name in _names():
                    found[each.title.lower()] = _names()[each.name][language]
    return found


def known() -> Mapping[str, Code]:
    """Return the codes that have words of our own, in order."""
    return _own()


def refuses(letter: str) -> Mapping[str, str]:
    """Say by language what a letter refuses; "" stands for an unknown letter."""
    return _severities().get(letter) or dict.fromkeys(LANGUAGES, "")


@cache
def _own() -> Mapping[str, Code]:
    return {
        row["code"]: Code(
            code=row["code"],
            letter=row["severity"],
            label={language: row[language] for language in LANGUAGES},
            advice=row["advice"],
        )
        for row in _rows("codes")
    }


def _from_parts(code: str) -> Code:
    """Tell a code from its record, zone and kind."""
    record, zone, kind = code[:2], code[2:4], code[4:]
    if record not in load_layouts(_LAYOUTS):
        return Code(code=code, letter="", label=_UNKNOWN, own=False)
    kinds = _kinds()
    words = kinds.get(kind) or kinds.get(kind[:1]) or kinds[""]
    names = _zone_names(record, zone)
    label = {}
    for language in LANGUAGES:
        where = _PLACE[language].format(zone.lstrip("0") or "0", record)
        name = names.get(language, "")
        where = f"{name} ({where})" if name else where
        label[language] = f"{where}: {words[language]}"
    return Code(code=code, letter=_letter(record, zone, kind), label=label, own=False)


def _letter(record: str, zone: str, kind: str) -> str:
    checked = zone in {"98", "99", "02"} or (zone == "01" and kind < "12")
    if record in _WHOLE or checked or kind in _FORMAL:
        return "B"
    return "F" if record in _INVOICE else "R"


@cache
def _zone_names(record: str, zone: str) -> Mapping[str, str]:
    """Name a zone of a record by language; nothing where it is reserved."""
    layout = load_layouts(_LAYOUTS).get(record)
    for each in layout.fields if layout is not None else ():
        numbers = (part.strip().rstrip("ab") for part in each.zone.split(","))
        if zone.lstrip("0") in numbers and not each.name.startswith("filler"):
            return {"en": each.title.lower(), **_names()[each.name]}
    return {}


@cache
def _names() -> Mapping[str, Mapping[str, str]]:
    return {
        row["name"]: {"fr": row["fr"], "nl": row["nl"]} for row in _rows("zone_names")
    }


@cache
def _kinds() -> Mapping[str, Mapping[str, str]]:
    return {row["kind"]: row for row in _rows("code_kinds")}


@cache
def _header() -> Mapping[tuple[str, str], Mapping[str, str]]:
    return {(row["zone"], row["error"]): row for row in _rows("header_codes")}


@cache
def _severities() -> Mapping[str, Mapping[str, str]]:
    return {row["letter"]: row for row in _rows("severities")}


def _rows(name: str) -> Iterable[Mapping[str, str]]:
    file = resources.files("protocols.mycarenet") / "data" / f"{name}.csv"
    return csv.DictReader(file.read_text(encoding="utf-8").splitlines())
