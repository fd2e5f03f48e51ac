"""The delays in force: learned from the cohorts, held, and learned again at times.

Reading them costs as many rows as payers have days, so a step asks for it between
two transactions, never inside of one; what it then uses is a value that never changes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

from gateway.clock import Now
from gateway.database import Database
from gateway.errors import StorageUnavailable
from gateway.journal import cohorts
from routing.delays import HISTORY, Delays
from routing.directory import Directory

_EVERY: Final = 86_400.0  # only whole days are evidence


class CurrentDelays:
    """What is learned of all payers; called for it, from any thread."""

    def __init__(
        self, database: Database, directory: Callable[[], Directory], now: Now
    ) -> None:
        self._database = database
        self._directory = directory
        self._now = now
        self._delays = Delays((), directory(), now())
        self._of = ""  # the directory that they were learned with
        self._until = 0.0
        self._learning = threading.Lock()

    def __call__(self) -> Delays:
        """Return what was learned last; before that nothing is."""
        return self._delays

    def refresh(self) -> None:
        """Learn again if a day has passed, or the directory is another one.

        One thread does it; the others go on with what there is.
        """
        directory, now = self._directory(), self._now()
        if directory.version == self._of and now < self._until:
            return
        if not self._learning.acquire(blocking=False):
            return
        try:
            with suppress(StorageUnavailable):  # the step will say so itself
                self._delays = learn(self._database, directory, now)
                self._of, self._until = directory.version, now + _EVERY
        finally:
            self._learning.release()


def learn(
    database: Database,
    directory: Directory,
    now: float,
    payers: Collection[str] | None = None,
) -> Delays:
    """Read the cohorts of the last half year, of some payers or all, and learn from them."""
    since = datetime.fromtimestamp(now, UTC).date() - timedelta(days=HISTORY)
    rows = database.read(cohorts.read, since.isoformat(), payers=payers)
    return Delays(rows, directory, now)
