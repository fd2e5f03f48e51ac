"""What stands in a client's tree: names in `/in`, returns, receipts."""

from __future__ import annotations

import posixpath
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, func, select, update

from gateway.committing import Tx
from gateway.journal import dialect, purges, schema
from routing.lifecycle import HANDBACK, HandbackEvent, HandbackState


def inbox(
    connection: Connection, client: str, folder: str
) -> list[Row[*tuple[Any, ...]]]:
    """List names of a folder under `/in`: path, deposit_id (null: a folder), size."""
    table = schema.inbox_name
    query = (
        select(table)
        .where(table.c.client_id == client, table.c.folder == folder)
        .order_by(table.c.modified_at, table.c.path)
    )
    return list(connection.execute(query))


def inbox_name(
    connection: Connection, client: str, path: str
) -> Row[*tuple[Any, ...]] | None:
    """Find one name under `/in`."""
    table = schema.inbox_name
    query = select(table).where(table.c.client_id == client, table.c.path == path)
    return connection.execute(query).one_or_none()


def make_folder(tx: Tx, client: str, path: str) -> None:
    """Add a folder's name; its parent is the caller's to check."""
    row = {
        "client_id": client,
        "path": path,
        "folder": posixpath.dirname(path),
        "deposit_id": None,
        "size": 0,
        "modified_at": tx.now,
    }
    dialect.insert_new(tx.connection, schema.inbox_name, [row])


def forget_name(tx: Tx, client: str, path: str) -> None:
    """Take a name away from `/in`; the deposit behind it stays."""
    table = schema.inbox_name
    gone = tx.connection.execute(
        delete(table)
        .where(table.c.client_id == client, table.c.path == path)
        .returning(table.c.deposit_id)
    ).scalar_one_or_none()
    if gone:
        tx.say("deposit.name-removed", gone, client=client)


def rename_name(tx: Tx, client: str, source: str, target: str) -> None:
    """Give a deposit's name another one, replacing what stood there."""
    table = schema.inbox_name
    tx.connection.execute(
        delete(table).where(table.c.client_id == client, table.c.path == target)
    )
    tx.connection.execute(
        update(table)
        .where(table.c.client_id == client, table.c.path == source)
        .values(path=target, folder=posixpath.dirname(target), modified_at=tx.now)
    )


def outbox(
    connection: Connection, client: str, network: str
) -> list[Row[*tuple[Any, ...]]]:
    """List returns that wait for a client in one network, oldest first.

    One that it has fetched, never acknowledged, and that was purged is listed no more.
    """
    table = schema.handback
    query = (
        select(table)
        .where(
            table.c.client_id == client,
            table.c.network == network,
            table.c.state != HandbackState.ACKNOWLEDGED,
            purges.kept(table.c.payload_id),
        )
        .order_by(table.c.id)
    )
    return list(connection.execute(query))


def handback(
    connection: Connection, client: str, network: str, filename: str
) -> Row[*tuple[Any, ...]] | None:
    """Find one return of a client by its name, unless it was acknowledged."""
    table = schema.handback
    query = select(table).where(
        table.c.client_id == client,
        table.c.network == network,
        table.c.filename == filename,
        table.c.state != HandbackState.ACKNOWLEDGED,
    )
    return connection.execute(query).one_or_none()


def move_handback(
    tx: Tx, handback_id: str, happened: HandbackEvent, channel: str
) -> None:
    """Note that a client fetched or acknowledged a return; a repeat changes nothing."""
    table = schema.handback
    row = tx.connection.execute(
        select(table.c.state, table.c.client_id)
        .where(table.c.id == handback_id)
        .with_for_update()
    ).one()
    before = HandbackState(row.state)
    if happened not in HANDBACK.allowed(before):
        return
    after = HANDBACK.next_state(before, happened)
    column = "fetched_at" if happened is HandbackEvent.FETCH else "acknowledged_at"
    tx.connection.execute(
        update(table)
        .where(table.c.id == handback_id)
        .values({"state": after, column: tx.now})
    )
    if before is not after:
        tx.say(f"return.{after}", handback_id, client=row.client_id, channel=channel)


def receipts(
    connection: Connection, client: str, since: float
) -> list[Row[*tuple[Any, ...]]]:
    """List the sizes of receipts and reports of a client's deposits, oldest first."""
    received_at = schema.deposit.c.received_at
    query = _sizes(client).where(received_at >= since).order_by(received_at)
    return list(connection.execute(query))


def receipt_sizes(
    connection: Connection, client: str, deposit: str
) -> Row[*tuple[Any, ...]] | None:
    """Find the sizes of one deposit's receipt and report."""
    query = _sizes(client).where(schema.deposit.c.id == deposit)
    return connection.execute(query).one_or_none()


def receipt(
    connection: Connection, client: str, deposit: str
) -> Row[*tuple[Any, ...]] | None:
    """Find one deposit's receipt and report."""
    table = schema.deposit
    query = select(table.c.receipt, table.c.report).where(
        table.c.client_id == client, table.c.id == deposit
    )
    return connection.execute(query).one_or_none()


def _sizes(client: str) -> Select[*tuple[Any, ...]]:
    table = schema.deposit
    return select(
        table.c.id,
        table.c.received_at,
        table.c.split_at,
        func.length(table.c.receipt).label("receipt_size"),
        func.length(table.c.report).label("report_size"),
    ).where(table.c.client_id == client)
