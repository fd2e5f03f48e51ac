"""Nobody is answered before the commit that holds his rows, and nobody pays for a neighbour."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, insert, select, text
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from gateway.committing import Tx
from gateway.database import Database
from gateway.errors import StorageUnavailable
from gateway.journal import dialect, schema
from tests.engines import drop_database, new_database, postgres
from tests.gateway.journal.desk import Desk


class Reactor:
    """Takes what the writer hands over, and runs it when the test says so."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], None]] = []
        self.called = threading.Condition()

    def __call__(self, call: Callable[[], None]) -> None:
        with self.called:
            self.calls.append(call)
            self.called.notify_all()

    def run(self) -> None:
        for call in self.calls:
            call()
        self.calls.clear()


class Held:
    """A writer that is kept busy until the test lets it go on."""

    def __init__(self, database: Database) -> None:
        self.go_on = threading.Event()
        self.busy = threading.Event()

        def wait(tx: Tx) -> None:
            self.busy.set()
            self.go_on.wait(30)

        self.done = database.submit("wait", wait)
        self.busy.wait(30)


@pytest.fixture
def reactor() -> Reactor:
    return Reactor()


@pytest.fixture
def database(desk: Desk, reactor: Reactor) -> Iterator[Database]:
    made = desk.open("threaded", reactor)
    made.start()
    yield made
    made.stop()


def add(tx: Tx, name: str) -> str:
    tx.connection.execute(insert(schema.client), {"id": name, "created_at": tx.now})
    tx.say("client.added", name)
    return name


def fail(tx: Tx, name: str) -> str:
    add(tx, name)
    raise ValueError(name)


def names(desk: Desk) -> list[str]:
    return [row.id for row in desk.rows(schema.client)]


def outcome(deferred: Deferred[Any]) -> Any:
    found: list[Any] = []
    deferred.addBoth(found.append)
    return found[0] if found else "waits"


def test_one_bad_function_is_undone_alone(
    desk: Desk, database: Database, reactor: Reactor
) -> None:
    """Of many functions in one commit, only the failing one leaves nothing behind."""
    held = Held(database)
    good = [database.submit("add", add, f"c{number}") for number in range(3)]
    bad = database.submit("fail", fail, "bad")
    more = database.submit("add", add, "c3")
    held.go_on.set()
    database.stop()
    reactor.run()

    assert [outcome(each) for each in [*good, more]] == ["c0", "c1", "c2", "c3"]
    assert isinstance(outcome(bad).value, ValueError)
    assert names(desk) == ["c0", "c1", "c2", "c3"]
    assert [row.subject for row in desk.rows(schema.event)] == names(desk)
    assert desk.broken() == []


def test_waiting_functions_share_one_commit(
    desk: Desk, database: Database, reactor: Reactor
) -> None:
    """What waits while the disk is busy is committed once, in the order it came."""
    commits: list[object] = []
    event.listen(database._writer, "commit", commits.append)
    held = Held(database)
    waiting = [database.submit("add", add, f"c{number}") for number in range(20)]
    held.go_on.set()
    database.stop()
    reactor.run()

    assert [outcome(each) for each in waiting] == [f"c{number}" for number in range(20)]
    assert len(commits) == 2
    said = [row.subject for row in desk.rows(schema.event)]
    assert said == [f"c{number}" for number in range(20)]


def test_nobody_is_told_before_the_commit(
    desk: Desk, database: Database, reactor: Reactor
) -> None:
    """At the moment of the commit no caller has been answered yet."""
    told: list[object] = []
    told_at_commit = []
    event.listen(
        database._writer, "commit", lambda _: told_at_commit.append(list(told))
    )
    held = Held(database)
    first = database.submit("add", add, "c1")
    first.addBoth(told.append)
    held.go_on.set()
    database.stop()
    assert told == []  # the reactor has not run yet
    reactor.run()
    assert told == ["c1"]
    assert told_at_commit == [[], []]


def test_a_commit_that_fails_tells_everyone(desk: Desk, reactor: Reactor) -> None:
    """When the commit itself fails, every caller hears it and nothing is there."""
    database = desk.open("threaded", reactor)

    @event.listens_for(database._writer, "commit")
    def refuse(connection: Any) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    with pytest.raises(sqlite3.OperationalError):
        database.write("add", add, "c1")
    database.stop()
    assert names(desk) == []


def test_a_commit_that_fails_for_many_is_tried_for_each(
    desk: Desk, reactor: Reactor
) -> None:
    """Nobody is written twice, and nobody left out, when a shared commit fails."""
    database = desk.open("threaded", reactor)
    commits: list[object] = []

    @event.listens_for(database._writer, "commit")
    def refuse_the_shared_one(connection: Any) -> None:
        commits.append(connection)
        if len(commits) == 2:
            raise sqlite3.IntegrityError("checked at the commit")

    database.start()
    held = Held(database)
    waiting = [database.submit("add", add, f"c{number}") for number in range(3)]
    held.go_on.set()
    database.stop()
    reactor.run()

    assert [outcome(each) for each in waiting] == ["c0", "c1", "c2"]
    assert names(desk) == ["c0", "c1", "c2"]
    assert [row.subject for row in desk.rows(schema.event)] == names(desk)


def test_batched_items_are_taken_together_and_told_apart(
    desk: Desk, database: Database, reactor: Reactor
) -> None:
    """One call serves all that wait; a bad item fails alone, the others are kept."""
    calls: list[list[str]] = []

    def take(tx: Tx, items: Sequence[str]) -> Sequence[str | Failure]:
        calls.append(list(items))
        for item in items:
            add(tx, item)
        if "bad" in items:
            raise ValueError("bad")
        return [item.upper() for item in items]

    held = Held(database)
    waiting = [database.submit_batched("take", take, each) for each in ("a", "b")]
    held.go_on.set()
    database.stop()
    reactor.run()
    assert [outcome(each) for each in waiting] == ["A", "B"]
    assert calls == [["a", "b"]]

    database.start()
    held = Held(database)
    items = ("c", "bad", "d")
    waiting = [database.submit_batched("take", take, each) for each in items]
    held.go_on.set()
    database.stop()
    reactor.run()
    results = [outcome(each) for each in waiting]
    assert [results[0], results[2]] == ["C", "D"]
    assert isinstance(results[1].value, ValueError)
    assert names(desk) == ["a", "b", "c", "d"]
    assert desk.broken() == []


def test_a_failure_among_results_is_one_callers_own(desk: Desk) -> None:
    """A batched function may refuse one item in words and take the others."""

    def take(tx: Tx, items: Sequence[str]) -> Sequence[str | Failure]:
        return [Failure(StorageUnavailable(item)) for item in items]

    refused: Deferred[str] = desk.database.submit_batched("take", take, "x")
    assert isinstance(outcome(refused).value, StorageUnavailable)


def test_a_database_error_of_one_function_is_its_own(
    desk: Desk, database: Database, reactor: Reactor
) -> None:
    """Bad SQL in one function does not take its neighbours' commit away."""

    def bad(tx: Tx) -> None:
        tx.connection.execute(text("SELECT no_such_function()"))

    held = Held(database)
    before = database.submit("add", add, "c1")
    wrong = database.submit("bad", bad)
    after = database.submit("add", add, "c2")
    held.go_on.set()
    database.stop()
    reactor.run()
    assert [outcome(before), outcome(after)] == ["c1", "c2"]
    assert isinstance(outcome(wrong), Failure)
    assert names(desk) == ["c1", "c2"]


def test_stopping_writes_what_waits(
    desk: Desk, database: Database, reactor: Reactor
) -> None:
    """A stop loses no function, more than one commit's worth of them included."""
    held = Held(database)
    waiting = [database.submit("add", add, f"c{number}") for number in range(600)]
    held.go_on.set()
    database.stop()
    reactor.run()
    assert all(outcome(each) for each in waiting)
    assert len(names(desk)) == 600
    assert database.write("add", add, "after") == "after"  # still safe, if slower


def test_threads_and_processes_share_one_journal(desk: Desk) -> None:
    """Several writers on one journal wait for one another; each chain stays whole."""
    databases = [desk.open(f"node-{number}") for number in range(3)]
    failed: list[BaseException] = []

    def work(number: int, database: Database) -> None:
        try:
            for count in range(10):
                database.write("add", add, f"n{number}-{count}")
        except BaseException as error:
            failed.append(error)

    threads = [
        threading.Thread(target=work, args=each)
        for number, database in enumerate(databases)
        for each in ((number * 2, database), (number * 2 + 1, database))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for database in databases:
        database.stop()
    assert failed == []
    assert len(names(desk)) == 60
    assert {row.seq for row in desk.rows(schema.event_chain)} == {20}
    assert desk.broken() == []


def test_readers_see_one_moment(desk: Desk) -> None:
    """Two queries of one reading agree, whatever is committed between them."""

    def read(connection: Any) -> tuple[int, int]:
        query = select(schema.client.c.id)
        before = len(connection.execute(query).all())
        desk.write(add, "between")
        return before, len(connection.execute(query).all())

    assert desk.database.read(read) == (0, 0)
    assert names(desk) == ["between"]


def test_bulk_rows_arrive_and_errors_are_told_alike(desk: Desk) -> None:
    """The fast way for many rows refuses as the slow way does, and leaves nothing."""
    columns = ("id", "created_at")

    def bulk(tx: Tx, rows: list[tuple[str, float]]) -> None:
        dialect.bulk_insert(tx.connection, schema.client, columns, rows)

    desk.write(bulk, [(f"c{number}", 1.0) for number in range(1000)])
    assert len(names(desk)) == 1000
    with pytest.raises(Exception, match="insert into client"):
        desk.write(bulk, [("new", 1.0), ("c1", 1.0)])
    assert len(names(desk)) == 1000


class TestSqlite:
    """What only the embedded engine can do to us."""

    @pytest.fixture
    def engine(self) -> str:
        return "sqlite"

    def test_a_locked_file_is_said_in_words(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """While another program holds the file nothing is taken; then all goes on."""
        monkeypatch.setattr(dialect, "_SQLITE_BUSY_MS", 1)
        database = desk.open("other")
        blocker = sqlite3.connect(
            desk.url.removeprefix("sqlite:///"), isolation_level=None
        )
        blocker.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageUnavailable, match="try again"):
            database.write("add", add, "c1")
        blocker.execute("ROLLBACK")
        blocker.close()
        assert database.write("add", add, "c1") == "c1"
        database.stop()

    def test_a_full_disk_is_said_in_words_and_passes(
        self, desk: Desk, reactor: Reactor
    ) -> None:
        """With no room left every caller is refused; with room the next one is taken."""
        database = desk.open("other", reactor)
        with database._writer.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
        database.start()
        held = Held(database)
        large = [
            database.submit("add", add, f"{number}-" + "x" * 9000)
            for number in range(3)
        ]
        held.go_on.set()
        database.stop()
        reactor.run()
        for each in large:
            assert isinstance(outcome(each).value, StorageUnavailable)
        assert names(desk) == []
        assert database.write("add", add, "c1") == "c1"  # on a fresh connection
        database.stop()

    def test_a_full_disk_refuses_bulk_rows_in_words(self, desk: Desk) -> None:
        """The fast way for many rows says so as well."""
        database = desk.open("other")
        with database._writer.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")

        def bulk(tx: Tx) -> None:
            rows = [(f"{number}" + "x" * 900, 1.0) for number in range(100)]
            dialect.bulk_insert(
                tx.connection, schema.client, ("id", "created_at"), rows
            )

        with pytest.raises(StorageUnavailable):
            database.write("bulk", bulk)
        database.stop()
        assert names(desk) == []


class TestPostgres:
    """What only a server can do to us."""

    @pytest.fixture
    def engine(self) -> str:
        return "postgresql"

    def test_a_database_that_goes_away_for_a_minute(
        self, desk: Desk, reactor: Reactor
    ) -> None:
        """Writers and readers are refused in words while it is gone, and served after."""
        database = desk.open("node", reactor)
        assert database.write("add", add, "before") == "before"
        postgres().stop()
        try:
            with pytest.raises(StorageUnavailable, match="nothing was accepted"):
                database.write("add", add, "during")
            with pytest.raises(StorageUnavailable):
                database.read(lambda connection: None)
        finally:
            postgres().start()
        assert database.write("add", add, "after") == "after"
        database.stop()
        assert names(desk) == ["after", "before"]
        assert desk.broken() == []

    def test_a_connection_cut_in_the_middle_undoes_everything(
        self, desk: Desk, reactor: Reactor
    ) -> None:
        """A line to the database that breaks half way leaves nothing half done."""
        database = desk.open("node", reactor)

        def cut(tx: Tx) -> None:
            add(tx, "half")
            own = tx.connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
            desk.database.read(
                lambda each: each.execute(text(f"SELECT pg_terminate_backend({own})"))
            )
            add(tx, "other half")

        database.start()
        held = Held(database)
        waiting: list[Deferred[Any]] = [
            database.submit("add", add, "c1"),
            database.submit("cut", cut),
            database.submit("add", add, "c2"),
        ]
        held.go_on.set()
        database.stop()
        reactor.run()
        for each in waiting:
            assert isinstance(outcome(each).value, StorageUnavailable)
        assert names(desk) == []
        assert desk.broken() == []

    def test_a_connection_that_was_closed_while_idle_is_made_anew(
        self, desk: Desk
    ) -> None:
        """A server that closes idle connections costs nobody an upload."""
        database = desk.open("node")

        def own(tx: Tx) -> int:
            query = text("SELECT pg_backend_pid()")
            return int(tx.connection.execute(query).scalar_one())

        backend = database.write("own", own)
        desk.database.read(
            lambda each: each.execute(text(f"SELECT pg_terminate_backend({backend})"))
        )
        assert database.write("add", add, "c1") == "c1"
        assert database.write("own", own) != backend
        database.stop()
        assert names(desk) == ["c1"]
        assert desk.broken() == []

    def test_too_few_connections_are_said_in_words(self, url: str) -> None:
        """A reader that finds no free connection in time may try again."""
        engine = dialect.open_engine(url, write=False, connections=1)
        engine.pool._timeout = 0.01  # type: ignore[attr-defined]
        database = Database(
            writer=engine,
            reader=engine,
            chain="c",
            now=float,
            call_from_thread=lambda call: call(),
        )
        with engine.connect(), pytest.raises(StorageUnavailable):
            database.read(lambda connection: None)
        database.stop()


def test_each_test_has_a_journal_of_its_own(engine: str, tmp_path: Path) -> None:
    """Two journals of one engine share nothing."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, second = (new_database(engine, tmp_path / each) for each in "ab")
    one, two = Desk(first), Desk(second)
    one.write(add, "only here")
    assert (names(one), names(two)) == (["only here"], [])
    assert one.broken() == []
    for desk in (one, two):
        desk.close()
        drop_database(desk.url)
