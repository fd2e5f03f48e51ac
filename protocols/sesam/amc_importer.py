"""Reads the national tables of complementary payers into the directory's own.

Strict in meaning, liberal in shape: a header row or none, quotes or none, any of the
three encodings, empty columns too many.  One error refuses a table as a whole; what is
odd but clear is taken with a warning.  A problem's `record` is the line of the file,
its `position` the column, counted from 1.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Final

from protocols.sesam import amc_payers, national_csv
from protocols.sesam.amc_checks import faults
from protocols.sesam.amc_decision import Mode
from protocols.sesam.amc_tables import (
    COLUMNS,
    CONVENTIONS,
    CORRESPONDENCES,
    GROUPINGS,
    NATIONAL,
)
from protocols.sesam.national_csv import NationalRow
from protocols.tables import Imported, Importer
from routing.envelope import Problem, Severity

_NUMBERS: Final = frozenset({"mutual_number", "amc_number", "signatory"})
_LIKE_NUMBER: Final = re.compile(r"(?=.*[0-9?])[0-9A-Z?]+")


def import_table(name: str, content: bytes) -> Imported:
    """Read one of the three tables; never raises for what it holds."""
    problems: list[Problem] = []
    text, wrong = national_csv.decode(content)
    if wrong is not None:
        return _refused([wrong])
    rows = [
        _of_columns(name, row, problems)
        for place, row in enumerate(national_csv.rows(text, problems))
        if place or not _is_header(name, row.values)
    ]
    if not problems:
        problems += _judged(name, rows)
    if not rows or any(each.severity is Severity.ERROR for each in problems):
        return _refused(problems)
    return Imported(
        text=_written(name, rows),
        rows=len(rows),
        payers=amc_payers.stubs(rows) if name == CONVENTIONS else (),
        version="",
        problems=tuple(sorted(problems, key=_line)),
        noun="row",
        dated=True,
    )


IMPORTERS: Final[Mapping[str, Importer]] = MappingProxyType(
    {
        name: partial(import_table, name)
        for name in (CONVENTIONS, GROUPINGS, CORRESPONDENCES)
    }
)


def _is_header(name: str, values: Sequence[str]) -> bool:
    """Say whether a first row names columns: nothing in it is a mode or a number."""
    cells = [
        (column, value.upper())
        for column, value in zip(NATIONAL[name], values, strict=False)
    ]
    return not any(
        (column == "mode" and value in set(Mode))
        or (column in _NUMBERS and _LIKE_NUMBER.fullmatch(value))
        for column, value in cells
    )


def _of_columns(
    name: str, row: NationalRow, problems: list[Problem]
) -> Mapping[str, str]:
    """Return a row by its columns, and note what has no place in them."""
    wanted = NATIONAL[name]
    count = len(row.values)
    if count < len(wanted) or any(row.values[len(wanted) :]):
        short = count < len(wanted)
        problems.append(
            Problem(
                row.line,
                min(count, len(wanted)) + 1,
                wanted[count] if short else None,
                Severity.ERROR,
                "missing-column" if short else "wrong-columns",
                f"the row has {count} columns; wanted {len(wanted)} with `;` between",
            )
        )
    return (
        {"row": str(row.line)}
        | {
            column: value
            for column, value in zip(wanted, row.values, strict=False)
            if column
        }
        | {
            "": ";".join(
                v for c, v in zip(wanted, row.values, strict=False) if v and not c
            )
        }
    )


def _judged(name: str, rows: Sequence[Mapping[str, str]]) -> Iterator[Problem]:
    for fault in faults(name, rows):
        yield Problem(
            int(rows[fault.place]["row"]),
            _position(name, fault.column),
            fault.column,
            fault.severity,
            fault.code,
            fault.words,
        )
    for row in rows:
        if row[""]:
            yield _odd(
                name, row, "", f"{row['']!r} has no known meaning and is not kept"
            )
        if not national_csv.spoilt("\n".join(row.values())):
            continue
        for column, value in row.items():
            if national_csv.spoilt(value):
                yield _odd(
                    name,
                    row,
                    column,
                    f"{value!r} holds odd characters; perhaps the table was read in a "
                    "wrong encoding before",
                )


def _odd(name: str, row: Mapping[str, str], column: str, words: str) -> Problem:
    return Problem(
        int(row["row"]),
        _position(name, column),
        column or None,
        Severity.WARNING,
        "odd-value",
        words,
    )


def _position(name: str, column: str) -> int | None:
    return NATIONAL[name].index(column) + 1 if column in NATIONAL[name] else None


def _written(name: str, rows: Sequence[Mapping[str, str]]) -> str:
    into = io.StringIO()
    writer = csv.writer(into, delimiter=";", lineterminator="\n")
    writer.writerow(COLUMNS[name])
    for row in rows:
        writer.writerow(row.get(column, "") for column in COLUMNS[name])
    return into.getvalue()


def _refused(problems: Sequence[Problem]) -> Imported:
    return Imported(
        text="",
        rows=0,
        payers=(),
        version="",
        problems=tuple(sorted(problems, key=_line)),
        noun="row",
    )


def _line(problem: Problem) -> tuple[bool, int]:
    """Put errors first, then the order of the file."""
    return problem.severity is not Severity.ERROR, problem.record or 0
