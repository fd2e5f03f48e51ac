"""Enrolments as a person asks about them: listed, with their history and what waits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any, Final

from sqlalchemy import Connection, Row, func, select, text, tuple_

from gateway.journal import schema
from gateway.journal.enrolments import HELD_FOR_IT, KEY, SenderRule, name_of
from routing.lifecycle import LotState

_TOLD: Final = 6  # events of one enrolment


def listed(
    connection: Connection,
    *,
    payer: str | None = None,
    senders: Collection[str] | None = None,
    state: str | None = None,
    most: int | None = None,
) -> tuple[list[Row[*tuple[Any, ...]]], int]:
    """List enrolments by payer, sender and flow, `most` of them, and count them all.

    Only those of a payer, of senders (in the normal form), in a state, where told.
    """
    table = schema.enrolment
    query = select(table)
    if payer is not None:
        query = query.where(table.c.payer_id == payer)
    if senders is not None:
        query = query.where(table.c.sender.in_(senders))
    if state is not None:
        query = query.where(table.c.state == state)
    ordered = query.order_by(
        table.c.network, table.c.payer_id, table.c.sender, table.c.flow
    )
    rows = list(connection.execute(ordered.limit(most)))
    if most is None or len(rows) < most:
        return rows, len(rows)
    counted = select(func.count()).select_from(query.subquery())
    return rows, connection.execute(counted).scalar_one()


def page(
    connection: Connection,
    *,
    limit: int,
    after: tuple[str, str, str, str] | None = None,
    payer: str = "",
    senders: Collection[str] = (),
    states: Collection[str] = (),
) -> list[Row[*tuple[Any, ...]]]:
    """List enrolments by `KEY`, from the one after `after`; some only where told.

    `senders` are in the normal form.
    """
    table = schema.enrolment.c
    key = tuple_(*(table[name] for name in KEY))
    query = select(schema.enrolment).order_by(*(table[name] for name in KEY))
    if after is not None:
        query = query.where(key > after)
    if payer:
        query = query.where(table.payer_id == payer)
    if senders:
        query = query.where(table.sender.in_(senders))
    if states:
        query = query.where(table.state.in_(states))
    return list(connection.execute(query.limit(limit)))


def of_senders(
    connection: Connection, senders: Mapping[str, Collection[str]], most: int
) -> list[Row[*tuple[Any, ...]]]:
    """List the enrolments of senders (in the normal form, by network)."""
    table = schema.enrolment
    found: list[Row[*tuple[Any, ...]]] = []
    for network, numbers in sorted(senders.items()):
        query = (
            select(table)
            .where(table.c.network == network, table.c.sender.in_(numbers))
            .order_by(*(table.c[name] for name in KEY))
        )
        found += connection.execute(query.limit(most - len(found)))
    return found


def history(connection: Connection, row: Any) -> list[Row[*tuple[Any, ...]]]:
    """List the newest events of an enrolment's row, the oldest of them first."""
    table = schema.event
    name = name_of({each: str(getattr(row, each)) for each in KEY})
    query = select(table.c.at, table.c.kind, table.c.subject, table.c.facts)
    newest = query.where(table.c.subject == name).order_by(table.c.at.desc())
    return list(reversed(connection.execute(newest.limit(_TOLD)).all()))


def waiting(
    connection: Connection, networks: Mapping[str, SenderRule]
) -> Counter[tuple[str, str, str, str]]:
    """Count the lots held for each enrolment: network, sender, payer, flow."""
    lot = schema.lot
    whose = (lot.c.network, lot.c.sender, lot.c.payer_id, lot.c.flow)
    query = (
        select(*whose, func.count())
        .where(text(HELD_FOR_IT), lot.c.state == LotState.HELD)
        .group_by(*whose)
    )
    found: Counter[tuple[str, str, str, str]] = Counter()
    for network, sender, payer, flow, lots in connection.execute(query):
        normal = networks[network].normal_sender(sender)
        found[network, normal, payer, flow] += lots
    return found
