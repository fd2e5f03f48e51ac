"""Rows of a complementary table beside one another: repeats, circles, wide masks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from protocols.sesam.amc_circles import circles
from protocols.sesam.amc_decision import normal_number
from protocols.sesam.amc_masks import MaskIndex
from protocols.sesam.amc_tables import (
    COLUMNS,
    CORRESPONDENCES,
    DAYS,
    GROUPINGS,
    KEYS,
    Row,
    share_a_day,
)
from routing.envelope import Severity

_NUMBERS: Final = frozenset({"amc_number", "signatory"})


class Fault(NamedTuple):
    """A fault: the row's place from 0, the column and words; `code` for programs."""

    place: int
    column: str
    code: str
    words: str
    severity: Severity = Severity.ERROR


def compare(name: str, rows: Sequence[Row]) -> Iterator[Fault]:
    """Yield what rows are wrong together; each of them was judged already."""
    yield from _repeats(name, rows)
    if name == GROUPINGS:
        for places in circles(rows):
            way = " -> ".join(
                f"{rows[place]['amc_number']} (row {_row(rows, place)})"
                for place in (*places, places[0])
            )
            yield Fault(
                places[0],
                "signatory",
                "circle",
                f"leads in a circle: {way}; wanted signatories that end somewhere",
            )
    elif name == CORRESPONDENCES:
        yield from _never_reached(rows)


def _repeats(name: str, rows: Sequence[Row]) -> Iterator[Fault]:
    """Yield rows that an earlier one has said, or contradicted, on some day."""
    said: dict[tuple[str, ...], list[int]] = {}
    told = [each for each in COLUMNS[name] if each not in ("row", *DAYS)]
    for place, row in enumerate(rows):
        key = tuple(_compared(column, row.get(column, "")) for column in KEYS[name])
        for other in said.setdefault(key, []):
            if not share_a_day(row, rows[other]):
                continue
            same = all(row.get(x, "") == rows[other].get(x, "") for x in told)
            yield warning(
                place,
                KEYS[name][0],
                "repeated-row",
                f"the row says {'again' if same else 'otherwise'} what row "
                f"{_row(rows, other)} says"
                + (
                    ""
                    if same or name == CORRESPONDENCES
                    else ": what is under both has several answers"
                ),
            )
            break
        said[key].append(place)


def _compared(column: str, value: str) -> str:
    """Return a cell as it is compared: numbers without leading zeros."""
    return normal_number(value) if column in _NUMBERS else value.upper()


def _never_reached(rows: Sequence[Row]) -> Iterator[Fault]:
    """Yield rows that an earlier, wider one always comes before.

    Earlier rows are kept by their number's mask and then by criterion, as a table
    repeats either of them in thousands of rows.
    """
    wide: MaskIndex[MaskIndex[int]] = MaskIndex()
    of_number: dict[str, MaskIndex[int]] = {}
    kept: set[tuple[str, str]] = set()
    for place, row in enumerate(rows):
        mutual, criterion = row["mutual_number"].upper(), row["criterion"].upper()
        other = next(
            (
                other
                for criteria in wide.covering(mutual)
                for other in criteria.covering(criterion)
                if _compared_masks(rows[other]) != (mutual, criterion)
            ),
            None,
        )
        if other is not None:
            number, fund = _compared_masks(rows[other])
            yield warning(
                place,
                "mutual_number",
                "never-reached",
                f"{mutual} with {criterion} is never reached: row "
                f"{_row(rows, other)}, {number} with {fund}, holds before it",
            )
        elif (mutual, criterion) not in kept and not any(row.get(x) for x in DAYS):
            kept.add((mutual, criterion))
            if mutual not in of_number:
                wide.add(mutual, of_number.setdefault(mutual, MaskIndex()))
            of_number[mutual].add(criterion, place)


def _compared_masks(row: Row) -> tuple[str, str]:
    return row["mutual_number"].upper(), row["criterion"].upper()


def _row(rows: Sequence[Row], place: int) -> str:
    return rows[place].get("row") or str(place + 1)


def warning(place: int, column: str, code: str, words: str) -> Fault:
    """Make a warning."""
    return Fault(place, column, code, words, Severity.WARNING)
