"""Counting rows for the metrics goes on whatever happens, and leaves the machine alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, fail, maybeDeferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from gateway.counting import LEAST_PAUSE, PAUSES, Counting


class CountingTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.counts = 0
        self.takes = 0.0

    def counting(self, run: Callable[..., Deferred[Any]] = maybeDeferred) -> Counting:
        made = Counting(self.count, clock=self.clock, run_in_thread=run)
        made.start()
        return made

    def count(self) -> None:
        self.counts += 1
        self.clock.advance(self.takes)

    def test_a_quick_count_comes_again_soon(self) -> None:
        """While counting takes no time, figures are never older than the pause."""
        counting = self.counting()
        assert self.counts == 1
        self.clock.advance(LEAST_PAUSE - 0.1)
        assert self.counts == 1
        self.clock.advance(0.1)
        assert self.counts == 2
        counting.stop()
        assert self.clock.getDelayedCalls() == []

    def test_a_slow_count_is_followed_by_a_long_pause(self) -> None:
        """A journal so large that counting takes long is counted more seldom."""
        self.takes = 3.0
        counting = self.counting()
        self.clock.advance(PAUSES * self.takes - 0.1)
        assert self.counts == 1
        self.clock.advance(0.1)
        assert self.counts == 2
        counting.stop()

    def test_a_count_that_fails_is_told_and_tried_again(self) -> None:
        """A journal that is away for a while does not end the counting."""

        def fails(call: Callable[[], None]) -> Deferred[Any]:
            return fail(ZeroDivisionError())

        counting = self.counting(fails)
        (failure,) = self.flushLoggedErrors(ZeroDivisionError)
        self.clock.advance(LEAST_PAUSE)
        assert len(self.flushLoggedErrors(ZeroDivisionError)) == 1
        assert failure.check(ZeroDivisionError)
        counting.stop()

    def test_a_stop_waits_for_the_count_under_way(self) -> None:
        """Nothing reads the journal after the stop has ended."""
        under_way: Deferred[None] = Deferred()
        counting = self.counting(lambda _: under_way)
        stopped = counting.stop()
        assert stopped is not None
        self.assertNoResult(stopped)
        under_way.callback(None)
        self.successResultOf(stopped)
        assert self.clock.getDelayedCalls() == []
