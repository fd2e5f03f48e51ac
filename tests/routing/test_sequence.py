"""Numbering: next, missing, repeated, wrapped."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.sequence import Habit, Numbering, Seen, ranges

LOTS = Numbering(1, 999)


def test_numbers_count_up_and_wrap() -> None:
    """After the last number comes the first; nothing yet means the first."""
    assert [LOTS.after(number) for number in (None, 1, 998, 999, 5000)] == [
        1,
        2,
        999,
        1,
        1,
    ]


@pytest.mark.parametrize(
    ("last", "number", "seen"),
    [
        (None, 42, Seen(42, (), old=False)),
        (7, 8, Seen(8, (), old=False)),
        (7, 10, Seen(10, (8, 9), old=False)),
        (998, 2, Seen(2, (999, 1), old=False)),
        (7, 7, Seen(7, (), old=True)),
        (7, 6, Seen(7, (), old=True)),
        (2, 998, Seen(2, (), old=True)),
    ],
)
def test_gaps_and_repeats(last: int | None, number: int, seen: Seen) -> None:
    """A jump ahead names what is missing; a number behind is old, across the wrap."""
    assert LOTS.see(last, number) == seen


@given(st.integers(1, 999), st.integers(1, 499))
def test_what_is_missing_is_what_lies_between(last: int, ahead: int) -> None:
    """Counting on from the last number meets each missing one, then the new one."""
    number = last
    between = []
    for _ in range(ahead):
        number = LOTS.after(number)
        between.append(number)
    assert LOTS.see(last, number) == Seen(number, tuple(between[:-1]), old=False)


def test_a_number_outside_is_refused() -> None:
    """A payer that numbers otherwise than the directory says is noticed."""
    for number in (0, 1000):
        with pytest.raises(ValueError, match="wanted 1 to 999"):
            LOTS.see(5, number)
    with pytest.raises(ValueError, match="do not count up"):
        Numbering(5, 5)


@pytest.mark.parametrize(
    ("order", "sequential", "jumps"),
    [
        ([True] * 4, False, False),
        ([True] * 5, True, False),
        ([True, False, True, True, True], True, False),
        ([True, False, True, True, False], False, False),
        ([False] * 5, False, True),
        ([True] * 500 + [False] * 60, False, True),
        ([False] * 500 + [True] * 120, True, False),
    ],
)
def test_a_habit_is_learned_and_unlearned(
    order: list[bool], sequential: bool, jumps: bool
) -> None:
    """Five in order, or five of six, are a habit; old habits fade."""
    habit = Habit()
    for step in order:
        habit = habit.after(in_order=step)
    assert (habit.sequential, habit.jumps) == (sequential, jumps)


def test_numbers_are_told_in_ranges() -> None:
    """What lies together is one range, and a long list is cut."""
    assert ranges([12, 13, 14, 17]) == "12 to 14, 17"
    assert ranges(range(1, 60, 2), most=2) == "1, 3 and 28 more"
