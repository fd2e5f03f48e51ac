"""Ends the connections whose login no longer holds, on this node, within seconds.

Accounts and keys are rows that any node or a command may change, so each node asks:
one short question every few seconds about the logins that it has, none if it has
none.  A journal that cannot answer ends nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from gateway.errors import StorageUnavailable
from gateway.intake.interface import Credentials
from gateway.journal.clients import Login

_EVERY: Final = 3.0  # seconds
_log = Logger()


class Recheck:
    """Asks about the logins of open connections until it is stopped."""

    def __init__(
        self,
        *,
        credentials: Credentials,
        clock: IReactorTime,
        logins: Callable[[], frozenset[Login]],
        end: Callable[[frozenset[Login]], None],
    ) -> None:
        self._credentials = credentials
        self._clock = clock
        self._logins = logins
        self._end = end
        self._next: IDelayedCall | None = None
        self._running = False

    def start(self) -> None:
        """Begin to ask."""
        self._running = True
        self._wait()

    def stop(self) -> None:
        """Ask no more."""
        self._running = False
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _wait(self) -> None:
        if self._running:
            self._next = self._clock.callLater(_EVERY, self._ask)

    def _ask(self) -> None:
        self._next = None
        logins = self._logins()
        if not logins:
            self._wait()
            return
        asked = self._credentials.ended(logins).addCallback(self._end)
        asked.addErrback(self._failed).addCallback(lambda _: self._wait())

    def _failed(self, failure: Failure) -> None:
        if not failure.check(StorageUnavailable):
            _log.failure("logins could not be checked", failure=failure)
