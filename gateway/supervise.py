"""Runs the steps: each in threads of its own, woken when there is work.

A step that fails is logged and tried again after a pause; one bad turn never
ends a loop.  A step that did something rings for the next one, so work flows on
at once; the idle pause only bounds how long another node's work goes unseen.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from gateway.errors import LostRace, StorageUnavailable

_PAUSE_AFTER_FAILURE: Final = 2.0
_OTHERS_LOOK_EVERY: Final = 30.0  # seconds


class Step(Protocol):
    """One step of a claim's way."""

    name: str

    def run_once(self) -> bool:
        """Do one thing; False if there was nothing to do."""
        ...


class StepObserver(Protocol):
    """Counts what the steps do."""

    def step_turned(self, step: str, /) -> None:
        """Note that a turn begins, which may find nothing to do."""
        ...

    def step(self, name: str, seconds: float) -> None:
        """Note a turn that did something, and how long it took."""
        ...

    def step_failed(self, name: str) -> None:
        """Note a turn that failed."""
        ...


class Bell:
    """Wakes every worker that waits for it."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._count = 0

    def ring(self) -> None:
        """Wake all."""
        with self._condition:
            self._count += 1
            self._condition.notify_all()

    @property
    def count(self) -> int:
        """How often it was rung; give it to `wait`."""
        return self._count

    def wait(self, since: int, timeout: float) -> None:
        """Wait until it is rung after `since`, or for `timeout` seconds."""
        with self._condition:
            self._condition.wait_for(lambda: self._count != since, timeout)


class StepRunner(Service):
    """Runs one step with some workers until it is stopped.

    A step works on at once while there is work; with `every` it waits so many
    seconds after each turn.  With `calm` it does not begin before nothing has
    come for so many seconds, or for `patience` seconds at most, and with `rest`
    it lets some more come between two turns: what comes in a burst is answered
    first, and worked off together.
    """

    _log = Logger()

    def __init__(
        self,
        step: Step,
        *,
        workers: int,
        bell: Bell,
        then: Bell | None,
        idle: float,
        every: float = 0.0,
        rest: float = 0.0,
        calm: float = 0.0,
        patience: float = 0.0,
        monotonic: Callable[[], float],
        observe: StepObserver,
        defer_to_thread: Callable[[Callable[[], None]], Deferred[None]],
    ) -> None:
        self.setName(f"step-{step.name}")
        self._step = step
        self._workers = workers
        self._bell = bell
        self._then = then
        self._idle = idle
        self._every = every
        self._rest = rest
        self._calm = calm
        self._patience = patience
        self._monotonic = monotonic
        self._observe = observe
        self._defer_to_thread = defer_to_thread
        self._stopping = threading.Event()
        self._threads: Sequence[threading.Thread] = ()

    def startService(self) -> None:
        """Start the workers."""
        super().startService()
        # Only the first worker looks by itself; a ring wakes all.
        self._threads = [
            threading.Thread(
                target=self._work,
                args=(self._idle if number == 1 else _OTHERS_LOOK_EVERY,),
                name=f"{self._step.name}-{number}",
                daemon=True,
            )
            for number in range(1, self._workers + 1)
        ]
        for thread in self._threads:
            thread.start()

    def lacks(self) -> int:
        """Count the workers that ought to run and do not."""
        if not self.running:
            return self._workers
        return sum(not thread.is_alive() for thread in self._threads)

    def stopService(self) -> Deferred[None]:
        """Let each worker end its turn; fires when all have."""
        super().stopService()
        self._stopping.set()
        self._bell.ring()
        return self._defer_to_thread(self._join)

    def _join(self) -> None:
        for thread in self._threads:
            thread.join()

    def _work(self, idle: float) -> None:
        while not self._stopping.is_set():
            rung = self._bell.count
            began = self._monotonic()
            self._observe.step_turned(self._step.name)
            try:
                busy = self._step.run_once()
            except LostRace:
                continue  # another worker was faster; look again
            except StorageUnavailable as error:
                self._log.warn(
                    "step {step} waits: {error}", step=self._step.name, error=str(error)
                )
                self._failed()
                continue
            except Exception:
                self._log.failure("step {step} failed", step=self._step.name)
                self._failed()
                continue
            if busy:
                self._observe.step(self._step.name, self._monotonic() - began)
                if self._then is not None:
                    self._then.ring()
            if self._every:
                self._stopping.wait(self._every)
                continue
            if busy:
                self._stopping.wait(self._rest)
            else:
                self._bell.wait(rung, idle)
                self._await_calm()

    def _await_calm(self) -> None:
        waited = 0.0
        while self._calm and waited < self._patience and not self._stopping.is_set():
            rung = self._bell.count
            self._stopping.wait(self._calm)
            waited += self._calm
            if self._bell.count == rung:
                return

    def _failed(self) -> None:
        self._observe.step_failed(self._step.name)
        self._stopping.wait(_PAUSE_AFTER_FAILURE)
