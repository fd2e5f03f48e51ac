"""The journal's schema over time: Alembic revisions, one file a change."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine

from gateway.journal.revision import current
from gateway.journal.schema import SCHEMA_VERSION


def upgrade(engine: Engine, to: str = SCHEMA_VERSION) -> tuple[str | None, str]:
    """Bring a database to a revision, the program's own; return those around it."""
    config = Config()
    config.set_main_option("script_location", "gateway.journal:migrations")
    config.set_main_option("path_separator", "os")
    with engine.begin() as connection:
        before = current(connection)
        config.attributes["connection"] = connection
        command.upgrade(config, to)
    return before, to
