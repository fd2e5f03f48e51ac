"""Which version of the payer referential each client has, by its own word."""

from __future__ import annotations

from typing import Final, NamedTuple

from sqlalchemy import Connection, select

from gateway.committing import Tx
from gateway.journal import dialect, schema

_TAKEN: Final = schema.referential_taken


class Taken(NamedTuple):
    """A version, and since when a client has it."""

    version: str
    at: float


def taken(connection: Connection, client: str) -> Taken | None:
    """Return what a client has said it has; None if it never did."""
    query = select(_TAKEN.c.version, _TAKEN.c.at).where(_TAKEN.c.client_id == client)
    row = connection.execute(query).one_or_none()
    return None if row is None else Taken(*row)


def has(connection: Connection, client: str, version: str) -> bool:
    """Say whether a client has a version, by its own word."""
    found = taken(connection, client)
    return found is not None and found.version == version


def take(tx: Tx, client: str, version: str, channel: str) -> None:
    """Note that a client has a version; it is not offered that one any more."""
    if has(tx.connection, client, version):
        return
    row = {"client_id": client, "version": version, "at": tx.now}
    dialect.upsert(tx.connection, _TAKEN, [row])
    tx.say("referential.taken", version, client=client, channel=channel)
