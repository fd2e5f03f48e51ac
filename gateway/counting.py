"""Counts the journal's rows for the metrics, and bounds what that costs.

Counting goes through every open row, which takes longer the more there are.  A
pause follows each count that is many times as long, so that counting never
takes more than a small share of the machine; with it the figures age.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from gateway.intake.reception import RunInThread

LEAST_PAUSE: Final = 15.0  # seconds
PAUSES: Final = 20  # a count is followed by a pause that many times as long


class Counting:
    """Runs a count again and again until it is stopped; one that fails is no end."""

    _log = Logger()

    def __init__(
        self,
        count: Callable[[], None],
        *,
        clock: IReactorTime,
        run_in_thread: RunInThread,
    ) -> None:
        self._count = count
        self._clock = clock
        self._run_in_thread = run_in_thread
        self._next: IDelayedCall | None = None
        self._running: Deferred[None] | None = None
        self._stopped = False

    def start(self) -> None:
        """Count now, then again after each pause."""
        self._next = None
        began = self._clock.seconds()
        self._running = self._run_in_thread(self._count)
        self._running.addErrback(self._failed)
        self._running.addCallback(lambda _: self._pause(self._clock.seconds() - began))

    def stop(self) -> Deferred[None] | None:
        """Count no more; fires when a count under way has ended."""
        self._stopped = True
        if self._next is not None:
            self._next.cancel()
            self._next = None
        return self._running

    def _pause(self, took: float) -> None:
        self._running = None
        if not self._stopped:
            pause = max(LEAST_PAUSE, PAUSES * took)
            self._next = self._clock.callLater(pause, self.start)

    def _failed(self, failure: Failure) -> None:
        self._log.failure("counting rows failed", failure)
