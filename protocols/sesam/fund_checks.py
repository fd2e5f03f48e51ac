"""What is wrong in the table of funds: faults that refuse it, and warnings.

The same checks judge a national table that is taken over and the directory's own file,
which a person may have changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from types import MappingProxyType
from typing import Final

from protocols.sesam.amc_comparison import Fault, warning
from protocols.sesam.amc_tables import Row, share_a_day
from protocols.sesam.row_days import wrong_days

KEY: Final = ("regime", "fund", "centre")
"""What a row is found by."""

WIDTHS: Final[Mapping[str, int]] = MappingProxyType(
    {"regime": 2, "fund": 3, "centre": 4, "organism": 3}
)
"""How many digits the numbers have that each row must have."""

_MAY_BE: Final = MappingProxyType(
    {
        "computer_centre": ("[0-9]{0,3}", "at most 3 digits, or nothing"),
        "successor": (r"([0-9]{5})?", "regime and organism in 5 digits, or nothing"),
    }
)


def faults(rows: Sequence[Row]) -> Iterator[Fault]:
    """Yield what is wrong in the rows; errors in cells leave nothing to compare."""
    missing = [name for name in WIDTHS if rows and name not in rows[0]]
    if missing:
        words = f"the table has no column {', '.join(missing)}"
        yield Fault(0, missing[0], "missing-column", words)
        return
    bad = False
    for place, row in enumerate(rows):
        for fault in _of_row(place, row):
            bad = True
            yield fault
    if not bad:
        yield from _repeats(rows)
        yield from _computer_centres(rows)
        yield from _circles(rows)


def _of_row(place: int, row: Row) -> Iterator[Fault]:
    for column, width in WIDTHS.items():
        if not re.fullmatch(f"[0-9]{{{width}}}", row[column]):
            words = f"is {row[column]!r}; wanted {width} digits"
            yield Fault(place, column, "wrong-number", words)
    for column, (pattern, wanted) in _MAY_BE.items():
        value = row.get(column, "")
        if not re.fullmatch(pattern, value):
            words = f"is {value!r}; wanted {wanted}"
            yield Fault(place, column, "wrong-number", words)
    yield from wrong_days(place, row)


def _repeats(rows: Sequence[Row]) -> Iterator[Fault]:
    """Yield rows whose fund an earlier row has too, on some same day."""
    said: dict[tuple[str, ...], list[int]] = {}
    for place, row in enumerate(rows):
        key = tuple(row[column] for column in KEY)
        for other in said.setdefault(key, []):
            before = rows[other]
            if not share_a_day(row, before):
                continue
            name = " ".join(key)
            if row["organism"] != before["organism"]:
                yield Fault(
                    place,
                    "organism",
                    "two-destinations",
                    f"{name} goes to {row['organism']} here and to "
                    f"{before['organism']} in {_line(rows, other)}; wanted it once",
                )
            else:
                yield warning(
                    place,
                    KEY[0],
                    "repeated-row",
                    f"{name} stands in {_line(rows, other)} already, and goes to the "
                    "same organism; that one is kept",
                )
            break
        said[key].append(place)


def _computer_centres(rows: Sequence[Row]) -> Iterator[Fault]:
    """Yield rows that give a fund another computer centre than its first row."""
    first: dict[str, int] = {}
    for place, row in enumerate(rows):
        code = row["regime"] + row["organism"]
        known = rows[first.setdefault(code, place)].get("computer_centre", "")
        own = row.get("computer_centre", "")
        if own != known:
            yield warning(
                place,
                "computer_centre",
                "two-computer-centres",
                f"fund {code} has computer centre {own or 'none'} here and "
                f"{known or 'none'} in {_line(rows, first[code])}, which is kept",
            )


def _circles(rows: Sequence[Row]) -> Iterator[Fault]:
    """Yield the first circle of successors, if there is one."""
    heirs: TopologicalSorter[str] = TopologicalSorter()
    place_of: dict[str, int] = {}
    for place, row in enumerate(rows):
        code, successor = row["regime"] + row["organism"], row.get("successor", "")
        if successor:
            heirs.add(successor, code)
            place_of.setdefault(code, place)
    try:
        heirs.prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        yield Fault(
            min(place_of[code] for code in circle),
            "successor",
            "circle",
            f"leads in a circle: {' -> '.join(circle)}; wanted one that ends somewhere",
        )


def _line(rows: Sequence[Row], place: int) -> str:
    """Name an earlier row by its line in a national table, else by what it is called."""
    row = rows[place]
    return f"line {row['row']}" if "row" in row else "an earlier row"
