"""Steps run on whatever happens to one of their turns, and stop when told to."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.trial.unittest import SynchronousTestCase

from gateway import supervise
from gateway.errors import LostRace, StorageUnavailable
from gateway.operations import NotReady, steps_check
from gateway.supervise import Bell, StepRunner


class Counted:
    """Notes what the steps report."""

    def __init__(self) -> None:
        self.turns = 0
        self.steps: list[str] = []
        self.failed: list[str] = []

    def step_turned(self, name: str) -> None:
        self.turns += 1

    def step(self, name: str, seconds: float) -> None:
        self.steps.append(name)

    def step_failed(self, name: str) -> None:
        self.failed.append(name)


class Planned:
    """A step whose turns the test has planned; idle once they are over."""

    name = "planned"

    def __init__(self, *turns: bool | Exception) -> None:
        self._turns = list(turns)
        self._lock = threading.Lock()
        self.over = threading.Event()

    def run_once(self) -> bool:
        with self._lock:
            if not self._turns:
                self.over.set()
                return False
            turn = self._turns.pop(0)
        if isinstance(turn, Exception):
            raise turn
        return turn


class StepRunnerTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.patch(supervise, "_PAUSE_AFTER_FAILURE", 0.001)
        self.bell = Bell()
        self.counted = Counted()

    def runner(self, step: Any, **options: Any) -> StepRunner:
        made = StepRunner(
            step,
            workers=options.pop("workers", 1),
            bell=self.bell,
            then=options.pop("then", None),
            idle=options.pop("idle", 30.0),
            monotonic=lambda: 0.0,
            observe=self.counted,
            defer_to_thread=maybeDeferred,
            **options,
        )
        self.addCleanup(lambda: made.running and made.stopService())
        return made

    def run_until_over(self, step: Planned, **options: Any) -> None:
        runner = self.runner(step, **options)
        runner.startService()
        assert step.over.wait(30)
        self.successResultOf(runner.stopService())

    def test_a_busy_step_goes_on_at_once(self) -> None:
        """While there is work no pause is made, and each turn is counted."""
        self.run_until_over(Planned(True, True, True))
        assert self.counted.steps == ["planned"] * 3
        assert self.counted.turns >= 4  # the idle one too

    @pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
    def test_a_worker_that_died_is_missed(self) -> None:
        """What ends a thread for good, and nothing logs, makes the node not ready."""

        class Deadly:
            name = "deadly"

            def run_once(self) -> bool:
                raise SystemExit  # ends its thread, and prints nothing

        runner = self.runner(Deadly(), workers=2, idle=30.0)
        assert runner.lacks() == 2
        runner.startService()
        for thread in runner._threads:
            thread.join(30)
        assert runner.lacks() == 2
        asked = steps_check([runner]).look()
        assert "step-deadly" in str(self.failureResultOf(asked, NotReady).value)

    def test_all_workers_run(self) -> None:
        """Until it is stopped none is missed."""
        step = Planned()
        runner = self.runner(step, workers=2)
        runner.startService()
        assert step.over.wait(30)
        assert self.successResultOf(steps_check([runner]).look()) == "all run"
        self.successResultOf(runner.stopService())

    def test_a_turn_that_fails_does_not_end_the_step(self) -> None:
        """An unforeseen error is logged, counted, and the next turn comes."""
        self.run_until_over(Planned(True, ZeroDivisionError("x"), True))
        assert self.counted.steps == ["planned"] * 2
        assert self.counted.failed == ["planned"]
        assert len(self.flushLoggedErrors(ZeroDivisionError)) == 1

    def test_a_journal_that_is_away_is_waited_for(self) -> None:
        """It is a warning and no error, and the step tries again."""
        self.run_until_over(Planned(StorageUnavailable("away"), True))
        assert (self.counted.steps, self.counted.failed) == (["planned"], ["planned"])
        assert self.flushLoggedErrors() == []

    def test_a_lost_race_is_nobodys_fault(self) -> None:
        """Another worker was faster: nothing is logged and nothing is waited for."""
        self.patch(supervise, "_PAUSE_AFTER_FAILURE", 3600.0)
        self.run_until_over(Planned(LostRace("x"), True))
        assert (self.counted.steps, self.counted.failed) == (["planned"], [])

    def test_work_wakes_those_that_wait(self) -> None:
        """An idle step hears the bell and looks again at once."""
        looked: list[int] = []
        turns = threading.Semaphore(0)

        class Idle:
            name = "idle"

            def run_once(self) -> bool:
                looked.append(1)
                turns.release()
                return False

        runner = self.runner(Idle(), idle=3600.0)
        runner.startService()
        assert turns.acquire(timeout=30)
        self.bell.ring()
        assert turns.acquire(timeout=30)
        self.successResultOf(runner.stopService())
        assert len(looked) >= 2

    def test_what_a_step_did_wakes_the_next_one(self) -> None:
        """A turn that did something rings for the next step, an idle one does not."""
        following = Bell()
        self.run_until_over(Planned(True, True), then=following)
        assert following.count == 2

    def test_a_stop_waits_for_the_turn_under_way(self) -> None:
        """Stopping fires when the last turn has ended, never in its middle."""
        began, go_on, ended = (threading.Event() for _ in range(3))

        class Long:
            name = "long"

            def run_once(self) -> bool:
                began.set()
                go_on.wait(30)
                ended.set()
                return False

        waiting: list[Callable[[], None]] = []
        stopped: Deferred[None] = Deferred()

        def later(call: Callable[[], None]) -> Deferred[None]:
            waiting.append(call)
            return stopped

        runner = self.runner(Long())
        runner._defer_to_thread = later
        runner.startService()
        assert began.wait(30)
        assert runner.stopService() is stopped
        assert not ended.is_set()
        go_on.set()
        waiting[0]()
        assert ended.is_set()

    def test_workers_take_turns_side_by_side(self) -> None:
        """A step with several workers runs as many turns at once."""
        together = threading.Barrier(3)
        met = threading.Event()

        class Side:
            name = "side"

            def run_once(self) -> bool:
                if not met.is_set():
                    together.wait(30)
                    met.set()
                return False

        runner = self.runner(Side(), workers=3)
        runner.startService()
        assert met.wait(30)
        self.successResultOf(runner.stopService())

    def test_an_interval_is_kept_even_with_work_left(self) -> None:
        """A step with an interval does not look at every ring of the bell."""
        step = Planned(True)
        runner = self.runner(step, every=3600.0)
        runner.startService()
        self.bell.ring()
        assert not step.over.wait(0.05)
        self.successResultOf(runner.stopService())

    def test_a_burst_is_let_in_before_it_is_worked_off(self) -> None:
        """A turn begins when nothing has come for a moment, or patience has ended."""
        for rings, waits in ((5, 6), (1000, 20)):
            runner = self.runner(Planned(), calm=0.1, patience=2.0)
            pauses = runner._stopping = Pauses(self.bell, rings)
            runner._await_calm()
            assert pauses.waits == waits

    def test_without_calm_a_turn_begins_at_once(self) -> None:
        """Other steps do not wait."""
        runner = self.runner(Planned())
        pauses = runner._stopping = Pauses(self.bell, 5)
        runner._await_calm()
        assert pauses.waits == 0


class Pauses(threading.Event):
    """Pauses that take no time, in each of which more comes, `rings` times."""

    def __init__(self, bell: Bell, rings: int) -> None:
        super().__init__()
        self._bell = bell
        self._rings = rings
        self.waits = 0

    def wait(self, timeout: float | None = None) -> bool:
        self.waits += 1
        if self._rings > 0:
            self._rings -= 1
            self._bell.ring()
        return self.is_set()


class BellTests(SynchronousTestCase):
    def test_a_ring_between_look_and_wait_is_not_missed(self) -> None:
        """Who looked before the ring does not sleep through it."""
        bell = Bell()
        since = bell.count
        bell.ring()
        bell.wait(since, 3600.0)
        assert bell.count == since + 1
