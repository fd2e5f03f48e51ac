"""Slow work goes through a few at a time, and is turned away before a queue grows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred

from gateway.intake.turnstile import Crowded, Turnstile


class Threads:
    """Keeps what was begun until a test ends it."""

    def __init__(self) -> None:
        self.begun: list[tuple[Deferred[Any], Callable[[], Any]]] = []

    def __call__(self, call: Callable[[], Any], /) -> Deferred[Any]:
        made: Deferred[Any] = Deferred()
        self.begun.append((made, call))
        return made

    def end_one(self) -> None:
        made, call = self.begun.pop(0)
        made.callback(call())


def begin(turnstile: Turnstile, who: str, done: list[str]) -> None:
    """Ask for something; what became of it is put into `done`."""

    async def run() -> None:
        try:
            done.append(await turnstile.run(who, lambda: who))
        except (Crowded, OSError) as error:
            done.append(f"{who}: {type(error).__name__}")

    Deferred.fromCoroutine(run())


def test_two_at_once_and_the_others_in_order() -> None:
    """The threads that all share hold two of them, whoever asks for how many."""
    threads, done = Threads(), list[str]()
    turnstile = Turnstile(threads)
    for who in "abcd":
        begin(turnstile, who, done)
    assert len(threads.begun) == 2
    for _ in range(4):
        threads.end_one()
        assert len(threads.begun) <= 2
    assert done == ["a", "b", "c", "d"]


def test_who_asks_for_much_is_turned_away_and_others_are_not() -> None:
    """One caller has a part of the places; when one is free it may come again."""
    threads, done = Threads(), list[str]()
    turnstile = Turnstile(threads, most=4, of_one=2)
    for who in "aaabcc":
        begin(turnstile, who, done)
    assert done == ["a: Crowded", "c: Crowded"]

    for _ in range(4):
        threads.end_one()
    begin(turnstile, "a", done)
    threads.end_one()
    assert done[2:] == ["a", "a", "b", "c", "a"]


def test_a_place_is_free_again_after_a_failure() -> None:
    """What goes wrong inside is the caller's, and holds nobody up."""
    threads, done = Threads(), list[str]()
    turnstile = Turnstile(threads, most=1)
    for _ in range(2):
        begin(turnstile, "a", done)
        made, _call = threads.begun.pop()
        made.errback(OSError("away"))
    assert done == ["a: OSError", "a: OSError"]
