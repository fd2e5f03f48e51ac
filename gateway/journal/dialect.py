"""The one place that knows which of the two SQL engines is underneath.

SQLite is opened in WAL mode with full synchronous commits: what is committed
has been fsynced.  Writers begin with BEGIN IMMEDIATE, so that two processes on
one file wait for one another instead of failing half way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from functools import cache
from hashlib import blake2b
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Table,
    and_,
    create_engine,
    event,
    text,
)
from sqlalchemy.engine import make_url
from sqlalchemy.pool import QueuePool

from gateway.journal.prepared import Prepared, translated

_SQLITE_BUSY_MS: Final = 30_000


def open_engine(
    url: str, *, write: bool, connections: int, durable: bool = True
) -> Engine:
    """Open the journal's engine for reading, or the one for the writer.

    An SQLite journal that need not be `durable`, such as a study's, loses its last
    commits when the machine stops, and is quicker.
    """
    if make_url(url).get_backend_name() != "sqlite":
        # A reader's queries must agree with one another: one snapshot for all.
        level = "READ COMMITTED" if write else "REPEATABLE READ"
        return create_engine(
            url,
            pool_size=connections,
            max_overflow=0,
            pool_pre_ping=True,
            isolation_level=level,
            connect_args={"connect_timeout": 10},
        )
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=connections,
        max_overflow=0,
        connect_args={"check_same_thread": False, "isolation_level": None},
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={_SQLITE_BUSY_MS}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute(f"PRAGMA synchronous={'FULL' if durable else 'OFF'}")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA cache_size=-16000")
        cursor.execute("PRAGMA temp_store=MEMORY")
        cursor.close()

    begin = "BEGIN IMMEDIATE" if write else "BEGIN"

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        driver: Any = connection.connection.dbapi_connection
        try:
            driver.execute(begin)
        except driver.Error as error:
            raise translated(connection, begin, error) from error

    return engine


def is_sqlite(connection: Connection) -> bool:
    """Say whether this is the embedded engine, which has one writer anyway."""
    return connection.dialect.name == "sqlite"


def lock_names(connection: Connection, names: Iterable[str]) -> None:
    """Keep other writers off these names until the end of the transaction.

    All in one order, so that nobody waits for another in a circle.  SQLite has one
    writer anyway.
    """
    if is_sqlite(connection):
        return
    digests = [blake2b(name.encode(), digest_size=8).digest() for name in names]
    numbers = sorted({int.from_bytes(each, "big", signed=True) for each in digests})
    if numbers:
        connection.execute(_LOCK, {"numbers": numbers})


def upsert(
    connection: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    keep: Sequence[str] = (),
) -> None:
    """Insert rows; where the primary key exists, replace all columns but `keep`."""
    if rows:
        _upserting(table, tuple(rows[0]), tuple(keep)).run_many(connection, rows)


def insert_new(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]
) -> int:
    """Insert the rows whose keys are not there yet; return how many were new."""
    if not rows:
        return 0
    return _inserting_new(table, tuple(rows[0])).run_many(connection, rows)


def bulk_insert(
    connection: Connection,
    table: Table,
    columns: Sequence[str],
    rows: Sequence[tuple[Any, ...]],
) -> None:
    """Insert many tuples past SQLAlchemy: the way of a deposit's claims.

    `executemany` on SQLite, COPY on PostgreSQL; an order of magnitude faster
    than one statement per row.
    """
    names = ", ".join(f'"{name}"' for name in columns)
    driver = connection.dialect.loaded_dbapi
    try:
        with closing(connection.connection.cursor()) as cursor:
            if is_sqlite(connection):
                marks = ", ".join("?" * len(columns))
                cursor.executemany(
                    f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})',  # noqa: S608 - names of our own tables
                    rows,
                )
                return
            with cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
                for row in rows:
                    copy.write_row(row)
    except driver.Error as error:
        raise translated(connection, f"insert into {table.name}", error) from error


def begins(
    connection: Connection, column: ColumnElement[str], beginning: str
) -> ColumnElement[bool]:
    """Say that a text begins so, in a way that walks an index of its bytes.

    On PostgreSQL that index is one with `text_pattern_ops`, whatever the collation.
    """
    behind = beginning[:-1] + chr(ord(beginning[-1]) + 1)
    if is_sqlite(connection):
        return and_(column >= beginning, column < behind)
    return and_(column.op("~>=~")(beginning), column.op("~<~")(behind))


def plain(text: str) -> str:
    """Replace what no engine stores as text: NUL, and halves of characters."""
    if text.isascii() and "\0" not in text:
        return text
    whole = text.encode("utf-8", "replace").decode()
    return whole.replace("\0", "\N{REPLACEMENT CHARACTER}")


def all_plain(texts: Sequence[str]) -> Sequence[str]:
    """Like `plain`, for many texts, which seldom need it."""
    every = "".join(texts)
    return texts if plain(every) is every else [plain(text) for text in texts]


@cache
def _upserting(
    table: Table, columns: tuple[str, ...], keep: tuple[str, ...]
) -> Prepared:
    keys = [column.name for column in table.primary_key]
    changed = [name for name in columns if name not in keys and name not in keep]

    def build(insert: Any) -> Any:
        statement = insert(table)
        return statement.on_conflict_do_update(
            index_elements=keys,
            set_={name: statement.excluded[name] for name in changed},
        )

    return Prepared(build, columns)


@cache
def _inserting_new(table: Table, columns: tuple[str, ...]) -> Prepared:
    return Prepared(lambda insert: insert(table).on_conflict_do_nothing(), columns)


_LOCK: Final = text(
    "SELECT pg_advisory_xact_lock(each) FROM unnest(CAST(:numbers AS bigint[])) each"
)
