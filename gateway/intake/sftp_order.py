"""Keeps requests on the same path in the order in which they came.

Clients pipeline: a CLOSE that waits for the disk may be followed at once by the
rename or the stat of the very file.  SFTP lets a server answer in any order, so
each request on a path waits for the earlier ones on that path, on a folder above
it or on a name below it; all others go on at the same time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, fail

T = TypeVar("T")


class _Turn:
    __slots__ = ("followers", "paths", "start", "waits_for")

    def __init__(self, paths: tuple[str, ...], waits_for: int = 0) -> None:
        self.paths = paths
        self.waits_for = waits_for
        self.followers: list[_Turn] = []
        self.start: Callable[[], object] = lambda: None

    def meets(self, paths: tuple[str, ...]) -> bool:
        return any(_meet(one, two) for one in self.paths for two in paths)


class PathOrder:
    """The requests under way in one session."""

    def __init__(self) -> None:
        self._turns: dict[_Turn, None] = {}  # a set that remembers the order
        self._ready: deque[_Turn] = deque()
        self._starting = False

    def run(
        self, paths: tuple[str, ...], call: Callable[[], Deferred[T]]
    ) -> Deferred[T]:
        """Call when no earlier request on `paths` is under way; give its result."""
        earlier = [turn for turn in self._turns if turn.meets(paths)]
        if not earlier:
            return self._start(_Turn(paths), call)
        done: Deferred[T] = Deferred()
        turn = _Turn(paths, waits_for=len(earlier))
        turn.start = lambda: self._start(turn, call).chainDeferred(done)
        self._turns[turn] = None
        for one in earlier:
            one.followers.append(turn)
        return done

    def _start(self, turn: _Turn, call: Callable[[], Deferred[T]]) -> Deferred[T]:
        self._turns[turn] = None
        try:
            work = call()
        except Exception:
            work = fail()
        return answered_first(work, lambda: self._ended(turn))

    def _ended(self, turn: _Turn) -> None:
        del self._turns[turn]
        if not turn.followers:
            return
        for follower in turn.followers:
            follower.waits_for -= 1
            if not follower.waits_for:
                self._ready.append(follower)
        self._start_ready()

    def _start_ready(self) -> None:
        """Start in a loop: a long line of followers must not fill the stack."""
        if self._starting:
            return
        self._starting = True
        try:
            while self._ready:
                self._ready.popleft().start()
        finally:
            self._starting = False


def is_settled(work: Deferred[T]) -> bool:
    """Whether a result is there that nothing can change any more."""
    return work.called and not work.paused and not isinstance(work.result, Deferred)


def answered_first(work: Deferred[T], ended: Callable[[], None]) -> Deferred[T]:
    """Give the result of `work`, and call `ended` after everybody has had it.

    What waits for `work` thus begins only when its own answer is on the way.
    """
    if is_settled(work):
        ended()
        return work
    done: Deferred[T] = Deferred()

    def pass_on(result: Any) -> None:
        done.callback(result)
        ended()

    work.addBoth(pass_on)
    return done


def _meet(one: str, two: str) -> bool:
    """Whether two paths are the same, or one is a folder above the other."""
    if one == two:
        return True
    longer, shorter = (one, two) if len(one) > len(two) else (two, one)
    return shorter == "/" or longer.startswith(shorter + "/")
