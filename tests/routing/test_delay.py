"""What is learned of delays: never surer than what was seen, never at infinity."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.delay import Curve, Table, Watched, wilson

COUNTS = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 50)), max_size=8)


@st.composite
def days(draw: st.DrawFn) -> Watched:
    """Claims of a day, watched long enough for every answer that came."""
    answered, lost = draw(COUNTS), draw(COUNTS)
    latest = max((after for after, _ in [*answered, *lost]), default=0)
    total = sum(claims for _, claims in [*answered, *lost])
    return Watched(
        followed=latest + draw(st.integers(0, 20)),
        sent=total + draw(st.integers(0, 100)),
        answered=answered,
        lost=lost,
    )


TABLES = st.lists(days(), max_size=6).map(Table)
SHARES = st.floats(0.001, 1.0)


@given(TABLES)
def test_a_curve_only_rises(table: Table) -> None:
    """More time never means fewer answers, and a share is a share."""
    shares = Curve(table).shares
    assert shares == sorted(shares)
    assert all(0.0 <= share <= 1.0 for share in shares)


@given(TABLES, SHARES, SHARES)
def test_a_quantile_exists_where_answers_do(
    table: Table, share: float, other: float
) -> None:
    """However many never come, the delay of those that come is a number of days."""
    curve = Curve(table)
    one, two = curve.quantile(share), curve.quantile(other)
    if not table.answers:
        assert one is None
        assert two is None
        return
    assert one is not None
    assert two is not None
    assert 0.0 <= one <= max(table.answered)
    assert (one <= two) if share <= other else (two <= one)


@given(COUNTS.filter(bool), st.integers(0, 5000))
def test_claims_that_never_come_change_no_quantile(
    answered: list[tuple[int, int]], never: int
) -> None:
    """A third without an answer does not make the others slow."""
    claims = sum(count for _, count in answered)
    all_come = Curve(Table([Watched(40, claims, answered)]))
    few_come = Curve(Table([Watched(40, claims + never, answered)]))
    assert few_come.plateau == pytest.approx(claims / (claims + never))
    for day in range(31):
        assert few_come.within(day) == pytest.approx(all_come.within(day))


@given(COUNTS.filter(bool))
def test_without_open_claims_it_is_the_plain_share(
    answered: list[tuple[int, int]],
) -> None:
    """Kaplan and Meier agree with counting where nothing is censored."""
    claims = sum(count for _, count in answered)
    curve = Curve(Table([Watched(30, claims, answered)]))
    for day in range(31):
        came = sum(count for after, count in answered if after <= day)
        assert curve.within(day) == pytest.approx(came / claims)


@given(TABLES, st.integers(2, 50))
def test_the_size_of_a_table_does_not_bend_its_curve(table: Table, factor: int) -> None:
    """Pooling scales tables: the same in large has the same curve."""
    scaled = Table().plus(table, float(factor))
    assert Curve(scaled).shares == pytest.approx(Curve(table).shares)


def test_open_claims_count_for_as_long_as_they_were_watched() -> None:
    """Of 100 claims 50 came on day 1; of the 25 still watched on day 2, 10 came."""
    curve = Curve(
        Table([Watched(1, 50, [(1, 25)]), Watched(9, 50, [(1, 25), (2, 10)])])
    )
    assert curve.shares == pytest.approx([0.0, 0.5, 0.7])
    assert curve.quantile(0.5) == pytest.approx(0.7)  # of the way through day 1


def test_what_came_after_a_remedy_is_no_delay_of_the_payer() -> None:
    """It leaves the watch, as one that is still open does."""
    curve = Curve(Table([Watched(60, 100, [(2, 70)], [(45, 30)])]))
    assert curve.day(0.99) == 2
    assert curve.plateau == pytest.approx(0.7)


def test_a_file_of_a_thousand_answers_is_no_thousand_witnesses() -> None:
    """What comes in one file says one thing: a day counts as a few answers."""
    table = Table([Watched(30, 1000, [(3, 1000)])])
    assert table.seen_for(10) == 20
    assert table.seen_for(31) == 0
    assert Curve(table).surely(0.99, 20) is None


@given(st.integers(0, 500), st.integers(1, 500))
def test_the_interval_holds_what_was_seen(hits: int, of: int) -> None:
    """It is a share, and narrows around the one that was counted."""
    hits = min(hits, of)
    low, high = wilson(hits, of)
    assert 0.0 <= low <= hits / of <= high <= 1.0
    wide = wilson(hits * 9, of * 9)
    assert wide[1] - wide[0] < high - low


def test_the_interval_is_wilsons() -> None:
    """Known values; nothing seen says nothing."""
    assert wilson(10, 100) == pytest.approx((0.0552, 0.1744), abs=1e-4)
    assert wilson(0, 0) == (0.0, 1.0)


def test_the_sure_day_is_rarely_too_early() -> None:
    """Of a payer whose answers take any shape, under 1 % come later than that day."""
    chance = random.Random(7)
    for mean in (1.0, 3.0, 8.0):
        watched = []
        delays = []
        for _ in range(100):
            took = [int(chance.gammavariate(2.0, mean / 2.0)) for _ in range(20)]
            delays += took
            watched.append(Watched(90, 30, [(days, 1) for days in took]))
        curve = Curve(Table(watched))
        day = curve.surely(0.99, curve.table.seen_for(80))
        assert day is not None
        later = sum(
            int(chance.gammavariate(2.0, mean / 2.0)) > day for _ in range(20_000)
        )
        assert later / 20_000 < 0.01
