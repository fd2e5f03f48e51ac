"""Which version of the payer referential each client has, by its own word."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, select

from gateway.committing import Tx
from gateway.journal import dialect, schema

_TAKEN: Final = schema.referential_taken


def taken(connection: Connection, client: str) -> str | None:
    """Return the version that a client has said it has; None if it never did."""
    query = select(_TAKEN.c.version).where(_TAKEN.c.client_id == client)
    return connection.execute(query).scalar_one_or_none()


def take(tx: Tx, client: str, version: str, channel: str) -> None:
    """Note that a client has a version; it is not offered that one any more."""
    if taken(tx.connection, client) == version:
        return
    row = {"client_id": client, "version": version, "at": tx.now}
    dialect.upsert(tx.connection, _TAKEN, [row])
    tx.say("referential.taken", version, client=client, channel=channel)
