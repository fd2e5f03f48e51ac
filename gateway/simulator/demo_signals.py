"""Ctrl-C and SIGTERM in the demo: noted, and answered by an orderly end.

They are counted, so that a second one can cut short what the first one began.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Interrupts:
    """Counts SIGINT and SIGTERM, and wakes whoever waits."""

    def __init__(self) -> None:
        self.count = 0
        self._came = threading.Event()

    def note(self, *_: object) -> None:
        """Note one; a signal handler."""
        self.count += 1
        self._came.set()

    def wait(self, since: int, seconds: float) -> bool:
        """Wait; True as soon as one came after `since`."""
        self._came.clear()
        if self.count == since:
            self._came.wait(seconds)
        return self.count != since


@contextmanager
def listening_for_signals() -> Iterator[Interrupts]:
    """Note SIGINT and SIGTERM while it lasts; then they mean what they did before."""
    interrupts = Interrupts()
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, interrupts.note) for number in numbers]
    try:
        yield interrupts
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
