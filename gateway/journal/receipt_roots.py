"""The roots of days: which chains grew on a day, and what was published of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from gateway.committing import Tx
from gateway.journal import schema
from gateway.journal.receipt_chain import GENESIS, Head


def first_entry(connection: Connection) -> float | None:
    """Tell when the first entry of all chains was made."""
    query = select(func.min(schema.receipt_entry.c.made_at))
    found: float | None = connection.execute(query).scalar_one()
    return found


def grown(connection: Connection, since: float, until: float) -> Mapping[str, Head]:
    """Map the clients whose chains grew in a time to the last entry made in it."""
    table = schema.receipt_entry
    last = (
        select(table.c.client_id, func.max(table.c.number).label("number"))
        .where(table.c.made_at >= since, table.c.made_at < until)
        .group_by(table.c.client_id)
        .subquery()
    )
    same = (table.c.client_id == last.c.client_id) & (table.c.number == last.c.number)
    columns = (table.c.client_id, table.c.number, table.c.sha256, table.c.made_at)
    return {
        row.client_id: Head(row.number, row.sha256, row.made_at)
        for row in connection.execute(select(*columns).join(last, same))
    }


def hash_of(connection: Connection, day: str) -> str:
    """Return the hash of a day's root; of a day before all roots, zeros."""
    table = schema.receipt_root
    found = connection.execute(
        select(table.c.sha256).where(table.c.day == day)
    ).scalar_one_or_none()
    return GENESIS if found is None else found


def add(
    tx: Tx,
    day: str,
    content: bytes,
    sha256: str,
    inclusions: Mapping[str, bytes],
    made_at: float,
) -> None:
    """Keep a day's root, and each client's proof that its chain is under it."""
    tx.connection.execute(
        insert(schema.receipt_root),
        {"day": day, "content": content, "sha256": sha256, "made_at": made_at},
    )
    rows = [
        {"day": day, "client_id": client, "content": proof, "made_at": made_at}
        for client, proof in inclusions.items()
    ]
    if rows:
        tx.connection.execute(insert(schema.receipt_inclusion), rows)
    tx.say("receipt.root", day, sha256=sha256)


def root(connection: Connection, day: str) -> Row[*tuple[Any, ...]] | None:
    """Find the root of a day."""
    table = schema.receipt_root
    return connection.execute(select(table).where(table.c.day == day)).one_or_none()


def last_root(connection: Connection) -> Row[*tuple[Any, ...]] | None:
    """Find the newest root."""
    table = schema.receipt_root
    query = select(table).order_by(table.c.day.desc()).limit(1)
    return connection.execute(query).one_or_none()
