"""The `staff_session` table: who is logged in to the console, from where, since when.

A row is named by the hash of its cookie.  It is of use while it is not ended, was
seen lately, is not too old, and its account is open.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, delete, insert, select, update

from gateway.committing import Tx
from gateway.journal import schema

WHOLE: Final = "whole"
CODE: Final = "code"  # the password was right, the second factor is still asked for

IDLE: Final = 30 * 60.0
LONGEST: Final = 12 * 3600.0
CODE_WITHIN: Final = 5 * 60.0
TOUCH_AFTER: Final = 60.0
_KEPT: Final = 90 * 86_400.0

_TABLE: Final = schema.staff_session


def begin(
    tx: Tx,
    name: str,
    *,
    staff: str,
    stage: str = WHOLE,
    means: str,
    address: str,
    agent: str,
) -> None:
    """Begin a session; old ones are forgotten meanwhile."""
    tx.connection.execute(delete(_TABLE).where(_TABLE.c.seen_at < tx.now - _KEPT))
    tx.connection.execute(
        insert(_TABLE),
        {
            "id": name,
            "staff_id": staff,
            "stage": stage,
            "means": means,
            "address": address,
            "agent": agent,
            "created_at": tx.now,
            "seen_at": tx.now,
        },
    )
    if stage == WHOLE:
        tx.say("staff.login", staff, means=means, address=address)


def find(
    connection: Connection, name: str, now: float, *, stage: str = WHOLE
) -> Row[*tuple[Any, ...]] | None:
    """Find a session that is of use, with the role of its account."""
    staff = schema.staff
    query = (
        select(_TABLE, staff.c.role)
        .join(staff, staff.c.id == _TABLE.c.staff_id)
        .where(_TABLE.c.id == name, _TABLE.c.stage == stage, *_of_use(now))
    )
    return connection.execute(query).one_or_none()


def touch(tx: Tx, name: str) -> None:
    """Note that a session is still used."""
    tx.connection.execute(
        update(_TABLE).where(_TABLE.c.id == name).values(seen_at=tx.now)
    )


def end(tx: Tx, name: str, *, by: str) -> bool:
    """End one; False if it was not going on."""
    query = (
        update(_TABLE)
        .where(_TABLE.c.id == name, _TABLE.c.ended_at.is_(None))
        .values(ended_at=tx.now)
        .returning(_TABLE.c.staff_id)
    )
    staff = tx.connection.execute(query).scalar_one_or_none()
    if staff is not None:
        tx.say("staff.logout", staff, by=by)
    return staff is not None


def end_all(tx: Tx, staff: str, *, by: str, but: str = "") -> int:
    """End all of an account, as when its password changes, but one; return how many."""
    query = (
        update(_TABLE)
        .where(
            _TABLE.c.staff_id == staff, _TABLE.c.ended_at.is_(None), _TABLE.c.id != but
        )
        .values(ended_at=tx.now)
    )
    count = int(tx.connection.execute(query).rowcount)
    if count:
        tx.say("staff.logout", staff, by=by, sessions=count)
    return count


def addresses(connection: Connection, staff: str) -> set[str]:
    """Say where an account has logged in from, as long as that is kept."""
    query = select(_TABLE.c.address).where(
        _TABLE.c.staff_id == staff, _TABLE.c.stage == WHOLE
    )
    return set(connection.execute(query.distinct()).scalars())


def listed(connection: Connection, now: float) -> list[Row[*tuple[Any, ...]]]:
    """List the sessions that are of use, the newest first."""
    staff = schema.staff
    query = (
        select(_TABLE, staff.c.role)
        .join(staff, staff.c.id == _TABLE.c.staff_id)
        .where(_TABLE.c.stage == WHOLE, *_of_use(now))
        .order_by(_TABLE.c.seen_at.desc())
    )
    return list(connection.execute(query))


def _of_use(now: float) -> tuple[ColumnElement[bool], ...]:
    return (
        _TABLE.c.ended_at.is_(None),
        _TABLE.c.seen_at > now - IDLE,
        _TABLE.c.created_at > now - LONGEST,
        schema.staff.c.disabled_at.is_(None),
    )
