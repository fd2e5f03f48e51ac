"""Client accounts: who may come in, with which keys, and for which senders."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, insert, or_, select, update

from gateway.committing import Tx
from gateway.journal import dialect, schema

SSH, TOKEN, CERTIFICATE = "ssh", "token", "certificate"

NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
"""What the id of an account looks like, which is its login name."""


class Login(NamedTuple):
    """How a client came in: by a key's fingerprint, or by password if that is empty."""

    client: str
    fingerprint: str


def add(
    tx: Tx, client: str, *, name: str, vendor: str, software: str, test: bool = False
) -> None:
    """Open an account; raises an integrity error if the id is taken.

    All that a `test` client sends stays in the sandbox; it is one for ever.
    """
    tx.connection.execute(
        insert(schema.client),
        {
            "id": client,
            "name": name,
            "vendor": vendor,
            "software": software,
            "created_at": tx.now,
            "test": int(test),
        },
    )
    facts = {"name": name, "vendor": vendor, "software": software}
    tx.say("client.added", client, **facts, **({"test": True} if test else {}))


def set_limits(tx: Tx, client: str, **limits: int) -> None:
    """Set own limits of a client; 0 means the installation's default."""
    _change(tx, client, limits)
    tx.say("client.limits", client, **limits)


def set_password(tx: Tx, client: str, password_hash: str | None) -> None:
    """Switch password login on with an Argon2 hash, or off with None."""
    _change(tx, client, {"password_hash": password_hash})
    tx.say("client.password", client, on=password_hash is not None)


def disable(tx: Tx, client: str, *, back: bool = False) -> None:
    """Close an account to new logins, or open it again."""
    _change(tx, client, {"disabled_at": None if back else tx.now})
    tx.say("client.enabled" if back else "client.disabled", client)


def add_key(
    tx: Tx, client: str, *, kind: str, fingerprint: str, public: str, comment: str
) -> None:
    """Add an SSH key, a token (its hash) or a certificate (its fingerprint)."""
    tx.connection.execute(
        insert(schema.client_key),
        {
            "fingerprint": fingerprint,
            "client_id": client,
            "kind": kind,
            "public": public,
            "comment": comment,
            "created_at": tx.now,
        },
    )
    tx.say("client.key-added", client, kind=kind, fingerprint=fingerprint)


def revoke_key(tx: Tx, client: str, fingerprint: str) -> bool:
    """Take a key away; False if the client has no such key in force."""
    table = schema.client_key
    changed = tx.connection.execute(
        update(table)
        .where(
            table.c.client_id == client,
            table.c.fingerprint == fingerprint,
            table.c.revoked_at.is_(None),
        )
        .values(revoked_at=tx.now)
    ).rowcount
    if changed:
        tx.say("client.key-revoked", client, fingerprint=fingerprint)
    return bool(changed)


def add_senders(
    tx: Tx, client: str, network: str, senders: Sequence[tuple[str, str]]
) -> None:
    """Note the professionals (number, name) in whose name a client bills."""
    rows = [
        {
            "network": network,
            "number": number,
            "client_id": client,
            "name": name,
            "created_at": tx.now,
        }
        for number, name in senders
    ]
    dialect.insert_new(tx.connection, schema.sender, rows)


def page(
    connection: Connection,
    *,
    after: str = "",
    limit: int,
    words: str = "",
    disabled: bool | None = None,
) -> list[Row[*tuple[Any, ...]]]:
    """List accounts by id, from the one after `after`; some only where told.

    `words` are looked for in id, name, vendor and software.
    """
    table = schema.client.c
    query = select(schema.client).where(table.id > after)
    if words:
        named = (table.id, table.name, table.vendor, table.software)
        query = query.where(
            or_(*(each.icontains(words, autoescape=True) for each in named))
        )
    if disabled is not None:
        query = query.where(table.disabled_at.is_not(None) == disabled)
    return list(connection.execute(query.order_by(table.id).limit(limit)))


def find(connection: Connection, client: str) -> Row[*tuple[Any, ...]] | None:
    """Find an account."""
    query = select(schema.client).where(schema.client.c.id == client)
    return connection.execute(query).one_or_none()


def is_test(connection: Connection, client: str) -> bool:
    """Say whether all that a client sends stays in the sandbox; that never changes."""
    query = select(schema.client.c.test).where(schema.client.c.id == client)
    return bool(connection.execute(query).scalar_one())


def software(connection: Connection, clients: Iterable[str]) -> dict[str, str]:
    """Name the vendor's software of clients, by client."""
    table = schema.client
    query = select(table.c.id, table.c.vendor, table.c.software).where(
        table.c.id.in_(sorted(clients))
    )
    return {
        row.id: f"{row.vendor} {row.software}".strip()
        for row in connection.execute(query)
    }


def every(connection: Connection) -> list[Row[*tuple[Any, ...]]]:
    """List all accounts by id."""
    return list(connection.execute(select(schema.client).order_by(schema.client.c.id)))


def keys(connection: Connection, client: str) -> list[Row[*tuple[Any, ...]]]:
    """List an account's keys, oldest first."""
    table = schema.client_key
    query = select(table).where(table.c.client_id == client)
    return list(connection.execute(query.order_by(table.c.created_at)))


def senders(connection: Connection, client: str) -> list[Row[*tuple[Any, ...]]]:
    """List the professionals of an account."""
    table = schema.sender
    query = select(table).where(table.c.client_id == client)
    return list(connection.execute(query.order_by(table.c.network, table.c.number)))


def by_key(
    connection: Connection, kind: str, fingerprint: str
) -> Row[*tuple[Any, ...]] | None:
    """Find the open account that a key in force belongs to."""
    client, key = schema.client, schema.client_key
    query = (
        select(client)
        .join(key, key.c.client_id == client.c.id)
        .where(
            key.c.fingerprint == fingerprint,
            key.c.kind == kind,
            key.c.revoked_at.is_(None),
            client.c.disabled_at.is_(None),
        )
    )
    return connection.execute(query).one_or_none()


def ended(connection: Connection, logins: Collection[Login]) -> frozenset[Login]:
    """Say which logins would be refused now: disabled, revoked, or switched off."""
    client, key = schema.client, schema.client_key
    open_ones = {
        row.id: row.password_hash is not None
        for row in connection.execute(
            select(client.c.id, client.c.password_hash).where(
                client.c.id.in_({each.client for each in logins}),
                client.c.disabled_at.is_(None),
            )
        )
    }
    named = {each.fingerprint for each in logins if each.fingerprint}
    in_force = select(key.c.client_id, key.c.fingerprint).where(
        key.c.fingerprint.in_(named), key.c.revoked_at.is_(None)
    )
    keys = {Login(*row) for row in connection.execute(in_force)} if named else set()
    return frozenset(
        each
        for each in logins
        if each.client not in open_ones
        or (each not in keys if each.fingerprint else not open_ones[each.client])
    )


def _change(tx: Tx, client: str, values: dict[str, Any]) -> None:
    tx.connection.execute(
        update(schema.client).where(schema.client.c.id == client).values(values)
    )
