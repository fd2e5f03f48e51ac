"""Proves integrity from scratch: nothing here trusts what it checks.

Each check reads one consistent view of the journal, so a running node does no
harm to the result.  A stored file that no row names is no damage (a crash
between bytes and row leaves one, and so does a segment just begun); it is
counted apart.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Final

from attrs import field, frozen
from sqlalchemy import Connection, func, select

from gateway.errors import IntegrityBroken
from gateway.journal import dialect, events, ledger_check, purges, schema
from gateway.storage.payloads import Payloads

_AT_ONCE: Final = 500
_BLOCK: Final = 1024 * 1024

Progress = Callable[[str, int, int], None]
"""Is told (check, done, total) now and then."""


@frozen(kw_only=True)
class Verdict:
    """What one check found: how much it looked at, and every break in words."""

    check: str
    checked: int
    breaks: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def holds(self) -> bool:
        """Whether nothing is broken."""
        return not self.breaks


def consistent(connection: Connection) -> Connection:
    """Let everything that is read on a connection be of one moment."""
    if not dialect.is_sqlite(connection):  # there a transaction is one moment anyway
        connection.execution_options(isolation_level="REPEATABLE READ")
    return connection


def chain(connection: Connection) -> Verdict:
    """Walk every event of every chain."""
    connection = consistent(connection)
    table = schema.event
    count = connection.execute(select(func.count()).select_from(table)).scalar_one()
    breaks = tuple(events.broken_links(connection))
    return Verdict(check="events", checked=count, breaks=breaks)


def ledger(connection: Connection) -> Verdict:
    """Compare where claims stand with the moves that led there."""
    connection = consistent(connection)
    stand = ledger_check.balances(connection)
    found = ledger_check.differences(stand, ledger_check.moved(connection))
    breaks = [
        f"account {account}: {each.claims:+} claims and {each.amount:+} cents more "
        "stand there than its moves led there"
        for account, each in found.items()
    ]
    breaks += _lots_out_of_step(connection)
    claims = sum(balance.claims for balance in stand.values())
    return Verdict(check="ledger", checked=claims, breaks=tuple(breaks))


def payloads(connection: Connection, stored: Payloads, progress: Progress) -> Verdict:
    """Read every stored file and compare its SHA-256; purged ones must say so."""
    connection = consistent(connection)
    table = schema.payload
    kept = table.c.purged_at.is_(None)
    count = select(func.count()).select_from(table)
    total = connection.execute(count.where(kept)).scalar_one()
    purged = connection.execute(count.where(~kept)).scalar_one()
    rows = connection.execution_options(yield_per=_AT_ONCE).execute(
        select(table).where(kept).order_by(table.c.place, table.c.place_offset)
    )
    breaks = []
    done = 0
    for row in rows:
        why = _broken(stored, row)
        if why is not None:
            breaks.append(f"payload {row.id} ({row.place}): {why}")
        done += 1
        if done % _AT_ONCE == 0:
            progress("files", done, total)
    breaks += purges.unsaid(connection)
    notes = (f"{purged} more were purged, and the history says so",) if purged else ()
    return Verdict(check="files", checked=done, breaks=tuple(breaks), notes=notes)


def places(connection: Connection, stored: Payloads) -> Verdict:
    """Compare the files on disk with the rows that name them."""
    there = dict(stored.storage.files())
    table = schema.payload
    places = select(table.c.place).distinct()
    kept = table.c.purged_at.is_(None)
    named = set(connection.execute(places.where(kept)).scalars())
    purged = set(connection.execute(places.where(~kept)).scalars())
    breaks = [
        f"{name}: is missing on disk, and rows name it; restore it from a backup"
        for name in sorted(named - there.keys())
    ]
    breaks += _rows_without_payload(connection)
    notes = [
        f"{name}: {there[name]} bytes "
        + (
            "of purged files alone; the next octway purge removes it"
            if name in purged
            else "that no row names"
        )
        for name in sorted(there.keys() - named)
        if there[name]
    ]
    return Verdict(
        check="places", checked=len(there), breaks=tuple(breaks), notes=tuple(notes)
    )


def _broken(stored: Payloads, row: object) -> str | None:
    found = hashlib.sha256()
    try:
        with stored.open_row(row) as stream:
            while block := stream.read(_BLOCK):
                found.update(block)
    except FileNotFoundError:
        return "its file is missing"
    except (IntegrityBroken, OSError) as error:
        return str(error)
    if found.hexdigest() != row.sha256:  # type: ignore[attr-defined]
        return "its bytes do not fit its SHA-256"
    return None


def _lots_out_of_step(connection: Connection) -> Iterator[str]:
    """Compare what a lot says of its standing claims with the claims themselves."""
    lot, claim = schema.lot, schema.claim
    standing = (
        select(
            claim.c.lot_id,
            func.count().label("claims"),
            func.sum(claim.c.asked).label("asked"),
        )
        .where(claim.c.account.is_(None))
        .group_by(claim.c.lot_id)
        .subquery()
    )
    claims = func.coalesce(standing.c.claims, 0)
    asked = func.coalesce(standing.c.asked, 0)
    rows = connection.execute(
        select(lot.c.id, lot.c.standing_claims, claims.label("found"))
        .outerjoin(standing, standing.c.lot_id == lot.c.id)
        .where((lot.c.standing_claims != claims) | (lot.c.standing_asked != asked))
        .order_by(lot.c.id)
    )
    for row in rows:
        yield (
            f"lot {row.id}: it says that {row.standing_claims} claims stand with it, "
            f"{row.found} do (or their amounts differ)"
        )


def _rows_without_payload(connection: Connection) -> Iterator[str]:
    payload = schema.payload
    for table in (
        schema.deposit,
        schema.dispatch,
        schema.payer_return,
        schema.handback,
    ):
        rows = connection.execute(
            select(table.c.id, table.c.payload_id)
            .outerjoin(payload, payload.c.id == table.c.payload_id)
            .where(table.c.payload_id.is_not(None), payload.c.id.is_(None))
        )
        for row in rows:
            yield f"{table.name} {row.id}: its payload {row.payload_id} has no row"
