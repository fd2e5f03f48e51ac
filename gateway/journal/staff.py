"""The `staff` table: people who may use the console, and in which role."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Final

from sqlalchemy import Connection, Row, insert, select, update

from gateway.committing import Tx
from gateway.journal import schema
from routing.errors import GatewayError

ROLES: Final = {
    "viewer": "sees files, states and amounts; no patient",
    "operator": "and works on anomalies, replays and withdraws",
    "supervisor": "and sees patients, every look journaled",
    "admin": "and manages accounts and the directory",
    "auditor": "sees everything and changes nothing",
}
"""Every role, with what it may do; the first four each include the one before."""

WORKS: Final = frozenset({"operator", "supervisor", "admin"})
"""Roles that may change something."""


class NotStaff(GatewayError):
    """Who says something is nobody of the staff, or may change nothing."""

    code: ClassVar[str] = "not-staff"


def why_not(connection: Connection, name: str) -> str:
    """Say why a name may not decide anything; empty: it may."""
    account = find(connection, name)
    if account is None:
        return f"{name!r} is no staff account"
    if account.disabled_at is not None:
        return f"staff account {name!r} is disabled"
    if account.role not in WORKS:
        return f"staff account {name!r} is {account.role}, which changes nothing"
    return ""


def must_work(connection: Connection, name: str) -> None:
    """Raise `NotStaff` unless a name is that of an open account that may work."""
    if why := why_not(connection, name):
        raise NotStaff(
            f"{why}; wanted an open one that is {', '.join(sorted(WORKS))}, with --by "
            "NAME (octway staff list; a new one: octway staff add)"
        )


def add(tx: Tx, name: str, *, role: str, password_hash: str, by: str) -> None:
    """Open an account; raises an integrity error if the name is taken."""
    tx.connection.execute(
        insert(schema.staff),
        {
            "id": name,
            "role": role,
            "password_hash": password_hash,
            "created_at": tx.now,
        },
    )
    tx.say("staff.added", name, role=role, by=by)


def set_password(tx: Tx, name: str, password_hash: str, *, by: str) -> bool:
    """Give an account another password; False if there is no such account."""
    changed = _change(tx, name, {"password_hash": password_hash})
    if changed:
        tx.say("staff.password", name, by=by)
    return changed


def set_role(tx: Tx, name: str, role: str, *, by: str) -> bool:
    """Give an account another role; False if there is no such account."""
    changed = _change(tx, name, {"role": role})
    if changed:
        tx.say("staff.role", name, role=role, by=by)
    return changed


def disable(tx: Tx, name: str, *, by: str, back: bool = False) -> bool:
    """Close an account, or open it again; False if there is no such account."""
    changed = _change(tx, name, {"disabled_at": None if back else tx.now})
    if changed:
        tx.say("staff.enabled" if back else "staff.disabled", name, by=by)
    return changed


def every(connection: Connection) -> list[Row[*tuple[Any, ...]]]:
    """List all accounts by name, without their secrets; `coded` with a second factor."""
    table = schema.staff
    coded = (table.c.totp != "").label("coded")
    columns = (
        *(table.c.id, table.c.role, table.c.created_at, table.c.disabled_at),
        *(table.c.subject, coded),
    )
    return list(connection.execute(select(*columns).order_by(table.c.id)))


def find(connection: Connection, name: str) -> Row[*tuple[Any, ...]] | None:
    """Find an account, open or disabled, without its password's hash."""
    return next((row for row in every(connection) if row.id == name), None)


def login(connection: Connection, name: str) -> Row[*tuple[Any, ...]] | None:
    """Find an open account with all that a login is checked against."""
    table = schema.staff
    query = select(table).where(table.c.id == name, table.c.disabled_at.is_(None))
    return connection.execute(query).one_or_none()


def set_code(tx: Tx, name: str, *, totp: str, recovery: Sequence[str], by: str) -> None:
    """Give an account a second factor (sealed), and the hashes of recovery codes."""
    _change(tx, name, {"totp": totp, "totp_step": 0, "recovery": json.dumps(recovery)})
    tx.say("staff.code", name, by=by)


def drop_code(tx: Tx, name: str, *, by: str) -> bool:
    """Take the second factor from an account; False if there is no such account."""
    changed = _change(tx, name, {"totp": "", "totp_step": 0, "recovery": ""})
    if changed:
        tx.say("staff.codeless", name, by=by)
    return changed


def take_step(tx: Tx, name: str, step: int) -> bool:
    """Use up a code of a time step; False if one as new was used before."""
    table = schema.staff
    found = tx.connection.execute(
        update(table)
        .where(table.c.id == name, table.c.totp_step < step)
        .values(totp_step=step)
    )
    return bool(found.rowcount)


def take_recovery(tx: Tx, name: str, code_hash: str) -> bool:
    """Use up a recovery code; False if the account has no such code (any more)."""
    table = schema.staff
    kept = tx.connection.execute(
        select(table.c.recovery).where(table.c.id == name).with_for_update()
    ).scalar_one_or_none()
    codes = json.loads(kept) if kept else []
    if code_hash not in codes:
        return False
    codes.remove(code_hash)
    _change(tx, name, {"recovery": json.dumps(codes)})
    tx.say("staff.recovered", name, left=len(codes))
    return True


def bind(tx: Tx, name: str, subject: str) -> bool:
    """Tie an account to a person at the OpenID provider; False if it is to another."""
    table = schema.staff
    kept = tx.connection.execute(
        select(table.c.subject).where(table.c.id == name).with_for_update()
    ).scalar_one_or_none()
    if kept == "":
        _change(tx, name, {"subject": subject})
        tx.say("staff.bound", name)
        return True
    return kept == subject


def unbind(tx: Tx, name: str, *, by: str) -> bool:
    """Forget the person at the OpenID provider; the next login ties another one."""
    changed = _change(tx, name, {"subject": ""})
    if changed:
        tx.say("staff.unbound", name, by=by)
    return changed


def reseal(tx: Tx, seal: Callable[[str, str], str]) -> int:
    """Seal every second factor anew: `seal(account, sealed)` gives the new text."""
    table = schema.staff
    rows = tx.connection.execute(
        select(table.c.id, table.c.totp).where(table.c.totp != "")
    ).all()
    for row in rows:
        _change(tx, row.id, {"totp": seal(row.id, row.totp)})
    return len(rows)


def _change(tx: Tx, name: str, values: dict[str, Any]) -> bool:
    table = schema.staff
    found = tx.connection.execute(
        update(table).where(table.c.id == name).values(values)
    )
    return bool(found.rowcount)
