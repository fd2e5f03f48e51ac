"""The order in which rows became visible, for lists that are gone on with later.

A list that was read up to a row must never gain a row before it.  Times cannot
promise that: a transaction begins before it commits, and two nodes have two clocks.
`arrived` can, together with a horizon that a list ends at.

On SQLite transactions follow one another, and it counts up per client.  On
PostgreSQL it comes from a sequence.  Whoever writes holds a lock, until the end of
its transaction, that names a number before all that it draws; so below the end of
the sequence, and below every lock held, nothing is still under way.

A cursor names the row it was left at by moment and id, not by number, so that it
outlives a restore in which later numbers are given again.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Table,
    func,
    literal,
    select,
    text,
    tuple_,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from gateway.committing import Tx
from gateway.journal import dialect
from gateway.journal.columns import ARRIVAL
from gateway.journal.prepared import Prepared, given

CLIENT: Final = "its_client"
"""The value that `number` needs beside those of the row."""

_SPACE: Final = 0x4F4357 << 40  # of advisory locks; below it is room for numbers
_WRITE: Final = Prepared(
    text(f"SELECT pg_advisory_xact_lock_shared({_SPACE} + last_value) FROM arrival")  # noqa: S608 - a number of ours
)
_LAST: Final = text("SELECT last_value FROM arrival")
_UNDER_WAY: Final = text(
    "SELECT min(key - :space) FROM ("
    "SELECT (classid::bigint << 32) | objid::bigint AS key FROM pg_locks "
    "WHERE locktype = 'advisory' AND objsubid = 1 AND database = ("
    "SELECT oid FROM pg_database WHERE datname = current_database())) AS held "
    "WHERE key >> 40 = :space >> 40".replace("::", "\\:\\:")
)


class _Number(ColumnElement[int]):
    """The `arrived` of a row that is being written."""

    inherit_cache = False
    type = BigInteger()

    def __init__(self, table: Table) -> None:
        self.table = table


@compiles(_Number)
def _count_up(element: _Number, compiler: SQLCompiler, **options: Any) -> str:
    table = element.table
    query = select(func.coalesce(func.max(table.c.arrived), 0) + 1).where(
        table.c.client_id == given(CLIENT)
    )
    return str(compiler.process(query.scalar_subquery(), **options))


@compiles(_Number, "postgresql")
def _draw(element: _Number, compiler: SQLCompiler, **options: Any) -> str:
    return str(compiler.process(ARRIVAL.next_value(), **options))


def number(table: Table) -> ColumnElement[int]:
    """Give the value of `arrived` for an INSERT; the run hands `CLIENT` over."""
    return _Number(table)


def begin(tx: Tx) -> None:
    """Have lists wait for what this transaction adds; before it draws a number."""
    if not dialect.is_sqlite(tx.connection):
        _WRITE.rows(tx.connection, {})


def horizon(connection: Connection) -> int | None:
    """Return the number up to which nothing is under way; None: to the end.

    What is read up to it must be read in a transaction that begins afterwards.
    """
    if dialect.is_sqlite(connection):
        return None
    last = int(connection.execute(_LAST).scalar_one())
    held = connection.execute(_UNDER_WAY, {"space": _SPACE}).scalar_one()
    return last if held is None else min(last, int(held))


def order(table: Table, at: ColumnElement[float]) -> list[ColumnElement[Any]]:
    """Order a client's rows as they arrived; `at` is when, for the oldest of them."""
    return [table.c.arrived, at, table.c.id]


def behind(
    connection: Connection,
    table: Table,
    at: ColumnElement[float],
    client: str,
    left: tuple[float, str],
) -> ColumnElement[bool]:
    """Leave out rows up to one, named by its moment and id.

    One that is gone since stands where the last before its moment stands.
    """
    moment, name = left
    mine = table.c.client_id == client
    arrived = connection.execute(
        select(table.c.arrived).where(mine, table.c.id == name)
    ).scalar_one_or_none()
    if arrived is None:
        earlier = select(func.max(table.c.arrived)).where(mine, at <= moment)
        arrived = connection.execute(earlier).scalar_one() or 0
    key = tuple_(*order(table, at))
    return key > tuple_(literal(arrived, BigInteger), literal(moment), literal(name))
