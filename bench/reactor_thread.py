"""The real reactor in a thread of its own, for benchmarks inside one process."""

from __future__ import annotations

import threading
from collections.abc import Coroutine
from functools import cache
from typing import Any, TypeVar, cast

from twisted.internet import reactor as _reactor  # noqa: TID251 - a program of its own
from twisted.internet.defer import Deferred
from twisted.internet.threads import blockingCallFromThread

T = TypeVar("T")


@cache
def running_reactor() -> Any:
    """Start the reactor once; it ends with the process."""
    reactor: Any = _reactor
    started = threading.Event()
    reactor.callWhenRunning(started.set)
    threading.Thread(
        target=reactor.run, kwargs={"installSignalHandlers": False}, daemon=True
    ).start()
    started.wait()
    return reactor


def await_in_reactor(work: Coroutine[Deferred[Any], Any, T]) -> T:
    """Run a coroutine in the reactor's thread and wait for its value here."""

    def begin() -> Deferred[Any]:
        return Deferred.fromCoroutine(work)

    found: Any = blockingCallFromThread(running_reactor(), begin)
    return cast(T, found)
