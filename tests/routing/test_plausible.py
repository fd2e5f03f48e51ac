"""What a payer cannot have meant is told from what is only unusual."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.envelope import AnswerSeen, Level, Outcome
from routing.plausible import Bounds, absurdity

BOUNDS = Bounds(overpaid=20, largest=100_000)


def why(paid: int, *, asked: int = 1000, before: int = 0, outcome: str = "paid") -> str:
    answer = AnswerSeen(
        level=Level.CLAIM,
        match_keys=(),
        sender="",
        outcome=Outcome(outcome),
        asked=asked,
        paid=paid,
    )
    return absurdity(answer, asked=asked, paid=before, bounds=BOUNDS)


@pytest.mark.parametrize(
    ("paid", "before", "asked"),
    [
        (1000, 0, 1000),
        (1200, 0, 1000),
        (300, 700, 1000),
        (-700, 700, 1000),
        (-5, 0, -5),
    ],
)
def test_what_is_unusual_is_believed(paid: int, before: int, asked: int) -> None:
    """A little more, in parts, decided anew, taken back in full, or a credit note."""
    assert why(paid, before=before, asked=asked) == ""


@pytest.mark.parametrize(
    ("paid", "before", "asked", "words"),
    [
        (1201, 0, 1000, "more is paid than was asked"),
        (-1, 0, 1000, "more is taken back"),
        (-701, 700, 1000, "more is taken back"),
        (100_001, 0, 100_001, "larger than any"),
    ],
)
def test_what_cannot_be_meant_says_why(
    paid: int, before: int, asked: int, words: str
) -> None:
    """Too much at once, less than nothing, or beyond any claim."""
    assert words in why(paid, before=before, asked=asked)


@given(st.integers(), st.integers())
def test_information_is_always_believed(paid: int, before: int) -> None:
    """Debts and one-off payments move no claim's money."""
    assert why(paid, before=before, outcome="information") == ""
