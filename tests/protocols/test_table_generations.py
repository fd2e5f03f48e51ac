"""A table that takes effect on a day to come, beside the one in force."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from random import Random

import pytest

from protocols.table_generations import FIRST, LAST, put_together

SINCE = date(2027, 1, 1)


def table(keys: str) -> list[dict[str, str]]:
    return [{"row": str(n), "key": key} for n, key in enumerate(keys, 1)]


def on(rows: Sequence[dict[str, str]], day: str) -> str:
    """Return the keys of the rows that hold on a day, in their order."""
    return "".join(
        row["key"]
        for row in rows
        if row.get(FIRST, "") <= day <= (row.get(LAST) or "9999")
    )


@pytest.mark.parametrize("seed", range(20))
def test_each_day_has_its_own_table_in_its_own_order(seed: int) -> None:
    """Three tables, one after the other: none changes what another says on its days."""
    rng = Random(seed)
    first, second, third = (
        "".join(rng.choices("abcdef", k=rng.randrange(9))) for _ in range(3)
    )
    rows = put_together(table(first), table(second), SINCE)
    assert (on(rows, "2026-12-31"), on(rows, "2027-01-01")) == (first, second)
    rows = put_together(rows, table(third), date(2027, 6, 1))
    assert [on(rows, day) for day in ("2026-12-31", "2027-05-31", "2027-06-01")] == [
        first,
        second,
        third,
    ]


def test_what_stays_keeps_no_day_and_what_never_began_goes() -> None:
    """An unchanged row is one row; a coming table is replaced by another one."""
    rows = put_together(table("ab"), table("bc"), SINCE)
    assert [(row["key"], row.get(FIRST), row.get(LAST)) for row in rows] == [
        ("a", None, "2026-12-31"),
        ("b", "", None),
        ("c", "2027-01-01", None),
    ]
    again = put_together(rows, table("bd"), SINCE)
    assert [row["key"] for row in again] == ["a", "b", "d"]
