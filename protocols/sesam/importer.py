"""Reads the national table of funds, and writes the directory's own.

The table that the funds publish is a text of fourteen columns, `;` between
them, with or without a header row (french.md 4.1).  Only
what routing needs is kept.  Nothing here opens a file.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TextIO

from attrs import frozen

from protocols.sesam.routing import COLUMNS
from routing.envelope import Problem, Severity

COLUMNS_OF_FUNDS = 14
_WIDTHS = (("regime", 0, 2), ("fund", 1, 3), ("centre", 2, 4), ("organism", 5, 3))
_COMPUTER_CENTRE = 6
_LABEL = 3
_VERSION_MARK = "version"  # one row of the table tells its own version


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
    """What a national table holds; `record` in a problem is its line."""

    destinations: tuple[Destination, ...]
    funds: tuple[Fund, ...]
    version: str
    problems: tuple[Problem, ...]


def read_national(lines: Iterable[str]) -> Imported:
    """Read a national table; what cannot be used is a problem, never an exception."""
    rows: dict[tuple[str, str, str], Destination] = {}
    problems: list[Problem] = []
    version = ""
    reader = csv.reader(lines, delimiter=";")
    for row in _rows(reader, problems):
        values = [value.strip() for value in row]
        if reader.line_num == 1 and not values[0].isdecimal():
            continue  # the header row
        if len(values) > _LABEL and values[_LABEL].lower().startswith(_VERSION_MARK):
            version = ".".join(values[:_LABEL])
            continue
        found = _destination(values, reader.line_num, problems)
        if found is None:
            continue
        key = (found.regime, found.fund, found.centre)
        if key in rows and rows[key].organism != found.organism:
            problems.append(_twice(found, rows[key], reader.line_num))
        rows.setdefault(key, found)
    destinations = tuple(rows.values())
    return Imported(
        destinations=destinations,
        funds=tuple(_funds(destinations, problems)),
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


def _rows(
    reader: Iterator[list[str]], problems: list[Problem]
) -> Iterator[Sequence[str]]:
    """Yield rows that are not empty; a quote that never closes ends the reading."""
    try:
        yield from (row for row in reader if any(value.strip() for value in row))
    except csv.Error as error:
        problems.append(
            Problem(
                None,
                None,
                None,
                Severity.ERROR,
                "unreadable-table",
                f"the table cannot be read on: {error}; wanted `;` between columns",
            )
        )


def _destination(
    values: Sequence[str], line: int, problems: list[Problem]
) -> Destination | None:
    """Return a row's facts, or note why it has none."""
    if len(values) != COLUMNS_OF_FUNDS:
        problems.append(
            _problem(
                line,
                None,
                None,
                "wrong-columns",
                f"the row has {len(values)} columns; wanted {COLUMNS_OF_FUNDS}",
            )
        )
        return None
    numbers: dict[str, str] = {}
    for name, column, width in _WIDTHS:
        value = values[column]
        if not (value.isascii() and value.isdigit() and len(value) <= width):
            problems.append(
                _problem(
                    line,
                    column + 1,
                    name,
                    "wrong-number",
                    f"{name} is {value!r}; wanted {width} digits",
                )
            )
            return None
        numbers[name] = value.zfill(width)
    computer_centre = values[_COMPUTER_CENTRE]
    return Destination(
        regime=numbers["regime"],
        fund=numbers["fund"],
        centre=numbers["centre"],
        label=" ".join(values[_LABEL].split()),
        organism=numbers["organism"],
        computer_centre=computer_centre.zfill(3) if computer_centre.isdecimal() else "",
    )


def _funds(
    destinations: Sequence[Destination], problems: list[Problem]
) -> Iterator[Fund]:
    """Yield each payer once; its own row names it, else the first that leads to it."""
    found: dict[str, Destination] = {}
    for each in destinations:
        code = each.regime + each.organism
        known = found.setdefault(code, each)
        if known.computer_centre != each.computer_centre:
            problems.append(
                _problem(
                    None,
                    None,
                    "computer_centre",
                    "two-computer-centres",
                    f"fund {code} has computer centres {known.computer_centre or 'none'}"
                    f" and {each.computer_centre or 'none'}; the first one is kept",
                    Severity.WARNING,
                )
            )
        if each.fund == each.organism and known.fund != known.organism:
            found[code] = each._replace(computer_centre=known.computer_centre)
    for code in sorted(found):
        yield Fund(code, found[code].label, found[code].computer_centre)


def _twice(found: Destination, kept: Destination, line: int) -> Problem:
    return _problem(
        line,
        None,
        "organism",
        "two-destinations",
        f"{found.regime} {found.fund} {found.centre} goes to {found.organism} here and "
        f"to {kept.organism} in an earlier row, which is kept",
        Severity.WARNING,
    )


def _problem(
    line: int | None,
    column: int | None,
    name: str | None,
    code: str,
    message: str,
    severity: Severity = Severity.ERROR,
) -> Problem:
    return Problem(line, column, name, severity, code, message)
