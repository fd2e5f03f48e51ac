"""A journal to work at: a database, a clock that only the test moves, invariants."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any, Final

from sqlalchemy import Row, Table, insert, select

from config.directory_records import DirectoryData
from gateway.committing import Tx
from gateway.database import Database
from gateway.journal import events, ledger_check, reading, schema
from gateway.journal.dialect import open_engine
from routing.directory import Directory
from routing.envelope import ClaimSeen, LotSeen
from routing.lifecycle import DepositState

START: Final = 1_795_000_000.0
NO_PAYERS: Final = Directory(
    DirectoryData(payers=(), endpoints=(), tables={}, sources={})
)


class Desk:
    """One database and what a test asks of it."""

    def __init__(self, url: str, *, chain: str = "test") -> None:
        self.url = url
        self.at = START
        self.entropy = random.Random(1).randbytes
        self.told: list[Callable[[], None]] = []
        self.database = self.open(chain)

    def open(
        self,
        chain: str,
        call_from_thread: Callable[[Callable[[], None]], None] = lambda call: call(),
    ) -> Database:
        """Open another database object on the same journal."""
        return Database(
            writer=open_engine(self.url, write=True, connections=1),
            reader=open_engine(self.url, write=False, connections=4),
            chain=chain,
            now=lambda: self.at,
            call_from_thread=call_from_thread,
        )

    def write(self, call: Callable[..., Any], *args: Any) -> Any:
        """Run a writing function."""
        return self.database.write("test", call, *args)

    def rows(self, table: Table, *conditions: Any) -> list[Row[*tuple[Any, ...]]]:
        """Read a table by its primary key."""
        query = select(table).where(*conditions).order_by(*table.primary_key)
        return self.database.read(lambda connection: list(connection.execute(query)))

    def row(self, table: Table, *conditions: Any) -> Row[*tuple[Any, ...]]:
        """Read the one row that fits."""
        (found,) = self.rows(table, *conditions)
        return found

    def add_lots(
        self, deposit: str, found: Sequence[LotSeen], *, client: str = "alpha"
    ) -> None:
        """Write a deposit that was read, with its lots."""

        def write(tx: Tx) -> None:
            put_deposit(tx, deposit, client, DepositState.SPLIT)
            rows = reading.lot_rows(tx.now, deposit, client, "toy", found)
            reading.add(tx, rows, found, hash)

        self.write(write)

    def broken(self) -> list[str]:
        """Say what does not hold: the chain of events, and the books."""
        found = self.database.read(lambda each: list(events.broken_links(each)))
        imbalance = self.database.read(ledger_check.imbalance)
        return found + ([f"the ledger is {imbalance} off"] if imbalance else [])

    def close(self) -> None:
        """Let go of the database."""
        self.database.stop()


def put_deposit(tx: Tx, deposit: str, client: str, state: DepositState) -> None:
    """Write a client, a payload and a deposit, as bare as the schema allows."""
    there = tx.connection.execute(select(schema.client.c.id)).scalars().all()
    if client not in there:
        tx.connection.execute(
            insert(schema.client), {"id": client, "created_at": tx.now}
        )
    tx.connection.execute(
        insert(schema.payload),
        {
            "id": f"p-{deposit}",
            "sha256": deposit,
            "size": 0,
            "place": "",
            "place_offset": 0,
            "key_id": "k",
            "wrapped_key": b"",
            "created_at": tx.now,
        },
    )
    tx.connection.execute(
        insert(schema.deposit),
        {
            "id": deposit,
            "client_id": client,
            "payload_id": f"p-{deposit}",
            "channel": "test",
            "filename": deposit,
            "sha256": deposit,
            "size": 0,
            "received_at": tx.now,
            "receipt": b"",
            "state": state,
        },
    )


def lot_seen(
    position: int,
    number: str = "001",
    *,
    sender: str = "S1",
    amounts: Sequence[int] = (1000, 2000),
    first: int = 1,
) -> LotSeen:
    """Make a lot whose invoices are numbered from `first`."""
    claims = tuple(
        ClaimSeen(
            number=str(first + index),
            match_key=f"{sender}/{number}/{first + index}",
            date="2026-11-02",
            patient="nobody",
            billed=amount,
            asked=amount,
            asked_main=amount,
            asked_other=0,
            record=1,
            offset=0,
            length=1,
        )
        for index, amount in enumerate(amounts)
    )
    return LotSeen(
        position=position,
        number=number,
        match_key=f"{sender}/{number}",
        date="2026-11-02",
        sender=sender,
        flow="billing",
        destination={"code": "P1"},
        record=1,
        offset=0,
        length=1,
        claims=claims,
    )
