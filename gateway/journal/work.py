"""Claims of work: a row is taken with a lease, by one worker, in one statement.

On PostgreSQL rows that another worker is taking are skipped; on SQLite there is
one writer anyway.  A lease that ran out may be taken over by anyone.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Table, and_, delete, or_, select, update

from gateway.committing import Tx
from gateway.errors import LostRace
from gateway.journal import schema
from gateway.journal.prepared import Prepared, given
from routing.lifecycle import DepositState, DispatchState, ReturnState
from routing.notice import NoticeState

_FREE: Final = {"worker": None, "lease_until": None}
_HELD: Final = {
    schema.deposit: (DepositState.RECEIVED,),
    schema.dispatch: (
        DispatchState.READY,
        DispatchState.SENDING,
        DispatchState.UNKNOWN,
    ),
    schema.payer_return: (ReturnState.STORED,),
    schema.notice: (NoticeState.WAITING,),
    schema.webhook: (),  # in any state, but of those there are only few
}
"""The tables whose rows are taken, and the states in which one can be held."""


class Taking:
    """How rows of one table are taken: those that are `due`, in their `order`."""

    def __init__(
        self,
        table: Table,
        *,
        due: ColumnElement[bool],
        order: Sequence[Column[Any]],
    ) -> None:
        free = or_(table.c.lease_until.is_(None), table.c.lease_until < given("now"))
        picked = (
            select(table.c.id)
            .where(due, free)
            .order_by(*order)
            .limit(given("most"))
            .with_for_update(skip_locked=True)
            .cte("picked")  # looked for once, however the server plans the update
        )
        self._statement = Prepared(
            update(table)
            .where(table.c.id.in_(select(picked.c.id)))
            .values(worker=given("its_worker"), lease_until=given("until"))
            .returning(table)
        )
        self._order = attrgetter(*(column.name for column in order))

    def __call__(
        self, tx: Tx, *, worker: str, lease: float, most: int = 1
    ) -> list[Any]:
        """Take up to `most` rows that nobody holds."""
        values = {
            "now": tx.now,
            "most": most,
            "its_worker": worker,
            "until": tx.now + lease,
        }
        return sorted(self._statement.rows(tx.connection, values), key=self._order)


def renew(
    tx: Tx, table: Table, row: str, *, worker: str, held_until: float, lease: float
) -> float:
    """Prolong a lease that ends at `held_until`; return when it ends now.

    Raises `LostRace` when it is no longer the holder's: someone took the row over.
    """
    until = max(held_until, tx.now + lease)
    its = {"its_id": row, "its_worker": worker, "held_until": held_until}
    changed = _renewing(table).run(tx.connection, its | {"lease_until": until})
    if changed != 1:
        raise LostRace(f"{table.name} {row} was taken over by another worker")
    return until


@cache
def _renewing(table: Table) -> Prepared:
    its = (
        table.c.id == given("its_id"),
        table.c.worker == given("its_worker"),
        table.c.lease_until == given("held_until"),
    )
    return Prepared(update(table).where(*its), ("lease_until",))


def held(table: Table, worker: str) -> ColumnElement[bool]:
    """Choose the rows that a worker holds, without a look at those that are done with."""
    mine = table.c.worker == worker
    states = _HELD[table]
    return and_(table.c.state.in_(states), mine) if states else mine


def release(tx: Tx, table: Table, row: str) -> None:
    """Give a row back before its lease ends."""
    _freeing(table).run(tx.connection, {"its_id": row, **_FREE})


@cache
def _freeing(table: Table) -> Prepared:
    return Prepared(update(table).where(table.c.id == given("its_id")), tuple(_FREE))


def abandon_all(tx: Tx, worker: str) -> int:
    """Give back everything that a worker held when it died; count it.

    For a node at its start, before its steps run: no other process has its
    name.  What it was handing over shows as lost at once, and is asked for.
    """
    count = 0
    for table in _HELD:
        values = {"lease_until": 0.0} if table is schema.dispatch else _FREE
        count += tx.connection.execute(
            update(table).where(held(table, worker)).values(values)
        ).rowcount
    lease = schema.lease
    tx.connection.execute(delete(lease).where(lease.c.holder == worker))
    return count
