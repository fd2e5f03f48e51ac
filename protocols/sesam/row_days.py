"""The days of a row in a table: from when, and until when, it holds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from protocols.sesam.amc_comparison import Fault
from protocols.sesam.amc_tables import DAYS, Row


def wrong_days(place: int, row: Row) -> Iterator[Fault]:
    """Yield what is wrong in a row's days; a row need not have any."""
    ends = []
    for column in DAYS:
        text = row.get(column, "")
        try:
            ends.append(_day(text) if text else None)
        except ValueError:
            yield Fault(
                place, column, "wrong-day", f"is {text!r}; wanted a day, YYYY-MM-DD"
            )
            return
    first, last = ends
    if first is not None and last is not None and last < first:
        yield Fault(
            place, "valid_until", "wrong-day", f"is {last}, before valid_from {first}"
        )


def _day(text: str) -> date:
    """Read a day in the one form in which days are compared as texts elsewhere."""
    day = date.fromisoformat(text)
    if day.isoformat() != text:  # such as 20261201, or a week
        raise ValueError(text)
    return day
