"""The `anomaly_item` table: the lots, deposits and the like behind an anomaly.

Only the newest are kept; how many there were in all stands in the anomaly.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, delete, exists, func, or_, select

from gateway.committing import Tx
from gateway.journal import schema
from gateway.journal.prepared import Prepared, given

MOST: Final = 1000
"""How many are kept of one anomaly, at least; somewhat more until they are cut."""
_SLACK: Final = 100

_TABLE: Final = schema.anomaly_item
_OF_DEPOSITS: Final = ("deposit-unreadable", "deposit-damaged", "lot-refused")


class Reach(NamedTuple):
    """What is behind an anomaly, as far as it is kept."""

    items: int
    clients: int


def add(tx: Tx, anomaly: str, items: Mapping[str, int]) -> None:
    """Note what is behind an anomaly, each with its claims; the oldest make room."""
    if not items:
        return
    rows = [
        {"anomaly_id": anomaly, "subject": name, "claims": claims, "at": tx.now}
        for name, claims in items.items()
    ]
    _ADD.run_many(tx.connection, rows)
    mine = _TABLE.c.anomaly_id == anomaly
    if count(tx.connection, anomaly) <= MOST + _SLACK:
        return
    old = (
        select(_TABLE.c.subject)
        .where(mine)
        .order_by(_TABLE.c.at.desc(), _TABLE.c.subject.desc())
        .offset(MOST)
    )
    gone = list(tx.connection.execute(old).scalars())
    tx.connection.execute(delete(_TABLE).where(mine, _TABLE.c.subject.in_(gone)))


def drop(tx: Tx, kind: str, item: str) -> list[Row[*tuple[Any, ...]]]:
    """Take an item from all anomalies of a kind; return those that it leaves empty."""
    table = schema.anomaly
    found = tx.connection.execute(
        select(table.c.id, table.c.state).where(table.c.kind == kind, behind([item]))
    ).all()
    empty = []
    for row in found:
        mine = _TABLE.c.anomaly_id == row.id
        tx.connection.execute(delete(_TABLE).where(mine, _TABLE.c.subject == item))
        if count(tx.connection, row.id) == 0:
            empty.append(row)
    return empty


def anomalies_of_deposit(
    connection: Connection, deposit: str
) -> list[Row[*tuple[Any, ...]]]:
    """List what a deposit, or one of its lots, raised."""
    table = schema.anomaly
    lots = select(schema.lot.c.id).where(schema.lot.c.deposit_id == deposit)
    names = [deposit, *connection.execute(lots.limit(MOST)).scalars()]
    query = select(table).where(
        table.c.kind.in_(_OF_DEPOSITS), or_(table.c.subject == deposit, behind(names))
    )
    return list(connection.execute(query.with_for_update()))


def listed(
    connection: Connection, anomaly: str, most: int
) -> list[Row[*tuple[Any, ...]]]:
    """List what is behind an anomaly, the newest first."""
    query = (
        select(_TABLE)
        .where(_TABLE.c.anomaly_id == anomaly)
        .order_by(_TABLE.c.at.desc(), _TABLE.c.subject.desc())
        .limit(most)
    )
    return list(connection.execute(query))


def has(connection: Connection, anomaly: str, items: Collection[str]) -> bool:
    """Say whether all of some items are behind an anomaly."""
    query = select(func.count()).where(
        _TABLE.c.anomaly_id == anomaly, _TABLE.c.subject.in_(items)
    )
    return int(connection.execute(query).scalar_one()) == len(items)


def count(connection: Connection, anomaly: str) -> int:
    """Count what is kept of an anomaly."""
    (row,) = _COUNT.rows(connection, {"its_anomaly": anomaly})
    return int(row.many)


def reach(connection: Connection, anomaly: str) -> Reach:
    """Count what is behind an anomaly, and whose it is."""
    lot, deposit = schema.lot, schema.deposit
    client = func.coalesce(lot.c.client_id, deposit.c.client_id)
    query = (
        select(func.count(), func.count(client.distinct()))
        .select_from(_TABLE)
        .outerjoin(lot, lot.c.id == _TABLE.c.subject)
        .outerjoin(deposit, deposit.c.id == _TABLE.c.subject)
        .where(_TABLE.c.anomaly_id == anomaly)
    )
    items, clients = connection.execute(query).one()
    return Reach(items, clients)


def behind(items: Sequence[str]) -> ColumnElement[bool]:
    """Say whether one of some items is behind an anomaly of the outer query."""
    return exists().where(
        _TABLE.c.anomaly_id == schema.anomaly.c.id, _TABLE.c.subject.in_(items)
    )


def _adding(insert: Any) -> Any:
    statement = insert(_TABLE)
    return statement.on_conflict_do_update(
        index_elements=["anomaly_id", "subject"],
        set_={
            "claims": _TABLE.c.claims + statement.excluded.claims,
            "at": statement.excluded.at,
        },
    )


_ADD: Final = Prepared(_adding, ("anomaly_id", "subject", "claims", "at"))
_COUNT: Final = Prepared(
    select(func.count().label("many"))
    .select_from(_TABLE)
    .where(_TABLE.c.anomaly_id == given("its_anomaly"))
)
