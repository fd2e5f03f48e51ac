"""A thread that answers short questions of the doors, on a connection that it keeps.

For what nearly every request asks, a thread pool's hand-over costs more than
the question.  What takes long, or reads files, belongs into the pool: here it
would keep everybody else waiting.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from attrs import define
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from gateway.committing import GONE, unavailable

_STOP: Final = None


@define
class _Question:
    call: Callable[..., Any]
    args: tuple[Any, ...]
    answered: Deferred[Any]


class Looker:
    """Asks the journal, one short question after the other."""

    def __init__(
        self, engine: Engine, call_from_thread: Callable[[Callable[[], None]], None]
    ) -> None:
        self._engine = engine
        self._call_from_thread = call_from_thread
        self._queue: queue.SimpleQueue[_Question | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._door = threading.Lock()  # nothing is queued behind the stop
        self._kept: Connection | None = None

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(
            target=self._run, name="journal-looker", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Answer what waits, then end."""
        with self._door:
            thread, self._thread = self._thread, None
            if thread is not None:
                self._queue.put(_STOP)
        if thread is not None:
            thread.join()
        self._let_go()

    def look(self, call: Callable[..., Any], *args: Any) -> Deferred[Any]:
        """Fire with `call(connection, *args)`; from the reactor."""
        question = _Question(call, args, Deferred())
        with self._door:
            if self._thread is not None:
                self._queue.put(question)
                return question.answered
        question.answered.callback(self._answer(question))
        self._let_go()
        return question.answered

    def _run(self) -> None:
        while (question := self._queue.get()) is not _STOP:
            self._tell(question.answered, self._answer(question))

    def _tell(self, answered: Deferred[Any], answer: Any) -> None:
        self._call_from_thread(lambda: answered.callback(answer))

    def _answer(self, question: _Question) -> Any:
        was_kept = self._kept is not None
        try:
            if self._kept is None:
                self._kept = self._engine.connect()
            answer = question.call(self._kept, *question.args)
            self._end_snapshot(self._kept)
        except GONE as error:
            self._let_go()
            if was_kept:  # the server closed it while nobody asked
                return self._answer(question)
            return Failure(unavailable("look", error))
        except Exception:
            failure = Failure()
            self._let_go()
            return failure
        return answer

    def _end_snapshot(self, connection: Connection) -> None:
        """Let the next question see what was committed meanwhile."""
        if connection.in_transaction():
            connection.rollback()
        else:  # begun by a statement that went to the driver itself
            connection.connection.rollback()

    def _let_go(self) -> None:
        kept, self._kept = self._kept, None
        if kept is not None:
            with suppress(SQLAlchemyError):  # of a connection that is lost
                kept.close()
