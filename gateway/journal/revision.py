"""Which revision of the schema a database is at, and whether it is this program's.

A program works with exactly one revision and refuses any other, so that no old
node writes into a newer database, nor a new one into an older.  The row is read as
Alembic writes it; the library itself is only for `gateway.journal.migrations`.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, column, inspect, select, table

from gateway.errors import SchemaMismatch
from gateway.journal.schema import SCHEMA_VERSION

_ROW: Final = table("alembic_version", column("version_num"))


def current(connection: Connection) -> str | None:
    """Return the revision that a database is at; None for an empty one."""
    if not inspect(connection).has_table(_ROW.name):
        return None
    found: str | None = connection.execute(select(_ROW)).scalar_one_or_none()
    return found


def check(connection: Connection) -> None:
    """Raise `SchemaMismatch` unless the database is at this program's revision."""
    found = current(connection)
    if found != SCHEMA_VERSION:
        state = "is empty" if found is None else f"is at {found!r}"
        raise SchemaMismatch(
            f"the database {state}, this program needs {SCHEMA_VERSION!r}; "
            "run `octway migrate` (with the newest version installed)"
        )
