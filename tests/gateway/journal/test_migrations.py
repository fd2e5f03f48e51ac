"""The schema that a database has is the one that the program thinks it has."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, select, text

from gateway.errors import SchemaMismatch
from gateway.journal import migrations, revision, schema
from gateway.journal.dialect import open_engine
from tests.engines import empty_database

_POSTGRES_CHECKS = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2
"""
_SQLITE_TEXTS = (
    "SELECT name, sql FROM sqlite_master WHERE tbl_name <> 'alembic_version'"
)
_OLD_ROWS = (
    "INSERT INTO client (id, created_at) VALUES ('c', 0)",
    "INSERT INTO payload (id, sha256, size, place, place_offset, key_id, wrapped_key, "
    "created_at) VALUES ('p', 's', 1, 'f', 0, 'k', '', 0)",
    "INSERT INTO deposit (id, client_id, payload_id, channel, filename, sha256, size, "
    "received_at, receipt, state) VALUES ('d', 'c', 'p', 'sftp', 'f', 's', 1, 0, '', "
    "'split')",
    "INSERT INTO lot (id, deposit_id, client_id, position, network, flow, number, "
    'match_key, sender, "offset", length, state, account, created_at, changed_at) '
    "VALUES ('d-1', 'd', 'c', 1, 'sesam', 'billing', '1', 'k', 'S1', 0, 1, 'new', "
    "'received', 0, 0)",
    'INSERT INTO claim (lot_id, seq, number, match_key, patient, "offset", length) '
    "VALUES ('d-1', 1, '000000007', 'k|7', 0, 0, 1)",
)
_OLD_CASE = (
    "INSERT INTO anomaly (id, kind, severity, subject, client_id, words, state, seen, "
    "first_seen, last_seen, facts, claims) VALUES ('a', 'deposit-damaged', 'error', 'd', "
    "'c', '', 'open', 1, 0, 0, '{}', 0)"
)


def exact(connection: Connection) -> set[tuple[object, ...]]:
    """Describe constraints, and on SQLite everything, in the engine's own words."""
    sqlite = connection.dialect.name == "sqlite"
    rows = connection.execute(text(_SQLITE_TEXTS if sqlite else _POSTGRES_CHECKS))
    return {
        tuple(in_order(str(each)) for each in row)
        for row in rows
        if row[0] != "alembic_version"  # Alembic's own
    }


def in_order(words: str) -> str:
    """Sort the constraints of a table's definition, whose order says nothing."""
    body, closing, options = " ".join(words.split()).rpartition(" )")
    columns, *constraints = body.split(", CONSTRAINT ")
    return ", ".join([columns, *sorted(constraints)]) + closing + options


@pytest.mark.filterwarnings(  # SQLite's own words are compared below
    "ignore:autogenerate skipping metadata-specified expression-based index",
    "ignore:Skipped unsupported reflection of expression-based index",
)
def test_the_revisions_lead_to_the_schema(url: str) -> None:
    """A migrated database differs in nothing from what the tables say."""
    engine = open_engine(url, write=True, connections=1)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"compare_server_default": connection.dialect.name != "sqlite"},
        )
        assert compare_metadata(context, schema.metadata) == []
    engine.dispose()


def test_constraints_are_the_same_word_for_word(
    url: str, engine: str, tmp_path: Path
) -> None:
    """States and keys that the database itself guards are those of the tables."""
    with empty_database(engine, tmp_path) as other:
        made, migrated = (
            open_engine(each, write=True, connections=1) for each in (other, url)
        )
        schema.metadata.create_all(made)
        with made.connect() as one, migrated.connect() as two:
            assert exact(two) == exact(one)
        made.dispose()
        migrated.dispose()


def test_an_empty_database_is_refused_then_upgraded(
    engine: str, tmp_path: Path
) -> None:
    """An empty database is named as such; after the upgrade it is taken, twice too."""
    with empty_database(engine, tmp_path) as place:
        opened = open_engine(place, write=True, connections=1)
        with (
            opened.connect() as connection,
            pytest.raises(SchemaMismatch, match=r"is empty.*octway migrate"),
        ):
            revision.check(connection)
        assert migrations.upgrade(opened) == (None, schema.SCHEMA_VERSION)
        assert migrations.upgrade(opened)[0] == schema.SCHEMA_VERSION
        with opened.connect() as connection:
            revision.check(connection)
        opened.dispose()


def test_claims_of_an_older_version_learn_their_sender(
    engine: str, tmp_path: Path
) -> None:
    """After an upgrade a sender's earlier invoice is found among the old claims too."""
    with empty_database(engine, tmp_path) as place:
        opened = open_engine(place, write=True, connections=1)
        migrations.upgrade(opened, "0001_first")
        with opened.begin() as connection:
            for statement in _OLD_ROWS:
                connection.execute(text(statement))
        assert migrations.upgrade(opened) == ("0001_first", schema.SCHEMA_VERSION)
        with opened.connect() as connection:
            claims = connection.execute(select(schema.claim)).all()
        assert [(each.number, each.sender) for each in claims] == [("000000007", "S1")]
        opened.dispose()


def test_a_damaged_deposit_is_behind_the_case_that_it_had(
    engine: str, tmp_path: Path
) -> None:
    """A case from before damaged deposits shared one still leads to its file."""
    with empty_database(engine, tmp_path) as place:
        opened = open_engine(place, write=True, connections=1)
        migrations.upgrade(opened, "0018_attachments")
        with opened.begin() as connection:
            connection.execute(text(_OLD_CASE))
        migrations.upgrade(opened)
        with opened.connect() as connection:
            behind = connection.execute(select(schema.anomaly_item)).all()
        assert [(each.anomaly_id, each.subject) for each in behind] == [("a", "d")]
        opened.dispose()


@pytest.mark.parametrize("found", ["0000_older", "9999_newer"])
def test_another_version_is_refused_in_words(url: str, found: str) -> None:
    """A database that is older or newer than the program is left alone."""
    engine = open_engine(url, write=True, connections=1)
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE alembic_version SET version_num = :found"), {"found": found}
        )
    with (
        engine.connect() as connection,
        pytest.raises(SchemaMismatch, match=f"'{found}'.*'{schema.SCHEMA_VERSION}'"),
    ):
        revision.check(connection)
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE alembic_version SET version_num = :found"),
            {"found": schema.SCHEMA_VERSION},
        )
    engine.dispose()


def test_an_upgrade_that_fails_leaves_the_database_as_it_was(
    engine: str, tmp_path: Path
) -> None:
    """A migration is all or nothing, on both engines."""
    with empty_database(engine, tmp_path) as place:
        opened = open_engine(place, write=True, connections=1)
        with opened.begin() as connection:  # stands in the way of a later table
            connection.execute(text("CREATE TABLE lease (other INTEGER)"))
        with pytest.raises(Exception, match="lease"):
            migrations.upgrade(opened)
        with opened.connect() as connection:
            assert revision.current(connection) is None
            assert not opened.dialect.has_table(connection, "client")
        opened.dispose()
