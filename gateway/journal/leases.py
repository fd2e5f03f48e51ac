"""Leases by name: what only one node may do at a time."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select, update

from gateway.committing import Tx
from gateway.journal import dialect, schema


def take(tx: Tx, name: str, holder: str, seconds: float) -> bool:
    """Take, or prolong, a lease; False while another has it, or had it just now."""
    table = schema.lease
    values = {"holder": holder, "until": tx.now + seconds}
    if dialect.insert_new(tx.connection, table, [{"name": name, **values}]):
        return True
    row = tx.connection.execute(
        select(table).where(table.c.name == name).with_for_update()
    ).one_or_none()
    if row is None:  # its holder gave it back just now
        return False
    if row.holder != holder and row.until >= tx.now:
        return False
    tx.connection.execute(update(table).where(table.c.name == name).values(values))
    return True


def is_free(connection: Connection, name: str, holder: str, now: float) -> bool:
    """Say whether a holder could take a lease now; taking it may still fail."""
    table = schema.lease
    row = connection.execute(select(table).where(table.c.name == name)).one_or_none()
    return row is None or row.holder == holder or row.until < now


def release(tx: Tx, name: str, holder: str) -> None:
    """Give a lease back, if it is still the holder's."""
    table = schema.lease
    tx.connection.execute(
        delete(table).where(table.c.name == name, table.c.holder == holder)
    )
