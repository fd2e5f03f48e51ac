"""The `deposit` table: taking deposits in, many at a time, each once.

Same client and same content are the same deposit: the second time nothing is
written but the name under which it came, and the receipt is the first one.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from typing import Any, Final

from attrs import frozen
from sqlalchemy import Connection, Row, func, insert, or_, select

from gateway.committing import Tx
from gateway.journal import arrivals, dialect, schema
from gateway.journal.prepared import Prepared, given
from routing.lifecycle import DepositState


@frozen(kw_only=True)
class NewDeposit:
    """A deposit about to be journaled; its payload is durable already."""

    id: str
    client: str
    channel: str
    path: str
    label: str
    sha256: str
    size: int
    payload: str
    receipt: bytes
    idempotency_key: str = ""

    @property
    def filename(self) -> str:
        """The last part of the path."""
        return posixpath.basename(self.path)


@frozen(kw_only=True)
class Known:
    """A deposit that is there already."""

    id: str
    receipt: bytes
    bad: bool = False  # it has errors, of which its client was told


def numberless(
    connection: Connection, client: str, *, since: float, until: float
) -> int:
    """Count a client's deposits of a time that are unread, or in no known format."""
    table = schema.deposit
    unread = table.c.state == DepositState.RECEIVED
    unknown = (table.c.state == DepositState.UNREADABLE) & (table.c.format == "")
    query = select(func.count()).where(
        table.c.client_id == client,
        table.c.received_at.between(since, until),
        or_(unread, unknown),
    )
    return int(connection.execute(query).scalar_one())


def known(
    connection: Connection, pairs: Sequence[tuple[str, str]]
) -> Mapping[tuple[str, str], Known]:
    """Find deposits by (client, sha256)."""
    wanted = [{"its_client": client, "its_sha256": sha256} for client, sha256 in pairs]
    return {
        pair: Known(id=row.id, receipt=row.receipt, bad=row.errors > 0)
        for pair, rows in zip(
            pairs, _KNOWN.rows_of_each(connection, wanted), strict=True
        )
        for row in rows
    }


def add(tx: Tx, deposits: Sequence[NewDeposit]) -> None:
    """Journal new deposits with the event of each."""
    if not deposits:
        return
    arrivals.begin(tx)
    _ADD.run_many(
        tx.connection,
        [
            {
                "id": each.id,
                "client_id": each.client,
                arrivals.CLIENT: each.client,
                "payload_id": each.payload,
                "channel": each.channel,
                "filename": each.filename,
                "label": each.label,
                "sha256": each.sha256,
                "size": each.size,
                "received_at": tx.now,
                "receipt": each.receipt,
                "state": DepositState.RECEIVED,
            }
            for each in deposits
        ],
    )
    for each in deposits:
        tx.say(
            "deposit.received",
            each.id,
            client=each.client,
            channel=each.channel,
            filename=each.filename,
            size=each.size,
            sha256=each.sha256,
        )


def name(tx: Tx, names: Sequence[tuple[str, str, str, int]]) -> None:
    """Show deposits in their clients' trees: (client, path, deposit, size).

    A name that is taken shows the newest deposit under it; the older one stays
    in the journal as it is.
    """
    rows = {
        (client, path): {
            "client_id": client,
            "path": path,
            "folder": posixpath.dirname(path),
            "deposit_id": deposit,
            "size": size,
            "modified_at": tx.now,
        }
        for client, path, deposit, size in names
    }
    dialect.upsert(tx.connection, schema.inbox_name, list(rows.values()))


def remember_keys(tx: Tx, keys: Sequence[tuple[str, str, str, str]]) -> None:
    """Note idempotency keys: (client, key, deposit, sha256)."""
    rows = [
        {
            "client_id": client,
            "key": key,
            "deposit_id": deposit,
            "sha256": sha256,
            "created_at": tx.now,
        }
        for client, key, deposit, sha256 in keys
    ]
    dialect.insert_new(tx.connection, schema.idempotency_key, rows)


def by_idempotency_key(
    connection: Connection, client: str, key: str
) -> Row[*tuple[Any, ...]] | None:
    """Find what a client's idempotency key stands for: deposit, sha256, receipt."""
    keys, deposits = schema.idempotency_key, schema.deposit
    query = (
        select(keys.c.deposit_id, keys.c.sha256, deposits.c.receipt)
        .join(deposits, deposits.c.id == keys.c.deposit_id)
        .where(keys.c.client_id == client, keys.c.key == key)
    )
    return connection.execute(query).one_or_none()


def payload_of(connection: Connection, deposit: str) -> str:
    """Name the payload of a deposit."""
    (row,) = _PAYLOAD.rows(connection, {"its_id": deposit})
    return str(row.payload_id)


_KNOWN: Final = Prepared(
    select(
        schema.deposit.c.id, schema.deposit.c.receipt, schema.deposit.c.errors
    ).where(
        schema.deposit.c.client_id == given("its_client"),
        schema.deposit.c.sha256 == given("its_sha256"),
    )
)
_ADD: Final = Prepared(
    insert(schema.deposit).values(arrived=arrivals.number(schema.deposit)),
    (
        "id",
        "client_id",
        "payload_id",
        "channel",
        "filename",
        "label",
        "sha256",
        "size",
        "received_at",
        "receipt",
        "state",
    ),
)
_PAYLOAD: Final = Prepared(
    select(schema.deposit.c.payload_id).where(schema.deposit.c.id == given("its_id"))
)
