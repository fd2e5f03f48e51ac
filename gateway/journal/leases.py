"""Leases by name: what only one node may do at a time."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, delete, select, update

from gateway.committing import Tx
from gateway.journal import dialect, schema
from gateway.journal.prepared import Prepared, given


def take(tx: Tx, name: str, holder: str, seconds: float) -> bool:
    """Take, or prolong, a lease; False while another has it, or had it just now."""
    values = {"holder": holder, "until": tx.now + seconds}
    if dialect.insert_new(tx.connection, _LEASE, [{"name": name, **values}]):
        return True
    row = _LOCKED.first(tx.connection, {"its_name": name})
    if row is None:  # its holder gave it back just now
        return False
    if row.holder != holder and row.until >= tx.now:
        return False
    _TAKE.run(tx.connection, {"its_name": name, **values})
    return True


def is_free(connection: Connection, name: str, holder: str, now: float) -> bool:
    """Say whether a holder could take a lease now; taking it may still fail."""
    row = _FIND.first(connection, {"its_name": name})
    return row is None or row.holder == holder or row.until < now


def release(tx: Tx, name: str, holder: str) -> None:
    """Give a lease back, if it is still the holder's."""
    _RELEASE.run(tx.connection, {"its_name": name, "its_holder": holder})


_LEASE: Final = schema.lease
_ITS: Final = _LEASE.c.name == given("its_name")
_FIND: Final = Prepared(select(_LEASE).where(_ITS))
_LOCKED: Final = Prepared(select(_LEASE).where(_ITS).with_for_update())
_TAKE: Final = Prepared(update(_LEASE).where(_ITS), ("holder", "until"))
_RELEASE: Final = Prepared(
    delete(_LEASE).where(_ITS, _LEASE.c.holder == given("its_holder"))
)
