"""Transactions: one writer that groups waiting commits, and readers beside it.

Whoever writes hands a function to the writer's queue.  The writer thread takes
all that waits, runs it in one transaction, commits once, and only then lets
anyone speak: an acknowledgement can never run ahead of its commit.  When one
of them fails the transaction is rolled back, and the others run again without
it: failures are rare, and a savepoint around each would cost everyone.

A function given to `write` or `read` may be run again (the connection was
lost) and must do nothing but SQL on the transaction that it is given.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from attrs import define, field
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import (
    DBAPIError,
    InterfaceError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolExhausted
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from gateway.clock import Now
from gateway.errors import StorageUnavailable
from gateway.journal import events

P = ParamSpec("P")
T = TypeVar("T")
Item = TypeVar("Item")

_MOST_PER_COMMIT: Final = 512  # beyond it a commit delays its first caller too long
_STOP: Final = None
_GONE: Final = (OperationalError, InterfaceError, PoolExhausted)  # or locked, or full


@define
class Tx:
    """One transaction, as a writing function sees it."""

    connection: Connection
    now: float
    said: list[events.Said] = field(factory=list)

    def say(self, kind: str, subject: str, /, **facts: Any) -> None:
        """Add an event to the history; it exists only if the transaction does."""
        self.said.append(events.Said(self.now, kind, subject, facts))


@define
class _Work:
    name: str
    call: Callable[..., Any]
    args: tuple[Any, ...]
    done: Callable[[Any], None]  # gets the value, or a Failure
    in_reactor: bool
    batched: bool = False


class Database:
    """Runs functions in transactions; knows nothing of tables."""

    _log = Logger()

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
        self._chain = chain
        self._now = now
        self._call_from_thread = call_from_thread
        self._queue: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._door = threading.Lock()  # nothing is queued behind the stop
        self._here = threading.Lock()

    def start(self) -> None:
        """Start the writer's thread."""
        self._thread = threading.Thread(
            target=self._run, name="journal-writer", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Write what waits, then end; no function is lost half way."""
        with self._door:
            thread, self._thread = self._thread, None
            if thread is not None:
                self._queue.put(_STOP)
        if thread is not None:
            thread.join()
        self._writer.dispose()
        self._reader.dispose()

    @property
    def waiting(self) -> int:
        """How many functions wait for the writer."""
        return self._queue.qsize()

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
        except _GONE as error:
            raise _unavailable("read", error) from error

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

        work = _Work(name, call, args, done, in_reactor=False)
        if not self._enqueue(work):
            with self._here:
                self._deliver(self._commit([work]))
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
        work = _Work(name, call, args, deferred.callback, True, batched)
        if not self._enqueue(work):
            self._deliver(self._commit([work]))
        return deferred

    def _enqueue(self, work: _Work) -> bool:
        """Give work to the writer's thread; False if there is none."""
        with self._door:
            if self._thread is None:
                return False
            self._queue.put(work)
            return True

    def _run(self) -> None:
        stopping = False
        while not stopping:
            work = self._queue.get()
            batch: list[_Work] = []
            while work is not _STOP:
                batch.append(work)
                if len(batch) >= _MOST_PER_COMMIT or self._queue.empty():
                    break
                work = self._queue.get()
            stopping = work is _STOP
            if batch:
                self._deliver(self._commit(batch))

    def _deliver(self, results: list[tuple[_Work, Any]]) -> None:
        """Tell everyone, the reactor's callers in one crossing of threads."""
        crossing = []
        for work, result in results:
            if work.in_reactor:
                crossing.append((work, result))
            else:
                work.done(result)
        if crossing:
            self._call_from_thread(lambda: _tell(crossing))

    def _commit(self, batch: list[_Work]) -> list[tuple[_Work, Any]]:
        """Run and commit all; those that fail are left out, and told why."""
        told: list[tuple[_Work, Any]] = []
        groups = _grouped(batch)
        while groups:
            found = self._try(groups)
            if not isinstance(found, _Failed):
                return told + found
            guilty, failure = found.group, found.failure
            if guilty is None:  # the journal is away: nothing of it was written
                return told + [(work, failure) for group in groups for work in group]
            groups = [group for group in groups if group is not guilty]
            if len(guilty) == 1:
                told.append((guilty[0], failure))
            else:  # one of its items is bad: each for itself from here
                groups += [[work] for work in guilty]
        return told

    def _try(self, groups: list[list[_Work]]) -> list[tuple[_Work, Any]] | _Failed:
        """Run all in one transaction; nothing is written if one of them fails."""
        group: list[_Work] | None = None
        connection: Connection | None = None
        try:
            with self._writer.connect() as connection:
                transaction = connection.begin()
                tx = Tx(connection, self._now())
                results: list[tuple[_Work, Any]] = []
                for group in groups:
                    results += _run_group(tx, group)
                group = groups[0] if len(groups) == 1 else None
                events.append(connection, self._chain, tx.said)
                transaction.commit()
                return results
        except Exception as error:
            if group is None and not isinstance(error, _GONE):
                # The events or the commit failed for one of many: tell them apart.
                return _Failed([work for each in groups for work in each], Failure())
            if isinstance(error, _GONE):
                kind = type(error).__name__
                self._log.warn("journal cannot write: {error}", error=kind)
                name = (group or groups[0])[0].name
                if connection is None or _is_lost(connection, error):
                    group = None
                return _Failed(group, Failure(_unavailable(name, error)))
            return _Failed(group, Failure())


@define
class _Failed:
    """Why a transaction was rolled back; `group` is to blame, or the journal."""

    group: list[_Work] | None
    failure: Failure


def _run_group(tx: Tx, group: list[_Work]) -> list[tuple[_Work, Any]]:
    first = group[0]
    if first.batched:
        values = first.call(tx, [work.args[0] for work in group])
    else:
        values = [first.call(tx, *first.args)]
    return list(zip(group, values, strict=True))


def _is_lost(connection: Connection, error: Exception) -> bool:
    """Say whether the transaction went with the error, and not one function."""
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    return lost or connection.invalidated


def _grouped(batch: list[_Work]) -> list[list[_Work]]:
    """Put neighbours of one batched name together; everything else stays alone."""
    groups: list[list[_Work]] = []
    for work in batch:
        if work.batched and groups and groups[-1][0].name == work.name:
            groups[-1].append(work)
        else:
            groups.append([work])
    return groups


def _tell(results: list[tuple[_Work, Any]]) -> None:
    for work, result in results:
        work.done(result)


def _unavailable(name: str, error: SQLAlchemyError) -> StorageUnavailable:
    cause = getattr(error, "orig", None) or error
    return StorageUnavailable(
        f"the journal cannot do {name!r} now ({type(cause).__name__}); "
        "nothing was accepted, try again"
    )
