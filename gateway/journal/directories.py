"""The versions of the payer directory: those that were, and the one that is pinned.

Without a pin every node follows its files.  A person may pin a version that was in
force before, as when a change turns out wrong; then all nodes use that one, whatever
the files say, until the pin is taken away.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, Row, delete, insert, select

from gateway.committing import Tx
from gateway.errors import LostRace
from gateway.journal import dialect, schema

_VERSION: Final = schema.directory_version
_PIN: Final = schema.directory_pin
_ONLY: Final = 1


def versions(connection: Connection, most: int = 100) -> list[Row[*tuple[Any, ...]]]:
    """List versions that were in force, the newest first, without their content."""
    query = (
        select(_VERSION.c.version, _VERSION.c.loaded_at)
        .order_by(_VERSION.c.loaded_at.desc())
        .limit(most)
    )
    return list(connection.execute(query))


def content(connection: Connection, version: str) -> str | None:
    """Return what the files of a version said, as JSON; None if it never was."""
    query = select(_VERSION.c.content).where(_VERSION.c.version == version)
    return connection.execute(query).scalar_one_or_none()


def loaded_at(connection: Connection, version: str) -> float | None:
    """Return when a version was first loaded; None if it never was."""
    query = select(_VERSION.c.loaded_at).where(_VERSION.c.version == version)
    return connection.execute(query).scalar_one_or_none()


def beginning_with(connection: Connection, beginning: str) -> str | None:
    """Return the newest version whose name begins so; None if there is none."""
    query = (
        select(_VERSION.c.version)
        .where(dialect.begins(connection, _VERSION.c.version, beginning))
        .order_by(_VERSION.c.loaded_at.desc())
        .limit(1)
    )
    return connection.execute(query).scalar_one_or_none()


def pinned(connection: Connection) -> Row[*tuple[Any, ...]] | None:
    """Return the pin, with the content of its version; None if there is none."""
    query = select(_PIN, _VERSION.c.content).join(
        _VERSION, _VERSION.c.version == _PIN.c.version
    )
    return connection.execute(query).one_or_none()


def pin(tx: Tx, version: str, *, by: str, why: str) -> None:
    """Have all nodes use a version that was; raises `LostRace` if it never was."""
    if content(tx.connection, version) is None:
        raise LostRace(f"the directory never was at version {version}")
    tx.connection.execute(delete(_PIN))
    tx.connection.execute(
        insert(_PIN),
        {"id": _ONLY, "version": version, "by": by, "why": why, "at": tx.now},
    )
    tx.say("directory.pinned", version, by=by, why=why)


def follow(tx: Tx, *, by: str, why: str) -> bool:
    """Have all nodes follow their files again; False if they do."""
    gone = tx.connection.execute(delete(_PIN).returning(_PIN.c.version)).scalar()
    if gone is not None:
        tx.say("directory.unpinned", gone, by=by, why=why)
    return gone is not None
