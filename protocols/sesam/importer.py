"""Reads the national table of funds, and writes the directory's own.

The table that the funds publish is a text of fourteen columns, `;` between
them, with or without a header row (french.md 4.1).  Only
what routing needs is kept.  Nothing here opens a file.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple, TextIO

from attrs import frozen

from protocols.sesam import national_csv
from protocols.sesam.fund_checks import KEY, WIDTHS, faults
from protocols.sesam.national_csv import NationalRow
from protocols.sesam.routing import COLUMNS
from routing.envelope import Problem, Severity

COLUMNS_OF_FUNDS: Final = 14
_PLACES: Final = (
    *(("regime", 0), ("fund", 1), ("centre", 2)),
    *(("label", 3), ("organism", 5), ("computer_centre", 6)),
)
_LABEL: Final = 3
_CENTRE_WIDTH: Final = 3
_WORD: Final = 3  # letters of a column's name, `code 1`; a wrong number has fewer
_VERSION_MARK: Final = "version"  # one row of the table tells its own version


class Destination(NamedTuple):
    """One row of the directory's table, in the order of its columns."""

    regime: str
    fund: str
    centre: str
    label: str
    organism: str
    computer_centre: str
    valid_from: str = ""
    valid_until: str = ""
    successor: str = ""


class Fund(NamedTuple):
    """A payer that the table names: its code is regime and organism."""

    code: str
    label: str
    computer_centre: str


@frozen(kw_only=True)
class Imported:
    """What a national table holds; `record` in a problem is its line.

    One error refuses it whole: then there are no destinations and no funds.
    """

    destinations: tuple[Destination, ...]
    funds: tuple[Fund, ...]
    version: str
    problems: tuple[Problem, ...]


def read_national(text: str) -> Imported:
    """Read a national table; what cannot be used is a problem, never an exception."""
    problems: list[Problem] = []
    rows: list[Mapping[str, str]] = []
    version = ""
    for place, row in enumerate(national_csv.rows(text, problems)):
        if not place and _is_header(row.values):
            continue
        if _names_version(row.values):
            version = ".".join(row.values[:_LABEL])
            continue
        rows.append(_of_columns(row, problems))
    if not problems:
        problems += _judged(rows)
    problems.sort(key=_line)
    if problems and problems[0].severity is Severity.ERROR:
        return Imported(destinations=(), funds=(), version="", problems=tuple(problems))
    destinations = tuple(_destinations(rows))
    return Imported(
        destinations=destinations,
        funds=tuple(_funds(destinations)),
        version=version,
        problems=tuple(problems),
    )


def write_destinations(destinations: Iterable[Destination], into: TextIO) -> int:
    """Write the directory's table; return its rows."""
    writer = csv.writer(into, delimiter=";", lineterminator="\n")
    writer.writerow(COLUMNS)
    written = 0
    for each in destinations:
        writer.writerow(each)
        written += 1
    return written


def read_destinations(rows: Iterable[Mapping[str, str]]) -> Iterator[Destination]:
    """Yield the rows of the directory's table, as it was loaded."""
    for row in rows:
        yield Destination(*(row.get(column, "") for column in COLUMNS))


def _is_header(values: Sequence[str]) -> bool:
    """Say whether a first row names columns: words stand where numbers do."""
    return all(
        sum(map(str.isalpha, values[place])) >= _WORD
        or not any(map(str.isdigit, values[place]))
        for name, place in _PLACES
        if name in WIDTHS and place < len(values)
    )


def _names_version(values: Sequence[str]) -> bool:
    return len(values) > _LABEL and values[_LABEL].lower().startswith(_VERSION_MARK)


def _of_columns(row: NationalRow, problems: list[Problem]) -> Mapping[str, str]:
    """Return what is kept of a row, numbers in their width; note what has no place."""
    count = len(row.values)
    if count < COLUMNS_OF_FUNDS or any(row.values[COLUMNS_OF_FUNDS:]):
        problems.append(
            Problem(
                row.line,
                min(count, COLUMNS_OF_FUNDS) + 1,
                None,
                Severity.ERROR,
                "missing-column" if count < COLUMNS_OF_FUNDS else "wrong-columns",
                f"the row has {count} columns; wanted {COLUMNS_OF_FUNDS} with `;` "
                "between",
            )
        )
    found = {
        name: row.values[place] if place < count else "" for name, place in _PLACES
    }
    for name, width in (*WIDTHS.items(), ("computer_centre", _CENTRE_WIDTH)):
        if found[name]:  # a spreadsheet takes the zeros off
            found[name] = found[name].zfill(width)
    return found | {"row": str(row.line)}


def _judged(rows: Sequence[Mapping[str, str]]) -> Iterator[Problem]:
    places = dict(_PLACES)
    for fault in faults(rows):
        yield Problem(
            int(rows[fault.place]["row"]),
            places[fault.column] + 1,
            fault.column,
            fault.severity,
            fault.code,
            fault.words,
        )
    for row in rows:
        if national_csv.spoilt(row["label"]):
            yield Problem(
                int(row["row"]),
                _LABEL + 1,
                "label",
                Severity.WARNING,
                "odd-value",
                f"{row['label']!r} holds odd characters; perhaps the table was read in "
                "a wrong encoding before",
            )


def _line(problem: Problem) -> tuple[bool, int]:
    """Put errors first, then the order of the file."""
    return problem.severity is not Severity.ERROR, problem.record or 0


def _destinations(rows: Iterable[Mapping[str, str]]) -> Iterator[Destination]:
    """Yield each fund's row once: the first."""
    seen: set[tuple[str, ...]] = set()
    for row in rows:
        key = tuple(row[column] for column in KEY)
        if key not in seen:
            seen.add(key)
            yield Destination(**{name: row[name] for name, _ in _PLACES})


def _funds(destinations: Sequence[Destination]) -> Iterator[Fund]:
    """Yield each payer once; its own row names it, else the first that leads to it."""
    found: dict[str, Destination] = {}
    for each in destinations:
        code = each.regime + each.organism
        known = found.setdefault(code, each)
        if each.fund == each.organism and known.fund != known.organism:
            found[code] = each._replace(computer_centre=known.computer_centre)
    for code in sorted(found):
        yield Fund(code, found[code].label, found[code].computer_centre)
