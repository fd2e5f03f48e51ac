"""Signed roots over the history: so that one event can be proved without the others.

Each root is over the hashes of some events of a chain that follow one another, and
builds on the root before it.  An event is proved by what it says, the hash of the one
before it, and its path to the root; nothing is shown of what happened to others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from attrs import frozen
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, Row, func, insert, select

from gateway.committing import Tx
from gateway.database import Database
from gateway.intake import merkle, receipt_documents, receipts
from gateway.intake.receipts import ReceiptSigner
from gateway.journal import schema
from gateway.journal.events import GENESIS
from gateway.journal.verify import Verdict, consistent

AT_ONCE: Final = 4096
"""Events of one root."""
_TABLE: Final = schema.event_root
_EVENT: Final = schema.event


@frozen
class Due:
    """Events of a chain that have no root yet, and what theirs builds on."""

    chain: str
    after: int
    until: int
    previous: str


def due(connection: Connection, *, older_than: float) -> list[Due]:
    """List what may have a root: as many as fit one, or the first is so old."""
    found = []
    heads = schema.event_chain
    last = (
        select(func.max(_TABLE.c.until))
        .where(_TABLE.c.chain == heads.c.chain)
        .scalar_subquery()
    )
    query = select(heads, last.label("after")).order_by(heads.c.chain)
    for head in connection.execute(query).all():
        after = head.after or 0
        if head.seq == after:
            continue
        until = min(head.seq, after + AT_ONCE)
        if (
            until - after < AT_ONCE
            and _at(connection, head.chain, after + 1) > older_than
        ):
            continue
        found.append(
            Due(head.chain, after, until, _sha256(connection, head.chain, after))
        )
    return found


def make(
    database: Database, signer: ReceiptSigner, *, now: float, older_than: float
) -> int:
    """Make the roots that are due; return how many.  Whoever is slower makes none."""
    made = 0
    for each in database.read(due, older_than=older_than):
        hashes = database.read(leaves, each.chain, each.after, each.until)
        root, _ = merkle.tree(hashes)
        body = receipt_documents.events(
            each.chain, (each.after, each.until), hashes[-1], root, each.previous, now
        )
        row = {
            "chain": each.chain,
            "until": each.until,
            "after": each.after,
            "content": signer.seal(body),
            "sha256": receipts.hash_of(body),
            "made_at": now,
        }
        made += database.write("events.root", _add, each, row)
    return made


def leaves(connection: Connection, chain: str, after: int, until: int) -> Sequence[str]:
    """Return the hashes of events that follow one another."""
    query = (
        select(_EVENT.c.hash)
        .where(_EVENT.c.chain == chain, _EVENT.c.seq > after, _EVENT.c.seq <= until)
        .order_by(_EVENT.c.seq)
    )
    return list(connection.execute(query).scalars())


def covering(
    connection: Connection, chain: str, seq: int
) -> Row[*tuple[Any, ...]] | None:
    """Find the root that an event is under."""
    query = (
        select(_TABLE)
        .where(_TABLE.c.chain == chain, _TABLE.c.until >= seq)
        .order_by(_TABLE.c.until)
        .limit(1)
    )
    return connection.execute(query).first()


def check(connection: Connection, keys: Iterable[Ed25519PublicKey]) -> Verdict:
    """Make every root anew from the events, and see that none is missing between."""
    connection = consistent(connection)
    known = {receipts.key_id(key): key for key in keys}
    rows = connection.execute(
        select(_TABLE)
        .order_by(_TABLE.c.chain, _TABLE.c.until)
        .execution_options(yield_per=100)
    )
    breaks: list[str] = []
    checked, chain, end, head = 0, "", 0, GENESIS
    for row in rows:
        if row.chain != chain:
            chain, end, head = row.chain, 0, GENESIS
        words = _faults(connection, known, row, end, head)
        name = f"root of events {row.after + 1} to {row.until} of {chain}"
        breaks += [f"{name}: {each}" for each in words]
        end, head = row.until, row.sha256
        checked += 1
    return Verdict(check="roots", checked=checked, breaks=tuple(breaks))


def _faults(
    connection: Connection,
    keys: Mapping[str, Ed25519PublicKey],
    row: Any,
    end: int,
    head: str,
) -> Iterator[str]:
    try:
        signed = receipts.read(row.content)
    except ValueError as error:
        yield str(error)
        return
    key = keys.get(signed.key)
    if key is None or not signed.is_signed_by(key):
        yield "its signature does not hold, or its key is not there"
    hashes = leaves(connection, row.chain, row.after, row.until)
    wanted = receipt_documents.events(
        row.chain,
        (end, row.until),
        hashes[-1] if hashes else "",
        merkle.tree(hashes)[0],
        head,
        row.made_at,
    )
    if signed.body != wanted or signed.sha256 != row.sha256:
        yield "it is not the root over these events, or does not build on the one before"


def _add(tx: Tx, before: Due, row: Mapping[str, Any]) -> int:
    """Keep a root unless another was made since; others wait at the chain's head."""
    heads = schema.event_chain
    lock = select(heads.c.seq).where(heads.c.chain == before.chain).with_for_update()
    tx.connection.execute(lock).all()
    last = select(func.max(_TABLE.c.until)).where(_TABLE.c.chain == before.chain)
    if (tx.connection.execute(last).scalar_one() or 0) != before.after:
        return 0
    tx.connection.execute(insert(_TABLE), [dict(row)])
    return 1


def _at(connection: Connection, chain: str, seq: int) -> float:
    query = select(_EVENT.c.at).where(_EVENT.c.chain == chain, _EVENT.c.seq == seq)
    return float(connection.execute(query).scalar_one())


def _sha256(connection: Connection, chain: str, until: int) -> str:
    query = select(_TABLE.c.sha256).where(
        _TABLE.c.chain == chain, _TABLE.c.until == until
    )
    return connection.execute(query).scalar_one_or_none() or GENESIS
