"""The journal's schema over time: Alembic revisions, one file a change."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from gateway.errors import SchemaMismatch
from gateway.journal.revision import current
from gateway.journal.schema import SCHEMA_VERSION


def known(revision: str) -> bool:
    """Say whether this program knows a revision; a newer program's it does not."""
    scripts = ScriptDirectory.from_config(_config())
    return revision in {each.revision for each in scripts.walk_revisions()}


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
