"""A journal that was migrated under a running node: it stops, and says why."""

from __future__ import annotations

from sqlalchemy import text
from twisted.logger import capturedLogs

from gateway.schema_watch import SchemaWatch
from tests.gateway.journal.desk import Desk


def test_a_node_whose_journal_was_migrated_stops(desk: Desk) -> None:
    """Not before, only once, and with words on what to do."""
    stopped: list[bool] = []
    watch = SchemaWatch(desk.database, lambda: stopped.append(True))
    watch.look()
    assert (stopped, watch.migrated) == ([], False)
    change = "UPDATE alembic_version SET version_num = :version"
    before = desk.database.read(
        lambda c: c.execute(text("SELECT version_num FROM alembic_version")).scalar()
    )

    def migrate(version: object) -> None:
        desk.database.write(
            "migrate",
            lambda tx: tx.connection.execute(text(change), {"version": version}),
        )

    migrate("9999_later")
    with capturedLogs() as logged:
        watch.look()
        watch.look()
    migrate(before)  # the next test has this database too
    assert (stopped, watch.migrated) == ([True], True)
    (said,) = [str(each["error"]) for each in logged]
    assert "'9999_later'" in said
    assert "octway migrate" in said
