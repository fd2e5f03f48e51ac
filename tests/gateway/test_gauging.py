"""Gauges are fresh where counting is cheap, and never keep the journal busy."""

from __future__ import annotations

from gateway.gauging import Gauging
from tests.gateway.journal.desk import NO_PAYERS, Desk
from tests.gateway.test_learning import count, desk

__all__ = ["desk"]


def test_what_takes_long_is_counted_rarely(desk: Desk) -> None:
    """A count of a second is made again after a minute, one of no time at once."""
    took = [0.0]
    at = [0.0]

    def monotonic() -> float:
        at[0] += took[0]
        return at[0]

    gauging = Gauging(desk.database, lambda: NO_PAYERS, lambda: desk.at, monotonic)

    def seen() -> int:
        return sum(each.claims for each in gauging.take().cohorts.values())

    assert seen() == 0
    count(desk, "p")
    desk.at += 100 * 86_400.0
    assert seen() == 3  # at each of three ages
    took[0] = 1.0
    count(desk, "q")
    assert seen() == 6
    count(desk, "r")
    assert seen() == 6
    at[0] += 60.0
    assert seen() == 9
