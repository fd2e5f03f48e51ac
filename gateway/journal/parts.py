"""The `upload` table: work in progress that outlived its connection.

A row stands for a part that was cut off, or a file closed under a name of work
in progress (`.part` and the like).  Its bytes lie sealed in staging.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import frozen
from sqlalchemy import Connection, delete, select

from gateway.committing import Tx
from gateway.journal import dialect, schema
from gateway.journal.prepared import Prepared, given


@frozen(kw_only=True)
class Part:
    """One part as stored: plain size, and the wrapped key that opens it."""

    id: str
    client: str
    path: str
    size: int
    key_id: str
    wrapped_key: bytes
    updated_at: float = 0.0


def keep(tx: Tx, part: Part) -> list[str]:
    """Remember a part under its path; return ids of parts that it replaces."""
    table = schema.upload
    same = (table.c.client_id == part.client) & (table.c.path == part.path)
    replaced = [
        row.id
        for row in tx.connection.execute(select(table.c.id).where(same))
        if row.id != part.id
    ]
    forget(tx, replaced)
    row = {
        "id": part.id,
        "client_id": part.client,
        "path": part.path,
        "size": part.size,
        "key_id": part.key_id,
        "wrapped_key": part.wrapped_key,
        "updated_at": tx.now,
    }
    dialect.upsert(tx.connection, table, [row])
    tx.say("upload.kept", part.id, client=part.client, size=part.size)
    return replaced


def forget(tx: Tx, parts: Sequence[str]) -> None:
    """Drop the rows of parts; their bytes are the caller's to remove after."""
    if parts:
        tx.connection.execute(
            delete(schema.upload).where(schema.upload.c.id.in_(parts))
        )
        for part in parts:
            tx.say("upload.dropped", part)


def deposited(tx: Tx, part: str, deposit: str, *, size: int) -> None:
    """Drop a part that became a deposit of some size: as it was, or gone on with."""
    tx.say("upload.deposited", part, deposit=deposit, size=size)
    forget(tx, [part])


def replaced(tx: Tx, names: Sequence[tuple[str, str]]) -> None:
    """Drop parts whose (client, path) a whole deposit has taken.

    Their bytes in staging belong to nobody then, and are tidied up later.
    """
    wanted = [{"its_client": client, "its_path": path} for client, path in names]
    found = _UNDER.rows_of_each(tx.connection, wanted)
    forget(tx, sorted({row.id for rows in found for row in rows}))


def move(tx: Tx, part: str, path: str) -> None:
    """Give a part another name."""
    tx.connection.execute(
        schema.upload.update()
        .where(schema.upload.c.id == part)
        .values(path=path, updated_at=tx.now)
    )


def find(connection: Connection, client: str, path: str) -> Part | None:
    """Find a client's part by its path."""
    table = schema.upload
    query = select(table).where(table.c.client_id == client, table.c.path == path)
    row = connection.execute(query).one_or_none()
    return None if row is None else _part(row._mapping)


def of_client(connection: Connection, client: str) -> list[Part]:
    """List a client's parts."""
    table = schema.upload
    query = select(table).where(table.c.client_id == client)
    return [_part(row._mapping) for row in connection.execute(query)]


def all_ids(connection: Connection) -> set[str]:
    """Name every part that has a row."""
    return {row.id for row in connection.execute(select(schema.upload.c.id))}


def older_than(connection: Connection, moment: float) -> list[str]:
    """Name parts that nobody has touched since."""
    table = schema.upload
    query = select(table.c.id).where(table.c.updated_at < moment)
    return [row.id for row in connection.execute(query)]


def _part(row: object) -> Part:
    values = dict(row)  # type: ignore[call-overload]
    values["client"] = values.pop("client_id")
    return Part(**values)


_UNDER: Final = Prepared(
    select(schema.upload.c.id).where(
        schema.upload.c.client_id == given("its_client"),
        schema.upload.c.path == given("its_path"),
    )
)
