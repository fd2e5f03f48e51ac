"""The claims that an answer may mean whose keys fit none: looked up, not judged.

Only for orphans, and for many at once.  A claim has no index on its patient,
because each claim would pay for what one in many needs: a sender's lots of the
weeks in question are read instead, once for all orphans of that sender.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import islice
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select

from gateway.journal import schema
from gateway.journal.dialect import plain

_MOST_LOTS: Final = 5000  # of a sender, the newest
_PER_STATEMENT: Final = 500  # an engine takes only so many parameters
_MOST_CLAIMS: Final = 20_000


def lots_of_sender(
    connection: Connection, network: str, sender: str
) -> list[Row[*tuple[Any, ...]]]:
    """List the lots of a sender, the newest first: id, number, date, created_at."""
    table = schema.lot
    query = (
        select(table.c.id, table.c.number, table.c.date, table.c.state, table.c.asked)
        .where(table.c.sender == plain(sender), table.c.network == network)
        .order_by(table.c.created_at.desc(), table.c.id)
        .limit(_MOST_LOTS)
    )
    return list(connection.execute(query))


def claim(connection: Connection, lot: str, seq: int) -> Row[*tuple[Any, ...]]:
    """Read one claim."""
    its = (schema.claim.c.lot_id == lot, schema.claim.c.seq == seq)
    return connection.execute(_claims().where(*its)).one()


def claims_of_lots(
    connection: Connection, lots: Collection[str]
) -> list[Row[*tuple[Any, ...]]]:
    """List the claims of lots."""
    return _of_lots(connection, lots)


def claims_of_patients(
    connection: Connection, lots: Collection[str], patients: Collection[int]
) -> list[Row[*tuple[Any, ...]]]:
    """List the claims of patients, by their hashes, among those of lots."""
    found: list[Row[*tuple[Any, ...]]] = []
    for part in _parts(patients):
        found += _of_lots(connection, lots, schema.claim.c.patient.in_(part))
    return found


def claims_of_numbers(
    connection: Connection, network: str, sender: str, numbers: Collection[str]
) -> list[Row[*tuple[Any, ...]]]:
    """List the claims of a sender that bear one of some numbers."""
    table = schema.claim
    found: list[Row[*tuple[Any, ...]]] = []
    for part in _parts(map(plain, numbers)):
        query = _claims().where(
            table.c.number.in_(part),
            table.c.sender == plain(sender),
            schema.lot.c.network == network,
        )
        found += connection.execute(query.limit(_MOST_CLAIMS)).all()
    return found


def _of_lots(
    connection: Connection, lots: Collection[str], *conditions: ColumnElement[bool]
) -> list[Row[*tuple[Any, ...]]]:
    found: list[Row[*tuple[Any, ...]]] = []
    for part in _parts(lots):
        query = _claims().where(schema.claim.c.lot_id.in_(part), *conditions)
        found += connection.execute(query.limit(_MOST_CLAIMS)).all()
    return found


def _claims() -> Select[*tuple[Any, ...]]:
    mine, lot = schema.claim, schema.lot
    return select(
        mine.c.lot_id,
        mine.c.seq,
        mine.c.number,
        mine.c.match_key,
        mine.c.date,
        mine.c.patient,
        mine.c.asked,
        mine.c.asked_main,
        mine.c.asked_other,
        func.coalesce(mine.c.account, lot.c.account).label("account"),
        lot.c.sender,
        lot.c.number.label("lot_number"),
        lot.c.date.label("lot_date"),
    ).join(lot, lot.c.id == mine.c.lot_id)


def _parts(values: Iterable[Any]) -> Iterable[Sequence[Any]]:
    left = iter(values)
    while part := list(islice(left, _PER_STATEMENT)):
        yield part
