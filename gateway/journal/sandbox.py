"""The tables `sandbox_file` and `sandbox_return`: what the sandbox's payers know.

It is all that they know: one that is asked after a restart, or by another node, goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, insert, select, update

from gateway.committing import Tx
from gateway.journal import dialect, schema
from gateway.storage.payloads import StoredPayload

_FILE = schema.sandbox_file
_RETURN = schema.sandbox_return


class Coming(NamedTuple):
    """A return that a payer of the sandbox will give, from a moment on."""

    name: str
    stored: StoredPayload
    ready_at: float


def tried(tx: Tx, endpoint: str, name: str) -> int:
    """Note that a file is handed over; return how often it was, with this time."""
    row = {"endpoint_id": endpoint, "name": name}
    dialect.insert_new(tx.connection, _FILE, [row])
    tx.connection.execute(_the(endpoint, name).values(tries=_FILE.c.tries + 1))
    return int(
        tx.connection.execute(
            select(_FILE.c.tries).where(
                _FILE.c.endpoint_id == endpoint, _FILE.c.name == name
            )
        ).scalar_one()
    )


def taken(
    tx: Tx,
    endpoint: str,
    name: str,
    size: int,
    *,
    lot_key: str,
    answered_at: float | None,
    coming: Sequence[Coming],
) -> None:
    """Note that a payer has a file, and all that it will say of it, in one."""
    tx.connection.execute(
        _the(endpoint, name).values(
            size=size, lot_key=lot_key, taken_at=tx.now, answered_at=answered_at
        )
    )
    give(tx, endpoint, lot_key, coming)


def give(tx: Tx, endpoint: str, lot_key: str, coming: Sequence[Coming]) -> None:
    """Have a payer send something back."""
    rows = [
        {
            "endpoint_id": endpoint,
            "name": each.name,
            "lot_key": lot_key,
            "payload_id": each.stored.id,
            "size": each.stored.size,
            "ready_at": each.ready_at,
        }
        for each in coming
    ]
    if rows:
        tx.connection.execute(insert(_RETURN), rows)


def file(
    connection: Connection, endpoint: str, name: str
) -> Row[*tuple[Any, ...]] | None:
    """Find a file that a payer has taken."""
    query = select(_FILE).where(
        _FILE.c.endpoint_id == endpoint,
        _FILE.c.name == name,
        _FILE.c.taken_at.is_not(None),
    )
    return connection.execute(query).one_or_none()


def file_of_lot(
    connection: Connection, endpoint: str, lot_key: str
) -> Row[*tuple[Any, ...]] | None:
    """Find the first file of a lot that a payer has taken, unless it was lost there."""
    query = (
        select(_FILE)
        .where(_FILE.c.endpoint_id == endpoint, _FILE.c.lot_key == lot_key)
        .where(_FILE.c.taken_at.is_not(None), _FILE.c.lot_key != "")
        .order_by(_FILE.c.taken_at)
        .limit(1)
    )
    return connection.execute(query).one_or_none()


def ready(
    connection: Connection, now: float, endpoint: str = ""
) -> list[Row[*tuple[Any, ...]]]:
    """List the returns that are there, of one payer or of all, oldest first."""
    query = select(_RETURN).where(_RETURN.c.removed_at.is_(None))
    query = query.where(_RETURN.c.ready_at <= now)
    if endpoint:
        query = query.where(_RETURN.c.endpoint_id == endpoint)
    return list(connection.execute(query.order_by(_RETURN.c.ready_at, _RETURN.c.name)))


def one(
    connection: Connection, endpoint: str, name: str
) -> Row[*tuple[Any, ...]] | None:
    """Find a return."""
    query = select(_RETURN).where(
        _RETURN.c.endpoint_id == endpoint, _RETURN.c.name == name
    )
    return connection.execute(query).one_or_none()


def hurry(tx: Tx, endpoint: str, lot_key: str) -> None:
    """Have everything that is still to come for a lot come now."""
    tx.connection.execute(
        update(_RETURN)
        .where(
            _RETURN.c.endpoint_id == endpoint,
            _RETURN.c.lot_key == lot_key,
            _RETURN.c.ready_at > tx.now,
        )
        .values(ready_at=tx.now)
    )


def removed(tx: Tx, endpoint: str, name: str) -> None:
    """Take a return away that was fetched."""
    tx.connection.execute(
        update(_RETURN)
        .where(_RETURN.c.endpoint_id == endpoint, _RETURN.c.name == name)
        .values(removed_at=tx.now)
    )


def _the(endpoint: str, name: str) -> Any:
    return update(_FILE).where(_FILE.c.endpoint_id == endpoint, _FILE.c.name == name)
