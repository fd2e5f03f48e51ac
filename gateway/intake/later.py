"""What answers requests and is built in a thread, so that doors can open without it."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import DeferredLock

from gateway.api.routes import Answer, Asked, Elsewhere
from gateway.intake.reception import RunInThread


class Later:
    """Answers with what `build` gives; it is called once, in a thread.

    It may import modules and read files, which keeps no door waiting.  Where it
    fails, it is called again for the next request.
    """

    def __init__(self, build: Callable[[], Elsewhere], run_in_thread: RunInThread):
        self._build = build
        self._run_in_thread = run_in_thread
        self._one = DeferredLock()
        self._answer: Elsewhere | None = None

    async def ready(self) -> Elsewhere:
        """Build it, unless it is there; return it."""
        if self._answer is None:
            async with self._one:
                if self._answer is None:
                    self._answer = await self._run_in_thread(self._build)
        return self._answer

    async def __call__(self, asked: Asked) -> Answer:
        """Answer a request; the first ones wait until it is built."""
        answer = self._answer or await self.ready()
        return await answer(asked)
