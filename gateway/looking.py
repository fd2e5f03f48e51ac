"""Answers short questions of the doors, on a connection that it keeps.

For what nearly every request asks, a thread pool's hand-over costs more than
the question.  A server is asked by one thread for all.  SQLite is asked on the
spot, in the reactor: it waits for nobody there (readers and the writer do not
meet in WAL), and takes less than waking a thread does.  What takes long, or reads
files, belongs into the pool: here it would keep everybody else waiting.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from attrs import define
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from gateway.committing import GONE, unreadable
from gateway.waiting import Line


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
        self._line: Line[_Question] = Line("journal-looker", self._run)
        self._started = False
        self._kept: Connection | None = None

    def start(self) -> None:
        """Keep a connection from now on; start the thread, if there is to be one."""
        self._started = True
        if self._engine.dialect.name != "sqlite":
            self._line.start()

    def stop(self) -> None:
        """Answer what waits, then end."""
        self._started = False
        self._line.stop()
        self._let_go()

    def look(self, call: Callable[..., Any], *args: Any) -> Deferred[Any]:
        """Fire with `call(connection, *args)`; from the reactor."""
        question = _Question(call, args, Deferred())
        if self._line.put(question):
            return question.answered
        question.answered.callback(self._answer(question))
        if not self._started:
            self._let_go()
        return question.answered

    def _run(self) -> None:
        while (question := self._line.take()) is not None:
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
            return Failure(unreadable(error))
        except Exception:
            failure = Failure()
            self._let_go()
            return failure
        return answer

    def _end_snapshot(self, connection: Connection) -> None:
        """Let the next question see what was committed meanwhile.

        A connection that cannot is lost: the next question gets another one, and
        the answer that came before stands.
        """
        try:
            if connection.in_transaction():
                connection.rollback()
            else:  # begun by a statement that went to the driver itself
                connection.connection.rollback()
        except (SQLAlchemyError, connection.dialect.loaded_dbapi.Error):
            connection.invalidate()
            self._let_go()

    def _let_go(self) -> None:
        kept, self._kept = self._kept, None
        if kept is not None:
            with suppress(SQLAlchemyError):  # of a connection that is lost
                kept.close()
