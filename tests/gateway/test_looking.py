"""Short questions of the doors are answered from what is committed, whatever happens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, text
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from gateway.committing import Tx
from gateway.database import Database
from gateway.errors import StorageUnavailable
from gateway.journal import schema
from gateway.journal.prepared import Prepared
from gateway.looking import Looker, _Question
from tests.engines import postgres
from tests.gateway.journal.desk import Desk

CLIENTS = Prepared(select(schema.client.c.id).order_by(schema.client.c.id))


def add(tx: Tx, name: str) -> None:
    tx.connection.execute(insert(schema.client), {"id": name, "created_at": tx.now})


def clients(connection: Connection) -> list[str]:
    return [row.id for row in CLIENTS.rows(connection, {})]


def failing(_: Connection) -> None:
    raise ZeroDivisionError


def outcome(deferred: Deferred[Any]) -> Any:
    found: list[Any] = []
    deferred.addBoth(found.append)
    return found[0] if found else "waits"


def question(call: Any) -> _Question:
    return _Question(call, (), Deferred())


@pytest.fixture
def looker(desk: Desk) -> Iterator[Looker]:
    """Give one that answers where it is called, and keeps its connection."""
    database = desk.open("looker")
    yield database._looker
    database.stop()


class Asking:
    """A database whose threads run, and a reactor that the test is."""

    def __init__(self, desk: Desk) -> None:
        self.calls: list[Any] = []
        self.database: Database = desk.open("asking", self.calls.append)
        self.database.start()

    def settle(self) -> None:
        """Have everything answered that waits."""
        self.database.stop()
        for call in self.calls:
            call()
        self.calls.clear()


@pytest.fixture
def asking(desk: Desk) -> Iterator[Asking]:
    made = Asking(desk)
    yield made
    made.settle()


def test_each_question_sees_what_was_committed_before_it(
    desk: Desk, asking: Asking
) -> None:
    """No question is answered from an older picture of the journal."""
    first = asking.database.look(clients)
    asking.settle()
    asking.database.start()
    desk.write(add, "c1")
    second = asking.database.look(clients)
    asking.settle()

    assert outcome(first) == []
    assert outcome(second) == ["c1"]


def test_on_one_connection_too(desk: Desk, looker: Looker) -> None:
    """The connection that is kept holds nothing back."""
    assert looker._answer(question(clients)) == []
    desk.write(add, "c1")
    assert looker._answer(question(clients)) == ["c1"]


def test_an_error_is_told_to_who_asked(asking: Asking) -> None:
    """One bad question costs the others nothing."""
    bad = asking.database.look(failing)
    good = asking.database.look(clients)
    asking.settle()

    assert isinstance(outcome(bad).value, ZeroDivisionError)
    assert outcome(good) == []


def test_without_threads_it_is_answered_at_once(desk: Desk) -> None:
    """Commands of the terminal ask the same way."""
    database = desk.open("asking")
    assert outcome(database.look(clients)) == []
    database.stop()


class TestSqlite:
    """A database in this process is asked without a thread between."""

    @pytest.fixture
    def engine(self) -> str:
        return "sqlite"

    def test_the_answer_is_there_at_once(self, desk: Desk, asking: Asking) -> None:
        """No door waits for a thread, and each question sees the last commit."""
        assert outcome(asking.database.look(clients)) == []
        desk.write(add, "c1")
        assert outcome(asking.database.look(clients)) == ["c1"]
        assert not asking.calls


class TestPostgres:
    """What only a server can do to us."""

    @pytest.fixture
    def engine(self) -> str:
        return "postgresql"

    def test_a_connection_that_was_closed_is_made_anew(
        self, desk: Desk, looker: Looker
    ) -> None:
        """A server that closes idle connections costs nobody an answer."""
        own = text("SELECT pg_backend_pid()")

        def backend(connection: Connection) -> int:
            return int(connection.execute(own).scalar_one())

        first = looker._answer(question(backend))
        desk.database.read(
            lambda each: each.execute(text(f"SELECT pg_terminate_backend({first})"))
        )
        second = looker._answer(question(backend))

        assert isinstance(second, int)
        assert second != first

    def test_one_that_is_lost_after_the_answer_costs_nothing(
        self, desk: Desk, looker: Looker
    ) -> None:
        """What was answered stands, and the next question has another connection."""
        own = Prepared(select(text("pg_backend_pid() AS id")))

        def kill(connection: Connection) -> int:
            (row,) = own.rows(connection, {})
            end = text(f"SELECT pg_terminate_backend({row.id})")
            desk.database.read(lambda each: each.execute(end).all())
            return int(row.id)

        first = looker._answer(question(kill))
        assert isinstance(first, int)
        second = looker._answer(question(kill))
        assert isinstance(second, int)
        assert second != first

    def test_a_database_that_is_away_is_said_in_words(self, looker: Looker) -> None:
        """While it is gone who asks is told so, and answered after."""
        postgres().stop()
        try:
            away = looker._answer(question(clients))
        finally:
            postgres().start()
        there = looker._answer(question(clients))

        assert isinstance(away, Failure)
        assert isinstance(away.value, StorageUnavailable)
        assert there == []
