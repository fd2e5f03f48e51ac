"""Keeps a lease while a payload is being read: a slow line is no dead worker."""

from __future__ import annotations

import io
from typing import Any, BinaryIO, Final

from sqlalchemy import Table

from gateway.clock import Now
from gateway.committing import Tx
from gateway.database import Database
from gateway.errors import StorageUnavailable
from gateway.journal import work

_BLOCK: Final = 1024 * 1024
_SHARE: Final = 3  # a lease is prolonged when a third of it has passed


class KeptLease:
    """Prolongs leases on rows of one table."""

    def __init__(
        self, database: Database, now: Now, table: Table, worker: str, lease: float
    ) -> None:
        self._database = database
        self._now = now
        self._table = table
        self._worker = worker
        self._lease = lease

    def during(self, body: BinaryIO, row: str, held_until: float) -> BinaryIO:
        """Return a stream that prolongs the lease on a row while it is read.

        Reading raises `LostRace` when another worker has taken the row over.
        """
        return io.BufferedReader(_Kept(self, body, row, held_until), _BLOCK)

    def renew(self, row: str, held_until: float) -> float:
        """Prolong the lease if it is time to; return when it ends."""
        if held_until - self._now() > self._lease * (1 - 1 / _SHARE):
            return held_until
        try:
            return self._database.write("lease.renew", self._renew, row, held_until)
        except StorageUnavailable:
            return held_until  # the journal may be back before the lease ends

    def _renew(self, tx: Tx, row: str, held_until: float) -> float:
        return work.renew(
            tx,
            self._table,
            row,
            worker=self._worker,
            held_until=held_until,
            lease=self._lease,
        )


class _Kept(io.RawIOBase):
    """Reads `body`, and keeps the lease at each read."""

    def __init__(
        self, kept: KeptLease, body: BinaryIO, row: str, held_until: float
    ) -> None:
        super().__init__()
        self._kept = kept
        self._body = body
        self._row = row
        self._held_until = held_until

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._held_until = self._kept.renew(self._row, self._held_until)
        data = self._body.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
