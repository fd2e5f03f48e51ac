"""What the workers of a node hold of one table, so that an outage keeps nothing from them.

A row that was taken just before the journal went away stays taken: its worker has
given up, and others wait for its lease to end.  The node itself knows better.  When
the journal is back it ends the leases of rows that it took before and that none of
its workers is working on; also of those that it never heard of, since the answer to
their taking was lost.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from sqlalchemy import ColumnElement, Table, update

from gateway.clock import Now
from gateway.committing import Tx
from gateway.database import Database
from gateway.errors import StorageUnavailable
from gateway.journal import work

_ENDED = 0.0  # a lease's end that is past for everybody

Holds = Callable[[Iterable[str]], None]
"""Notes ids of rows that a worker has taken, until the end of its turn."""


class Holding:
    """Rows of one table that `where` chooses, held by one node's workers."""

    def __init__(
        self,
        database: Database,
        table: Table,
        where: ColumnElement[bool],
        *,
        worker: str,
        lease: float,
        now: Now,
    ) -> None:
        self._database = database
        self._table = table
        self._where = where
        self._worker = worker
        self._lease = lease
        self._now = now
        self._lock = threading.Lock()
        self._working: set[str] = set()
        self._lost_at: float | None = None

    @contextmanager
    def turn(self) -> Iterator[Holds]:
        """Give back what an outage left, then note what one turn of a worker takes."""
        self._give_back()
        mine: set[str] = set()

        def holds(rows: Iterable[str]) -> None:
            mine.update(rows)
            with self._lock:
                self._working |= mine

        try:
            yield holds
        except StorageUnavailable:
            self._lost_at = self._now()
            raise
        finally:
            with self._lock:
                self._working -= mine

    def _give_back(self) -> None:
        lost_at = self._lost_at
        if lost_at is not None:
            self._database.write("work.give-back", self._end_leases, lost_at)
            if self._lost_at == lost_at:
                self._lost_at = None

    def _end_leases(self, tx: Tx, lost_at: float) -> None:
        table = self._table
        with self._lock:
            working = sorted(self._working)
        tx.connection.execute(
            update(table)
            .where(
                self._where,
                work.held(table, self._worker),
                table.c.lease_until > tx.now,
                table.c.lease_until <= lost_at + self._lease,
                table.c.id.not_in(working),
            )
            .values(lease_until=_ENDED)
        )
