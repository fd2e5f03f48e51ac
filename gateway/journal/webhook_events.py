"""What endpoints are told: made from the history, each event once and none left out.

The numbers of a chain are given in the order of its commits, so whoever has looked
through a chain up to a number has missed nothing before it.  How far that is, and
what was made of it, are committed together.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from sqlalchemy import Connection, Row, insert, select, update

from gateway.clock import Entropy, new_id
from gateway.committing import Tx
from gateway.intake.receipts import iso_time
from gateway.journal import dialect, schema, webhook_deliveries
from gateway.webhooks.kinds import DEPOSIT, KINDS, LOT, OF_SOURCE, RETURN, TEST, Kind

AnyRow = Row[*tuple[Any, ...]]
SKIP: Final = 10_000
"""Events nobody asks for, after which it is worth noting that they were passed by."""

_PER_QUERY: Final = 500


class Found(NamedTuple):
    """What an event is about: whose it is, and what is told of it."""

    client: str
    data: Mapping[str, Any]


def behind(connection: Connection) -> dict[str, tuple[int, int]]:
    """Return the chains that go on behind what was looked through: (seen, last)."""
    chain, place = schema.event_chain, schema.webhook_place
    query = select(chain.c.chain, chain.c.seq, place.c.seq.label("seen")).outerjoin(
        place, place.c.chain == chain.c.chain
    )
    return {
        row.chain: (row.seen or 0, row.seq)
        for row in connection.execute(query)
        if (row.seen or 0) < row.seq
    }


def anyone(connection: Connection) -> bool:
    """Whether there is any endpoint."""
    return connection.execute(select(schema.webhook.c.id).limit(1)).first() is not None


def look_through(tx: Tx, chain: str, most: int) -> int:
    """Tell endpoints what happened in a chain; return how many events were read.

    0 as well when another worker is at it.
    """
    seen = _hold(tx, chain)
    if seen is None:
        return 0
    last = tx.connection.execute(
        select(schema.event_chain.c.seq).where(schema.event_chain.c.chain == chain)
    ).scalar_one()
    upto = min(last, seen + most)
    table = schema.event
    rows = tx.connection.execute(
        select(table)
        .where(
            table.c.chain == chain,
            table.c.seq > seen,
            table.c.seq <= upto,
            table.c.kind.in_(list(OF_SOURCE)),
        )
        .order_by(table.c.seq)
    ).all()
    if rows:
        _tell(tx, rows)
    _move(tx, chain, upto)
    return int(upto - seen)


def pass_by(tx: Tx, chain: str, last: int) -> bool:
    """Note that nobody wants to know what a chain says so far; seldom, as it costs."""
    seen = _hold(tx, chain)
    if seen is None or last - seen < SKIP or anyone(tx.connection):
        return False
    _move(tx, chain, last)
    return True


def add_test(tx: Tx, entropy: Entropy, webhook: AnyRow) -> str:
    """Have a test delivered to an endpoint; return the delivery's id."""
    name = new_id("n", tx.now, entropy)
    data = {"webhook": webhook.id, "link": f"/v1/webhooks/{quote(webhook.id)}"}
    row = _row(name, TEST, webhook.client_id, webhook.id, data, tx.now)
    tx.connection.execute(insert(schema.webhook_event), row | {"created_at": tx.now})
    (delivery,) = webhook_deliveries.add(tx, webhook.id, [name])
    return delivery


def _tell(tx: Tx, events: Sequence[AnyRow]) -> None:
    """Write down what endpoints are told of events, in their order."""
    about = _about(tx.connection, events)
    takers = _takers(tx.connection, {found.client for found in about.values()})
    made: list[dict[str, Any]] = []
    told: dict[str, list[str]] = {}
    for event in events:
        kind, found = OF_SOURCE[event.kind], about.get(event.subject)
        if found is None:  # of a thing that is gone since
            continue
        mine = [
            each.id
            for each in takers.get(found.client, ())
            if _wants(each, kind, event)
        ]
        if not mine:
            continue
        name = name_of(event)
        data = {**found.data, **_facts(KINDS[kind], event)}
        row = _row(name, kind, found.client, event.subject, data, event.at)
        made.append(row | {"created_at": tx.now})
        for webhook in mine:
            told.setdefault(webhook, []).append(name)
    if made:
        tx.connection.execute(insert(schema.webhook_event), made)
    for webhook, names in sorted(told.items()):
        webhook_deliveries.add(tx, webhook, names)


def _wants(webhook: AnyRow, kind: str, event: AnyRow) -> bool:
    """Whether an endpoint is told of an event: one of its kinds, since it is there."""
    if webhook.kinds and kind not in webhook.kinds.split(" "):
        return False
    return bool(webhook.created_at <= event.at)


def name_of(event: AnyRow) -> str:
    """Name what is told after its place in the history: the same whenever it is made."""
    place = hashlib.sha256(f"{event.chain}:{event.seq}".encode()).digest()
    return new_id("n", event.at, lambda size: place[:size])


def _facts(kind: Kind, event: AnyRow) -> dict[str, Any]:
    facts = json.loads(event.facts)
    return {name: facts[name] for name in kind.facts if name in facts}


def _row(
    name: str, kind: str, client: str, subject: str, data: Mapping[str, Any], at: float
) -> dict[str, Any]:
    told = {"id": name, "type": kind, "timestamp": iso_time(at), "data": data}
    return {
        "id": name,
        "client_id": client,
        "kind": kind,
        "subject": subject,
        "body": json.dumps(told, ensure_ascii=False, separators=(",", ":")),
        "at": at,
    }


def _about(connection: Connection, events: Iterable[AnyRow]) -> dict[str, Found]:
    subjects: dict[str, set[str]] = {DEPOSIT: set(), LOT: set(), RETURN: set()}
    for event in events:
        subjects[KINDS[OF_SOURCE[event.kind]].about].add(event.subject)
    readers = {DEPOSIT: _deposits, LOT: _lots, RETURN: _returns}
    found: dict[str, Found] = {}
    for about, names in subjects.items():
        listed = sorted(names)
        for start in range(0, len(listed), _PER_QUERY):
            found |= readers[about](connection, listed[start : start + _PER_QUERY])
    return found


def _deposits(connection: Connection, names: Sequence[str]) -> dict[str, Found]:
    table = schema.deposit
    query = select(table.c.id, table.c.client_id).where(table.c.id.in_(names))
    return {
        row.id: Found(
            row.client_id,
            {"deposit": row.id, "link": f"/v1/deposits/{quote(row.id)}"},
        )
        for row in connection.execute(query)
    }


def _lots(connection: Connection, names: Sequence[str]) -> dict[str, Found]:
    table = schema.lot
    columns = (table.c.id, table.c.deposit_id, table.c.client_id, table.c.number)
    query = select(*columns, table.c.claims).where(table.c.id.in_(names))
    return {
        row.id: Found(
            row.client_id,
            {
                "deposit": row.deposit_id,
                "lot": row.id,
                "lot_number": row.number,
                "claims": row.claims,
                "link": f"/v1/deposits/{quote(row.deposit_id)}",
            },
        )
        for row in connection.execute(query)
    }


def _returns(connection: Connection, names: Sequence[str]) -> dict[str, Found]:
    table = schema.handback
    columns = (table.c.id, table.c.client_id, table.c.network, table.c.format)
    query = select(*columns).where(table.c.id.in_(names))
    return {
        row.id: Found(
            row.client_id,
            {
                "return": row.id,
                "network": row.network,
                "format": row.format,
                "link": f"/v1/returns/{quote(row.id)}",
            },
        )
        for row in connection.execute(query)
    }


def _takers(
    connection: Connection, clients: Collection[str]
) -> dict[str, list[AnyRow]]:
    """Read the endpoints of clients."""
    table = schema.webhook
    query = select(
        table.c.id, table.c.client_id, table.c.kinds, table.c.created_at
    ).where(table.c.client_id.in_(sorted(clients)))
    found: dict[str, list[AnyRow]] = {}
    for row in connection.execute(query):
        found.setdefault(row.client_id, []).append(row)
    return found


def _hold(tx: Tx, chain: str) -> int | None:
    """Lock the place of a chain and return it; None while another worker has it."""
    table = schema.webhook_place
    dialect.insert_new(tx.connection, table, [{"chain": chain, "seq": 0}])
    query = select(table.c.seq).where(table.c.chain == chain)
    found: int | None = tx.connection.execute(
        query.with_for_update(skip_locked=True)
    ).scalar_one_or_none()
    return found


def _move(tx: Tx, chain: str, seq: int) -> None:
    table = schema.webhook_place
    tx.connection.execute(update(table).where(table.c.chain == chain).values(seq=seq))
