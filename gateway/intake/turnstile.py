"""Lets slow work through a few at a time, and turns away before a queue grows.

What takes long and can be asked for by anybody (an Argon2 hash is 64 MiB and a tenth
of a second of a core; a provider of logins may not answer) has its own way into the
threads, so that it never holds more than a few of those that all doors share.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import ClassVar, TypeVar

from twisted.internet.defer import DeferredSemaphore

from gateway.intake.reception import RunInThread
from routing.errors import GatewayError

T = TypeVar("T")


class Crowded(GatewayError):
    """Too many wait already; nothing was done, and a little later it may be."""

    code: ClassVar[str] = "crowded"
    retryable: ClassVar[bool] = True


class Turnstile:
    """Runs calls in threads, `at_once` of them; `most` are inside, `of_one` of one caller."""

    def __init__(
        self,
        run_in_thread: RunInThread,
        *,
        at_once: int = 2,
        most: int = 32,
        of_one: int = 8,
    ) -> None:
        self._run = run_in_thread
        self._turns = DeferredSemaphore(at_once)
        self._most = most
        self._of_one = of_one
        self._inside: Counter[str] = Counter()

    async def run(self, who: str, call: Callable[[], T]) -> T:
        """Run a call of somebody when it is its turn.

        Raises `Crowded` at once where too many wait, in all or of this caller.
        """
        if self._inside[who] >= self._of_one or self._inside.total() >= self._most:
            raise Crowded("too many are asking for it at once; try again in a moment")
        self._inside[who] += 1
        try:
            found: T = await self._turns.run(self._run, call)
        finally:
            self._inside[who] -= 1
            if not self._inside[who]:
                del self._inside[who]
        return found
