"""A table that takes effect on a day, put together with the one that is in force.

Rows that both have stay as they are; what is gone ends on the day before, what is new
begins on the day.  Rows that hold together on a day stand in the order of their own
table, for tables in which the first row wins.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from difflib import SequenceMatcher
from typing import Final

FIRST: Final = "valid_from"
LAST: Final = "valid_until"
_NOT_SAID: Final = ("row", FIRST, LAST)  # what does not tell one row from another

Row = Mapping[str, str]


def put_together(
    before: Sequence[Row], after: Sequence[Row], since: date
) -> list[dict[str, str]]:
    """Return the rows of both, with their days; rows of `after` have none yet.

    What was to begin on `since` or later and is not in `after` never begins.
    """
    begun = [row for row in before if row.get(FIRST, "") < since.isoformat()]
    merged: list[dict[str, str]] = []
    matcher = SequenceMatcher(
        None, [_said(row) for row in begun], [_said(row) for row in after], False
    )
    for what, i, j, k, m in matcher.get_opcodes():
        if what == "equal":
            merged += [
                {**new, FIRST: old.get(FIRST, "")}
                for old, new in zip(begun[i:j], after[k:m], strict=True)
            ]
        else:
            merged += _ended(begun[i:j], since - timedelta(days=1))
            merged += [{**new, FIRST: since.isoformat()} for new in after[k:m]]
    return merged


def _said(row: Row) -> tuple[tuple[str, str], ...]:
    """Return what a row says; one that ends has no equal among those that do not."""
    said = {key: value for key, value in row.items() if key not in _NOT_SAID and value}
    if row.get(LAST):
        said[LAST] = row[LAST]
    return tuple(sorted(said.items()))


def _ended(rows: Sequence[Row], last: date) -> Iterator[dict[str, str]]:
    for row in rows:
        yield {**row, LAST: min(row.get(LAST) or "9999-12-31", last.isoformat())}
