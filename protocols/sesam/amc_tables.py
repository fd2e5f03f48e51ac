"""The directory's three tables of complementary payers (AMC), as records.

They are what `octway payer import` makes of the national tables (french.md 4.3), one
row for each, in tables/sesam/: `correspondences.csv`, `groupings.csv` and
`conventions.csv`.  `row` is the row of the national file; where a table has none it
is the row's place.  `valid_from` and `valid_until` are ISO days and may be empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Final, NamedTuple

from attrs import frozen

from protocols.sesam.amc_decision import (
    Address,
    Candidate,
    Mode,
    Result,
    normal_number,
)

Row = Mapping[str, str]

CORRESPONDENCES: Final = "correspondences"
GROUPINGS: Final = "groupings"
CONVENTIONS: Final = "conventions"

DAYS: Final = ("valid_from", "valid_until")

NATIONAL: Final[Mapping[str, Sequence[str]]] = MappingProxyType(
    {
        CORRESPONDENCES: ("mutual_number", "criterion", "amc_number", "amc_name"),
        GROUPINGS: (
            *("mode", "nature", "", "amc_number", "amc_name", "convention_type"),
            *("type_name", "criterion", "signatory", "signatory_name"),
        ),
        CONVENTIONS: (
            *("mode", "nature", "", "", "comment", "signatory", "signatory_name"),
            *("grouped", "convention_type", "criterion", "agreement", "amc_number"),
            *("amc_name", "by_fund", "steering", "attestation", "cancellation"),
            *("rectification", "operator", "routing_code", "host_id", "domain"),
        ),
    }
)
"""The national columns in their order; one without a name has no known meaning."""

COLUMNS: Final[Mapping[str, Sequence[str]]] = MappingProxyType(
    {
        name: ("row", *(each for each in columns if each), *DAYS)
        for name, columns in NATIONAL.items()
    }
)
"""The directory's own columns."""

KEYS: Final[Mapping[str, Sequence[str]]] = MappingProxyType(
    {
        CORRESPONDENCES: ("mutual_number", "criterion"),
        GROUPINGS: ("amc_number", "convention_type", "criterion", "nature"),
        CONVENTIONS: (
            *("signatory", "amc_number", "convention_type", "criterion"),
            *("agreement", "nature"),
        ),
    }
)
"""What tells a row from every other one: for repeats, and for differences."""

_MUTUAL_WIDTH: Final = 8


@frozen
class Days:
    """The days on which a row is valid, both included; None: open."""

    first: date | None
    last: date | None

    def cover(self, day: date) -> bool:
        """Say whether the row is valid on a day."""
        return (self.first is None or self.first <= day) and (
            self.last is None or day <= self.last
        )

    def __str__(self) -> str:
        return f"from {self.first or 'ever'} until {self.last or 'now'}"


class Correspondence(NamedTuple):
    """A mutual's old number with a fund, and the AMC number that it is."""

    place: int
    row: int
    mutual_mask: str
    criterion: str
    amc_number: str
    amc_name: str
    days: Days


class Grouping(NamedTuple):
    """An AMC for which a signatory signs; numbers are normal."""

    place: int
    row: int
    natures: frozenset[str]
    amc_number: str
    amc_name: str
    convention_type: str
    criterion: str
    signatory: str
    signatory_name: str
    days: Days


class Convention(NamedTuple):
    """A convention; `candidate` says it in the table's words, numbers here are normal.

    `by_grouping` tells that groupings lead to it.
    """

    place: int
    candidate: Candidate
    natures: frozenset[str]
    amc_number: str
    signatory: str
    by_grouping: bool
    days: Days


def correspondences(rows: Iterable[Row]) -> Iterator[Correspondence]:
    """Yield the rows of a table that was checked."""
    for place, row in enumerate(rows, 1):
        yield Correspondence(
            place=place,
            row=_number(row, place),
            mutual_mask=mutual(row["mutual_number"]),
            criterion=row["criterion"].upper(),
            amc_number=normal_number(row["amc_number"]),
            amc_name=row.get("amc_name", ""),
            days=_days(row),
        )


def groupings(rows: Iterable[Row]) -> Iterator[Grouping]:
    """Yield the rows of a table that was checked."""
    for place, row in enumerate(rows, 1):
        yield Grouping(
            place=place,
            row=_number(row, place),
            natures=natures(row.get("nature", "")),
            amc_number=normal_number(row["amc_number"]),
            amc_name=row.get("amc_name", ""),
            convention_type=row["convention_type"].upper(),
            criterion=row["criterion"].upper(),
            signatory=normal_number(row["signatory"]),
            signatory_name=row.get("signatory_name", ""),
            days=_days(row),
        )


def conventions(rows: Iterable[Row]) -> Iterator[Convention]:
    """Yield the rows of a table that was checked."""
    for place, row in enumerate(rows, 1):
        amc_number = normal_number(row["amc_number"])
        flag = row.get("grouped", "")
        yield Convention(
            place=place,
            candidate=_candidate(row, _number(row, place)),
            natures=natures(row.get("nature", "")),
            amc_number=amc_number,
            signatory=normal_number(row["signatory"]),
            by_grouping=flag == "1" or (not flag and not amc_number),
            days=_days(row),
        )


def address(row: Row) -> Address | None:
    """Return a convention's address; None unless its three parts are there."""
    parts = [row.get(name, "") for name in Address._fields]
    return Address(*parts) if all(parts) else None


def share_a_day(one: Row, other: Row) -> bool:
    """Say whether two rows are valid on some same day."""

    def first(row: Row) -> str:
        return row.get("valid_from") or "0000"

    def last(row: Row) -> str:
        return row.get("valid_until") or "9999"

    return first(one) <= last(other) and first(other) <= last(one)


def natures(text: str) -> frozenset[str]:
    """Return the natures of a list such as `0,1,2`; empty: all."""
    return frozenset(each.upper() for each in _SEPARATOR.split(text) if each)


def mutual(number: str) -> str:
    """Return a mutual's number, or a mask, in the form under which it is compared.

    A number that an invoice pads to ten digits has eight; masks stay.
    """
    text = "".join(number.split()).upper()
    if text.isdecimal() and len(text) > _MUTUAL_WIDTH:
        return text.lstrip("0").zfill(_MUTUAL_WIDTH)
    return text


_SEPARATOR: Final = re.compile(r"[\s,/|-]+")


def _candidate(row: Row, number: int) -> Candidate:
    return Candidate(
        row=number,
        signatory=row["signatory"],
        signatory_name=row.get("signatory_name", ""),
        amc_number=row["amc_number"],
        amc_name=row.get("amc_name", ""),
        convention_type=row["convention_type"].upper(),
        criterion=row["criterion"].upper(),
        agreement=row["agreement"].upper(),
        nature=row.get("nature", ""),
        result=Result(
            mode=Mode(row["mode"].upper()),
            operator=row.get("operator", ""),
            address=address(row),
            steering=row.get("steering", ""),
            attestation=row.get("attestation", ""),
            cancellation=row.get("cancellation", ""),
            rectification=row.get("rectification", ""),
        ),
    )


def _number(row: Row, place: int) -> int:
    text = row.get("row", "")
    return int(text) if text.isdecimal() else place


def _days(row: Row) -> Days:
    first, last = (row.get(name, "") for name in DAYS)
    if not first and not last:
        return _ALWAYS
    return Days(_day(first), _day(last))


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


_ALWAYS: Final = Days(None, None)
