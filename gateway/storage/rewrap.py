"""Wrapping anew, by the key in force, what an older key-encryption key wraps."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select, update

from gateway.committing import Tx
from gateway.journal import schema
from gateway.storage.vault import KeyRing, WrappedKey

_WRAPPED: Final = (  # everything that a key-encryption key wraps
    (schema.payload, "key_id", "wrapped_key"),
    (schema.upload, "key_id", "wrapped_key"),
    (schema.webhook, "key_id", "wrapped_key"),
    (schema.webhook, "old_key_id", "old_wrapped_key"),
)


def rewrap(tx: Tx, keys: KeyRing, most: int) -> int:
    """Wrap keys anew that an old key wraps, `most` at a time; return how many.

    Once it returns 0 no payload, no upload under way and no endpoint's secret
    needs the old key.
    """
    found = 0
    for table, *names in _WRAPPED:
        key_id, key = (table.c[name] for name in names)
        query = select(table.c.id, key_id, key).where(key_id != keys.active)
        query = query.where(key_id != "")  # of what was purged there is no key
        for name, old_id, wrapped in tx.connection.execute(
            query.limit(most - found)
        ).all():
            old = WrappedKey(key_id=old_id, wrapped=wrapped)
            fresh = keys.wrap(name, keys.unwrap(name, old))
            tx.connection.execute(
                update(table)
                .where(table.c.id == name, key_id == old_id)
                .values({key_id: fresh.key_id, key: fresh.wrapped})
            )
            found += 1
    return found
