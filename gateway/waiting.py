"""What waits for a thread of its own: taken in order, and nothing is left behind its end."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Final, Generic, TypeVar

Item = TypeVar("Item")

_STOP: Final = None


class Line(Generic[Item]):
    """A thread and what waits for it; `run` takes until it gets None, then returns."""

    def __init__(self, name: str, run: Callable[[], None]) -> None:
        self._name = name
        self._run = run
        self._queue: queue.SimpleQueue[Item | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._door = threading.Lock()  # nothing is queued behind the stop

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Let the thread work off what waits; returns when it has ended."""
        with self._door:
            thread, self._thread = self._thread, None
            if thread is not None:
                self._queue.put(_STOP)
        if thread is not None:
            thread.join()

    def put(self, item: Item) -> bool:
        """Let an item wait for the thread; False if there is none."""
        with self._door:
            if self._thread is None:
                return False
            self._queue.put(item)
            return True

    def take(self) -> Item | None:
        """Wait for the next item; None: stop.  Called by the thread."""
        return self._queue.get()

    def __len__(self) -> int:
        """How many items wait."""
        return self._queue.qsize()
