"""What is built after the doors opened: the first visitors wait, once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.trial.unittest import SynchronousTestCase

from gateway.api.routes import Answer, Asked, Elsewhere
from gateway.intake.later import Later

ASKED: Any = object()


async def answer(asked: Asked) -> Answer:
    return Answer(body=b"there")


class Thread:
    """Runs a call when it is told to."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Callable[[], Any], Deferred[Any]]] = []

    def __call__(self, call: Callable[[], Any], /) -> Deferred[Any]:
        done: Deferred[Any] = Deferred()
        self.waiting.append((call, done))
        return done

    def run(self) -> None:
        ((call, done),) = self.waiting
        self.waiting = []
        maybeDeferred(call).chainDeferred(done)


class TestLater(SynchronousTestCase):
    def ask(self, later: Later) -> Deferred[Answer]:
        return Deferred.fromCoroutine(later(ASKED))

    def test_all_who_come_before_it_is_there_get_their_answer(self) -> None:
        """It is built once for all of them, and not again."""
        thread = Thread()
        later = Later(lambda: answer, thread)
        warm = Deferred.fromCoroutine(later.ready())
        visitors = [self.ask(later), self.ask(later)]
        self.assertNoResult(visitors[0])
        thread.run()
        visitors.append(self.ask(later))
        assert [self.successResultOf(each).body for each in visitors] == [b"there"] * 3
        assert self.successResultOf(warm) is answer
        assert thread.waiting == []

    def test_where_it_fails_the_next_one_tries_again(self) -> None:
        """A failure is the answer of who waited, and stays with nobody else."""
        tries: list[bool] = []

        def build() -> Elsewhere:
            tries.append(True)
            if len(tries) == 1:
                raise OSError("no memory")
            return answer

        thread = Thread()
        later = Later(build, thread)
        first = self.ask(later)
        thread.run()
        self.failureResultOf(first, OSError)
        second = self.ask(later)
        thread.run()
        assert self.successResultOf(second).body == b"there"
