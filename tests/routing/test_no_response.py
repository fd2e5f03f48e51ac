"""The rate of a cohort at an age: what is young is not counted, what is late is late."""

from __future__ import annotations

from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from routing.delays import Counted
from routing.no_response import Rate, over_until, rates, sendings

OVER = date(2026, 11, 23)


def cohort(
    sent_on: str,
    sent: int,
    *answers: tuple[int, int],
    kind: str = "payment",
    payer: str = "p",
) -> list[Counted]:
    its = (payer, "billing", kind, sent_on)
    return [Counted(*its, -1, 0, sent)] + [
        Counted(*its, after, 0, claims) for after, claims in answers
    ]


def rate(rows: list[Counted], after: int) -> Rate:
    found = rates(sendings(rows), after=after, over=OVER, by=lambda _: "all")
    return found["all"]


def test_an_answer_counts_for_the_ages_that_it_came_by() -> None:
    """On day 40 it is an answer after 45 days, and none after 30."""
    rows = cohort("2026-09-01", 10, (3, 6), (30, 1), (40, 2))
    assert rate(rows, 30) == Rate(10, 3, 0)
    assert rate(rows, 45) == Rate(10, 1, 0)
    assert rate(rows, 2) == Rate(10, 10, 0)


def test_a_cohort_is_ripe_once_its_day_is_over() -> None:
    """The last day of its age belongs to it, wherever the payer is."""
    assert rate(cohort("2026-10-24", 5), 30) == Rate(5, 5, 0)
    assert rate(cohort("2026-10-25", 5), 30) == Rate(0, 0, 5)
    assert rate(cohort("2026-10-25", 5), 30).share is None


def test_the_closing_answer_counts_and_not_the_acknowledgement() -> None:
    """Most claims owe it; where each lot is one claim, the one that lacks more."""
    arl = cohort("2026-09-01", 2, (1, 2), kind="arl")
    assert rate(arl + cohort("2026-09-01", 10, (3, 4)), 30) == Rate(10, 6, 0)
    assert rate(arl + cohort("2026-09-01", 2, (3, 1)), 30) == Rate(2, 1, 0)


def test_a_day_is_over_once_it_is_over_everywhere() -> None:
    """Noon of UTC ends yesterday in the last zone."""
    noon = datetime(2026, 11, 24, 12, tzinfo=UTC).timestamp()
    assert over_until(noon) == date(2026, 11, 23)
    assert over_until(noon - 1) == date(2026, 11, 22)


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=8),
    st.integers(0, 100),
    st.integers(0, 40),
)
def test_more_time_never_worsens_a_rate(
    answers: list[tuple[int, int]], more: int, after: int
) -> None:
    """What lacks an answer is between none and all, and only falls with age."""
    sent = sum(claims for _, claims in answers) + more
    rows = cohort("2026-08-01", sent, *answers)
    one, two = rate(rows, after), rate(rows, after + 10)
    assert 0 <= two.lacking <= one.lacking <= one.sent == sent
    low, high = one.interval
    assert sent == 0 or low <= one.lacking / sent <= high
