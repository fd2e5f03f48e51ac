"""The journal's schema over time: Alembic revisions, one file a change.

A program works with exactly one revision and refuses any other, so that no old
node writes into a newer database, nor a new one into an older.
"""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from gateway.errors import SchemaMismatch
from gateway.journal.schema import SCHEMA_VERSION


def current(connection: Connection) -> str | None:
    """Return the revision that a database is at; None for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def known(revision: str) -> bool:
    """Say whether this program knows a revision; a newer program's it does not."""
    scripts = ScriptDirectory.from_config(_config())
    return revision in {each.revision for each in scripts.walk_revisions()}


def check(connection: Connection) -> None:
    """Raise `SchemaMismatch` unless the database is at this program's revision."""
    found = current(connection)
    if found != SCHEMA_VERSION:
        state = "is empty" if found is None else f"is at {found!r}"
        raise SchemaMismatch(
            f"the database {state}, this program needs {SCHEMA_VERSION!r}; "
            "run `octway migrate` (with the newest version installed)"
        )


def upgrade(engine: Engine, to: str = SCHEMA_VERSION) -> tuple[str | None, str]:
    """Bring a database to a revision, the program's own; return those around it.

    Raises `SchemaMismatch` for a database of a newer program.
    """
    config = _config()
    with engine.begin() as connection:
        before = current(connection)
        if before is not None and not known(before):
            raise SchemaMismatch(
                f"the database is at {before!r}, which this program does not know: it is "
                "of a newer octway; run `octway migrate` of that version or a later one"
            )
        config.attributes["connection"] = connection
        command.upgrade(config, to)
    return before, to


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "gateway.journal:migrations")
    config.set_main_option("path_separator", "os")
    return config
