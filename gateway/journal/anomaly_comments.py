"""What people wrote about an anomaly, in the order in which they did."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from gateway.committing import Tx
from gateway.journal import schema


def add(tx: Tx, anomaly: str, *, by: str, words: str) -> None:
    """Add a person's words to an anomaly."""
    table = schema.anomaly_comment
    seq = tx.connection.execute(
        select(func.count()).where(table.c.anomaly_id == anomaly)
    ).scalar_one()
    tx.connection.execute(
        insert(table),
        {
            "anomaly_id": anomaly,
            "seq": seq + 1,
            "author": by,
            "words": words,
            "at": tx.now,
        },
    )
    tx.say("anomaly.comment", anomaly, by=by)


def listed(connection: Connection, anomaly: str) -> list[Row[*tuple[Any, ...]]]:
    """List what people wrote about an anomaly, oldest first."""
    table = schema.anomaly_comment
    query = select(table).where(table.c.anomaly_id == anomaly).order_by(table.c.seq)
    return list(connection.execute(query))
