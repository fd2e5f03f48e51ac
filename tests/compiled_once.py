"""Statements that all engines of a test run share, as those of one node do.

A test opens a journal of its own, and its engines would compile each statement anew,
which takes longer than running it.  SQLAlchemy keeps what it compiled by statement
and dialect; here all dialects of a kind count as one, and keep it in one place.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Engine
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

_COMPILED: Final[dict[Any, Any]] = {}


class _Shared:
    """A dialect that is the same as any other of its kind."""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))

    @classmethod
    def engine_created(cls, engine: Engine) -> None:
        """Have a new engine keep its statements with all others."""
        engine.update_execution_options(compiled_cache=_COMPILED)


class Sqlite(_Shared, SQLiteDialect_pysqlite):
    """SQLite's."""

    supports_statement_cache = True


class Postgresql(_Shared, PGDialect_psycopg):
    """PostgreSQL's."""

    supports_statement_cache = True


def share() -> None:
    """Have all engines that are opened from now on share their statements."""
    registry.register("sqlite", __name__, Sqlite.__name__)
    registry.register("postgresql.psycopg", __name__, Postgresql.__name__)
