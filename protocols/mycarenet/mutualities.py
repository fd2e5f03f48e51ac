"""Which mutuality belongs to which union, since when and until when.

`data/mutualities.csv` is a table to begin with: unions and the merger of the
Christian mutualities are public, the numbers inside other unions are not, so none
of those is refused.  A table `mutualities` of the directory stands in its place.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Final

from attrs import frozen

TABLE: Final = "mutualities"
COLUMNS: Final = (
    *("first", "last", "union", "role", "name"),
    *("valid_from", "valid_until", "successor", "source"),
)

_WITHOUT_AFFILIATION: Final = ("2", "4", "5")
"""Unions whose invoices need not name the patient's mutuality."""
_NUMBER: Final = 3


@frozen(kw_only=True)
class Entry:
    """Some numbers of a union and the days, ISO, between which they may be billed."""

    first: int
    last: int
    union: str
    role: str
    name: str
    valid_from: str
    valid_until: str
    successor: str

    def covers(self, day: str) -> bool:
        """Say whether the numbers may be billed for care of an ISO day, or of any."""
        if not day:
            return True
        return self.valid_from <= day and (
            not self.valid_until or day <= self.valid_until
        )


class Mutualities:
    """The table, by number."""

    def __init__(self, rows: Iterable[Mapping[str, str]]) -> None:
        self.entries = tuple(_entry(row) for row in rows)

    def find(self, number: str) -> Entry | None:
        """Return the narrowest entry of a number of three digits; None if unknown."""
        if len(number) != _NUMBER or not (number.isascii() and number.isdigit()):
            return None
        value = int(number)
        found = [each for each in self.entries if each.first <= value <= each.last]
        return min(found, key=lambda each: each.last - each.first, default=None)

    def union_of(self, number: str) -> str:
        """Return the union of a mutuality or of a union; "" if it has none."""
        found = self.find(number)
        return found.union if found is not None else ""

    def successor_of(self, number: str, day: str) -> str:
        """Return what a number became by an ISO day; itself where it still stands."""
        seen: set[str] = set()
        while number not in seen:
            seen.add(number)
            found = self.find(number)
            if found is None or found.covers(day) or not found.successor:
                break
            number = found.successor
        return number

    def refuses_affiliation(self, number: str, destination: str, day: str) -> bool:
        """Say whether a payer refuses a patient's mutuality for care of a day YYYYMMDD.

        A union is no mutuality, and a merged one is refused once its time is over.
        """
        if destination[:1] in _WITHOUT_AFFILIATION and not number.strip("0"):
            return False
        found = self.find(number)
        if found is None or found.role != "mutuality":
            return True
        return not found.covers(f"{day[:4]}-{day[4:6]}-{day[6:8]}")

    def contradict(self, number: str, destination: str) -> bool:
        """Say whether mutuality and destination are of different unions."""
        if destination[:1] in _WITHOUT_AFFILIATION:
            return False
        own, other = self.union_of(number), self.union_of(destination)
        return bool(own and other) and own != other


@cache
def shipped() -> Mutualities:
    """Return the table that comes with the program."""
    return Mutualities(shipped_rows())


def shipped_rows() -> Sequence[Mapping[str, str]]:
    """Return the rows of the table that comes with the program."""
    file = resources.files("protocols.mycarenet") / "data" / f"{TABLE}.csv"
    return list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))


def of_directory(tables: Mapping[str, Iterable[Mapping[str, str]]]) -> Mutualities:
    """Return the directory's table, or the one that comes with the program."""
    rows = tuple(tables.get(TABLE, ()))
    return Mutualities(rows) if rows else shipped()


def _entry(row: Mapping[str, str]) -> Entry:
    first = int(row["first"])
    return Entry(
        first=first,
        last=int(row.get("last") or first),
        union=row["union"],
        role=row["role"],
        name=row.get("name", ""),
        valid_from=row.get("valid_from", ""),
        valid_until=row.get("valid_until", ""),
        successor=row.get("successor", ""),
    )
