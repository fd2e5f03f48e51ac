"""Statements written with SQLAlchemy, compiled once, run on the driver itself.

Building and compiling a statement anew costs some ten times what SQLite takes
to run it.  What every deposit, lot and answer goes through is therefore
prepared at import: written with the tables of the schema like all others, made
SQL text at its first use on an engine, and bound by name from then on.

It runs in the caller's transaction.  Errors are those of SQLAlchemy, so whoever
waits for a lost connection or a broken rule sees no difference.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from importlib import import_module
from typing import Any

from attrs import frozen
from sqlalchemy import BindParameter, Connection, Dialect, Executable, bindparam
from sqlalchemy.exc import DBAPIError

Values = Mapping[str, Any]
Build = Callable[[Any], Executable]


@frozen
class _Compiled:
    """A statement's text on one engine, and how its values are handed over."""

    text: str
    names: Sequence[str] | None  # by position, or by name where there is none
    fixed: Values  # values that the statement itself holds

    def bind(self, values: Values) -> Any:
        if self.names is None:
            return {**self.fixed, **values}
        if not self.fixed:
            return [values[name] for name in self.names]
        every = {**self.fixed, **values}
        return [every[name] for name in self.names]


def given(name: str) -> BindParameter[Any]:
    """Stand for a value that each run hands over under `name`."""
    return bindparam(name, required=False)


class Prepared:
    """A statement; `columns` are those that an INSERT or UPDATE sets."""

    def __init__(
        self, statement: Executable | Build, columns: Sequence[str] = ()
    ) -> None:
        self._statement = statement
        self._columns = columns
        self._compiled: dict[str, _Compiled] = {}
        self._make_row: Callable[[Iterable[Any]], Any] | None = None

    def run(self, connection: Connection, values: Values) -> int:
        """Run it once; return how many rows it changed."""
        compiled = self._on(connection.dialect)
        with closing(connection.connection.cursor()) as cursor:
            self._execute(connection, cursor, compiled.text, compiled.bind(values))
            return int(cursor.rowcount)

    def run_many(self, connection: Connection, rows: Iterable[Values]) -> int:
        """Run it for each of the rows; return how many rows it changed in all."""
        compiled = self._on(connection.dialect)
        bound = [compiled.bind(row) for row in rows]
        if not bound:
            return 0
        with closing(connection.connection.cursor()) as cursor:
            if len(bound) == 1:
                self._execute(connection, cursor, compiled.text, bound[0])
            else:
                try:
                    cursor.executemany(compiled.text, bound)
                except _driver(connection).Error as error:
                    raise translated(connection, compiled.text, error) from error
            return int(cursor.rowcount)

    def rows(self, connection: Connection, values: Values) -> list[Any]:
        """Run it, and return its rows; their columns are attributes by name."""
        compiled = self._on(connection.dialect)
        with closing(connection.connection.cursor()) as cursor:
            self._execute(connection, cursor, compiled.text, compiled.bind(values))
            return self._named(cursor)

    def rows_of_each(
        self, connection: Connection, many: Sequence[Values]
    ) -> list[list[Any]]:
        """Return the rows of many runs, crossing a network once for all of them."""
        compiled = self._on(connection.dialect)
        bound = [compiled.bind(values) for values in many]
        found = []
        with closing(connection.connection.cursor()) as opened:
            cursor: Any = opened
            if connection.dialect.name == "sqlite" or len(many) == 1:
                for each in bound:
                    self._execute(connection, cursor, compiled.text, each)
                    found.append(self._named(cursor))
                return found
            try:
                cursor.executemany(compiled.text, bound, returning=True)
            except _driver(connection).Error as error:
                raise translated(connection, compiled.text, error) from error
            for _ in many:
                found.append(self._named(cursor))
                cursor.nextset()
        return found

    def first(self, connection: Connection, values: Values) -> Any | None:
        """Return its first row, or None."""
        found = self.rows(connection, values)
        return found[0] if found else None

    def _named(self, cursor: Any) -> list[Any]:
        if self._make_row is None:
            names = [column[0] for column in cursor.description]
            row: Any = namedtuple("Row", names)  # type: ignore[misc]
            self._make_row = row._make
        return [self._make_row(values) for values in cursor.fetchall()]

    def _on(self, dialect: Dialect) -> _Compiled:
        found = self._compiled.get(dialect.name)
        if found is None:
            found = self._compiled[dialect.name] = self._compile(dialect)
        return found

    def _compile(self, dialect: Dialect) -> _Compiled:
        statement = self._statement
        if not isinstance(statement, Executable):
            its = import_module(f"sqlalchemy.dialects.{dialect.name}")  # not both
            statement = statement(its.insert)
        made: Any = statement.compile(  # type: ignore[attr-defined]
            dialect=dialect,
            column_keys=list(self._columns) or None,
            compile_kwargs={"render_postcompile": not self._columns},
        )
        fixed = {
            name: value
            for name, value in made.params.items()
            if value is not None and name not in self._columns
        }
        return _Compiled(made.string, made.positiontup, fixed)

    def _execute(
        self, connection: Connection, cursor: Any, text: str, bound: Any
    ) -> None:
        try:
            cursor.execute(text, bound)
        except _driver(connection).Error as error:
            raise translated(connection, text, error) from error


def translated(connection: Connection, text: str, error: Exception) -> DBAPIError:
    """Say a driver's error as SQLAlchemy does; a lost connection is let go of.

    Nothing of the values is in it: they may be a patient's.
    """
    driver = _driver(connection)
    lost = isinstance(error, driver.Error) and connection.dialect.is_disconnect(
        error, connection.connection.dbapi_connection, None
    )
    made = DBAPIError.instance(
        text,
        None,
        error,
        driver.Error,
        hide_parameters=True,
        connection_invalidated=lost,
        dialect=connection.dialect,
    )
    assert isinstance(made, DBAPIError)  # noqa: S101 - for the type checker
    if lost:
        connection.invalidate(error)
    return made


def _driver(connection: Connection) -> Any:
    return connection.dialect.loaded_dbapi
