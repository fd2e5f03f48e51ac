"""Transactions: one writer that groups waiting commits, and readers beside it.

Whoever writes hands a function to the writer's queue.  The writer thread takes
all that waits, runs it in one transaction, commits once, and only then lets
anyone speak: an acknowledgement can never run ahead of its commit
(`gateway.committing`).

A function given to `write` or `read` may be run again (the connection was
lost) and must do nothing but SQL on the transaction that it is given.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Concatenate, Final, ParamSpec, TypeVar, TypeVarTuple

from sqlalchemy import Connection, Engine
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from gateway.clock import Now
from gateway.committing import GONE, Committer, Results, Tx, Work, unreadable
from gateway.looking import Looker
from gateway.waiting import Line

P = ParamSpec("P")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")
Item = TypeVar("Item")

_MOST_PER_COMMIT: Final = 512  # beyond it a commit delays its first caller too long


class Database:
    """Runs functions in transactions; knows nothing of tables."""

    def __init__(
        self,
        *,
        writer: Engine,
        reader: Engine,
        chain: str,
        now: Now,
        call_from_thread: Callable[[Callable[[], None]], None],
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._call_from_thread = call_from_thread
        self._line: Line[Work] = Line("journal-writer", self._run)
        self._here = threading.Lock()
        self._committer = Committer(writer, chain, now)
        self._looker = Looker(reader, call_from_thread)

    def start(self) -> None:
        """Start the threads of the writer and of short questions."""
        self._looker.start()
        self._line.start()

    def stop(self) -> None:
        """Write what waits, then end; no function is lost half way."""
        self._line.stop()
        self._looker.stop()
        with self._here:
            self._committer.let_go()
        self._writer.dispose()
        self._reader.dispose()

    @property
    def waiting(self) -> int:
        """How many functions wait for the writer."""
        return len(self._line)

    def read(
        self,
        call: Callable[Concatenate[Connection, P], T],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run `call` on a connection of its own, blocking; nothing is kept of it."""
        try:
            with self._reader.connect() as connection:
                return call(connection, *args, **kwargs)
        except GONE as error:
            raise unreadable(error) from error

    def look(
        self,
        call: Callable[[Connection, *Ts], T],
        /,
        *args: *Ts,
    ) -> Deferred[T]:
        """Like `read`, from the reactor, for one short question."""
        return self._looker.look(call, *args)

    def write(self, name: str, call: Callable[..., T], /, *args: Any) -> T:
        """Run `call(tx, *args)` and return once it is committed, blocking.

        Raises what `call` raised, or `StorageUnavailable`; either way nothing
        was written.
        """
        future: Future[T] = Future()

        def done(result: Any) -> None:
            if isinstance(result, Failure):
                future.set_exception(result.value)
            else:
                future.set_result(result)

        work = Work(name, call, args, done, in_reactor=False)
        if not self._line.put(work):
            with self._here:
                self._work_off([work])
        return future.result()

    def submit(self, name: str, call: Callable[..., T], /, *args: Any) -> Deferred[T]:
        """Like `write`, from the reactor: fires after the commit."""
        return self._defer(name, call, args, batched=False)

    def submit_batched(
        self,
        name: str,
        call: Callable[[Tx, Sequence[Item]], Sequence[T | Failure]],
        item: Item,
        /,
    ) -> Deferred[T]:
        """Have `call(tx, items)` run once for all items that wait under `name`.

        It returns one result (or Failure) per item, in their order.
        """
        return self._defer(name, call, (item,), batched=True)

    def _defer(
        self,
        name: str,
        call: Callable[..., Any],
        args: tuple[Any, ...],
        *,
        batched: bool,
    ) -> Deferred[Any]:
        deferred: Deferred[Any] = Deferred()
        work = Work(name, call, args, deferred.callback, True, batched)
        if not self._line.put(work):
            self._work_off([work])
        return deferred

    def _run(self) -> None:
        stopping = False
        while not stopping:
            work = self._line.take()
            batch: list[Work] = []
            while work is not None:
                batch.append(work)
                if len(batch) >= _MOST_PER_COMMIT or not self._line:
                    break
                work = self._line.take()
            stopping = work is None
            if batch:
                self._work_off(batch)

    def _work_off(self, batch: list[Work]) -> None:
        self._deliver(self._commit(batch))
        self._committer.tell_log()

    def _deliver(self, results: Results) -> None:
        """Tell everyone, the reactor's callers in one crossing of threads."""
        crossing = []
        for work, result in results:
            if work.in_reactor:
                crossing.append((work, result))
            else:
                work.done(result)
        if crossing:
            self._call_from_thread(lambda: _tell(crossing))

    def _commit(self, batch: list[Work]) -> Results:
        return self._committer.commit(batch)


def _tell(results: Results) -> None:
    for work, result in results:
        work.done(result)
