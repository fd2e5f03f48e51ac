"""What was signed for one client: listed in the order of its chain, found by id."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Table,
    Text,
    cast,
    func,
    literal,
    select,
    tuple_,
    union_all,
)

from gateway.journal import schema

Rows = list[Row[*tuple[Any, ...]]]
_CHAIN: Final = re.compile(r"chain-([1-9][0-9]{0,17})")
_ROOT: Final = re.compile(r"root-(\d{4}-\d{2}-\d{2})")


def listed(
    connection: Connection,
    client: str,
    *,
    limit: int,
    after: tuple[int, int] | None = None,
    kind: str | None = None,
) -> Rows:
    """List a client's receipts in the order of its chain; `after` is (number, position).

    Entries are only ever put behind the last one, so nothing appears before `after`.
    """
    link, entry, kept = schema.receipt_link, schema.receipt_entry, schema.receipt
    same = (entry.c.client_id == link.c.client_id) & (entry.c.number == link.c.number)
    query = (
        select(
            link.c.receipt_id.label("id"),
            link.c.kind,
            link.c.number,
            link.c.position,
            link.c.sha256,
            func.coalesce(kept.c.subject, link.c.receipt_id).label("subject"),
            entry.c.made_at,
        )
        .join(entry, same)
        .outerjoin(kept, kept.c.id == link.c.receipt_id)
        .where(link.c.client_id == client)
        .order_by(link.c.number, link.c.position)
        .limit(limit)
    )
    if after is not None:
        query = query.where(tuple_(link.c.number, link.c.position) > after)
    if kind is not None:
        query = query.where(link.c.kind == kind)
    return list(connection.execute(query))


def document(
    connection: Connection, client: str, name: str
) -> Row[*tuple[Any, ...]] | None:
    """Find a signed document by its id: `content` and `made_at`; not deposits' receipts."""
    table, key = _place(name)
    query = select(table.c.content, table.c.made_at)
    return connection.execute(query.where(table.c.client_id == client, key)).first()


def deposit_receipt(connection: Connection, client: str, deposit: str) -> bytes | None:
    """Find the receipt of a deposit."""
    table = schema.deposit
    query = select(table.c.receipt).where(
        table.c.id == deposit, table.c.client_id == client
    )
    found: bytes | None = connection.execute(query).scalar_one_or_none()
    return found


def sizes(connection: Connection, client: str, since: float) -> Rows:
    """List ids, sizes and times of a client's documents, but deposits' receipts."""
    kept, entry, proof = (
        schema.receipt,
        schema.receipt_entry,
        schema.receipt_inclusion,
    )
    names: Iterable[tuple[Table, ColumnElement[str]]] = (
        (kept, kept.c.id),
        (entry, literal("chain-") + cast(entry.c.number, Text)),
        (proof, literal("root-") + proof.c.day),
    )
    parts = [
        select(
            name.label("id"),
            func.length(table.c.content).label("size"),
            table.c.made_at,
        ).where(table.c.client_id == client, table.c.made_at >= since)
        for table, name in names
    ]
    return list(connection.execute(union_all(*parts)))


def of_life(connection: Connection, subjects: Iterable[str], most: int) -> Rows:
    """List the newest receipts about things by their ids, with their place in a chain."""
    link, kept = schema.receipt_link, schema.receipt
    wanted = sorted(subjects)
    about = select(kept.c.id, kept.c.subject).where(kept.c.subject.in_(wanted))
    names = {row.id for row in connection.execute(about)} | set(wanted)
    query = (
        select(
            link.c.receipt_id.label("id"),
            link.c.kind,
            link.c.client_id,
            link.c.number,
            link.c.position,
            link.c.sha256,
            func.coalesce(kept.c.subject, link.c.receipt_id).label("subject"),
        )
        .outerjoin(kept, kept.c.id == link.c.receipt_id)
        .where(link.c.receipt_id.in_(sorted(names)))
        .order_by(link.c.client_id, link.c.number.desc(), link.c.position.desc())
        .limit(most)
    )
    return list(reversed(list(connection.execute(query))))


def _place(name: str) -> tuple[Table, ColumnElement[bool]]:
    """Say where a document of that name would be."""
    number = _CHAIN.fullmatch(name)
    if number is not None:
        table = schema.receipt_entry
        return table, table.c.number == int(number[1])
    day = _ROOT.fullmatch(name)
    if day is not None:
        table = schema.receipt_inclusion
        return table, table.c.day == day[1]
    return schema.receipt, schema.receipt.c.id == name
