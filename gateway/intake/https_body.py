"""The body of a request on its way in: held back until someone takes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from twisted.internet.defer import Deferred

from gateway.api.routes import BodyCut


class Line(Protocol):
    """What a body needs of its connection."""

    def hold(self, *, on: bool) -> None:
        """Stop reading, or go on."""
        ...

    def say_continue(self) -> None:
        """Tell the client to send its body."""
        ...


class RequestBody:
    """Satisfies `gateway.api.routes.Body`.

    What comes before anyone takes it waits in memory while the line is held,
    so that is never more than the pieces of one read.
    """

    def __init__(self, line: Line, length: int | None, *, waits: bool) -> None:
        self.length = length
        self.taken = 0
        self.over = False
        self.waits = waits  # the client sends nothing until told to continue
        self._line = line
        self._early: list[bytes] = []
        self._take: Callable[[bytes], object] | None = None
        self._ended: Deferred[None] | None = None
        self._was_cut = False

    async def each(self, take: Callable[[bytes], object]) -> None:
        """Hand every piece to `take`; see the interface."""
        early, self._early = self._early, []
        for data in early:
            take(data)
        if self.over:
            return
        if self._was_cut:
            raise BodyCut
        self._take = take
        self._ended = Deferred()
        if self.waits:
            self.waits = False
            self._line.say_continue()
        self._line.hold(on=False)
        await self._ended

    async def swallow(self) -> None:
        """Let the rest go by."""
        await self.each(len)

    def small_rest(self, most: int) -> bool:
        """Say whether the rest is coming anyway, and is of a size to wait for."""
        return (
            not self.waits
            and self.length is not None
            and self.length - self.taken <= most
        )

    def take(self, data: bytes) -> None:
        """Take a piece from the line."""
        self.taken += len(data)
        if self._take is None:
            self._early.append(data)
            self._line.hold(on=True)
            return
        try:
            self._take(data)
        except Exception as error:
            self._stop(error)

    def put(self, data: bytes) -> None:
        """Take a piece that nobody is to wait for: the body ends with it."""
        self.taken += len(data)
        self._early.append(data)

    def end(self) -> None:
        """Take note that the last piece has come."""
        self.over = True
        self._stop(None)

    def cut(self) -> None:
        """Take note that no more will come."""
        if not self.over:
            self._was_cut = True
            self._stop(BodyCut())

    def _stop(self, error: Exception | None) -> None:
        ended, self._ended = self._ended, None
        self._take = None if not self.over else self._take
        if error is not None:
            self._take = None
        if ended is None:
            return
        if error is None:
            ended.callback(None)
        else:
            ended.errback(error)
