"""Finds what a person has in hand, and gathers its whole life.

A person has an id, a file name, a hash, a lot or invoice number; each becomes a
`Found`.  Whatever was found, its life is told through lots: those of the
deposit, of the dispatch, of the return, or the one lot of an invoice.  All sums
are made by the database, so a deposit of a million claims is traced in one
screen too.  Patients are never read here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Row,
    Select,
    Table,
    func,
    select,
)

from gateway.journal import schema
from gateway.journal.dialect import begins

DEPOSIT: Final = "deposit"
LOT: Final = "lot"
CLAIM: Final = "claim"
DISPATCH: Final = "dispatch"
RETURN: Final = "return"
ANOMALY: Final = "anomaly"
KINDS: Final = (DEPOSIT, LOT, CLAIM, DISPATCH, RETURN, ANOMALY)
LEAST_HASH: Final = 8  # characters of a SHA-256 that may stand for the whole

_HASH: Final = re.compile(r"[0-9a-f]{8,64}")
_LONGEST_NUMBER: Final = 9  # digits of a file number; longer ones are invoices
_AFTER_HEX: Final = "g"
_MOST_NUMBERED: Final = 20_000
"""Invoices of one number among which the newest are looked for.

The limit also keeps PostgreSQL from going through all lots in the order of time until
it has found enough invoices of that number.
"""
Rows = Sequence[Row[*tuple[Any, ...]]]


class Found(NamedTuple):
    """One thing that was meant, perhaps; `seq` only of a claim, `at` epoch seconds.

    `file` is what its client called the file that it came in, `state` where it stands.
    """

    kind: str
    id: str
    label: str
    at: float
    client: str = ""
    seq: int | None = None
    file: str = ""
    state: str = ""


def by_id(connection: Connection, name: str) -> Found | None:
    """Find the one thing that has an id."""
    tables: Mapping[str, tuple[Table, Column[Any], Column[Any]]] = {
        DEPOSIT: (
            schema.deposit,
            schema.deposit.c.filename,
            schema.deposit.c.received_at,
        ),
        LOT: (schema.lot, schema.lot.c.number, schema.lot.c.created_at),
        DISPATCH: (
            schema.dispatch,
            schema.dispatch.c.filename,
            schema.dispatch.c.created_at,
        ),
        RETURN: (
            schema.payer_return,
            schema.payer_return.c.remote_name,
            schema.payer_return.c.collected_at,
        ),
        ANOMALY: (schema.anomaly, schema.anomaly.c.kind, schema.anomaly.c.first_seen),
    }
    for kind, (table, label, at) in tables.items():
        row = connection.execute(
            select(table.c.id, label.label("label"), at.label("at")).where(
                table.c.id == name
            )
        ).first()
        if row is not None:
            return Found(kind, row.id, row.label, row.at)
    return (
        _handed_back(connection, name)
        or _remedy(connection, name)
        or _receipt(connection, name)
    )


def _receipt(connection: Connection, name: str) -> Found | None:
    """Find what a receipt vouches for; that of a deposit bears the deposit's id."""
    table = schema.receipt
    query = select(table.c.subject).where(table.c.id == name)
    subject = connection.execute(query).scalar_one_or_none()
    return None if subject is None else by_id(connection, subject)


def _handed_back(connection: Connection, name: str) -> Found | None:
    """Find the return of which a client's part has an id."""
    table = schema.handback
    row = connection.execute(
        select(table.c.return_id, table.c.filename, table.c.created_at).where(
            table.c.id == name
        )
    ).first()
    return None if row is None else Found(RETURN, row[0], row[1], row[2])


def _remedy(connection: Connection, name: str) -> Found | None:
    """Find the lot for which a remedy was tried."""
    table, lot = schema.remedy, schema.lot
    row = connection.execute(
        select(lot.c.id, lot.c.number, lot.c.created_at)
        .join(table, table.c.lot_id == lot.c.id)
        .where(table.c.id == name)
    ).first()
    return None if row is None else Found(LOT, row.id, row.number, row.created_at)


def find(
    connection: Connection,
    what: str,
    *,
    kinds: Iterable[str] = KINDS,
    client: str | None = None,
    most: int = 20,
) -> list[Found]:
    """Find everything that `what` may mean, the newest first; at most `most`.

    An id means one thing.  Everything else is compared with file names, lot,
    invoice and dispatch numbers, and with SHA-256 from 8 characters on; where nothing
    has such a name, with the reference under which a payer's answers name a lot.
    """
    what = what.strip()
    exact = by_id(connection, what)
    if exact is not None:
        return [exact]
    name = what.rpartition("/")[2] or what
    found: dict[tuple[str, str, int | None], Found] = {}
    for kind in kinds:
        search = _SEARCHES.get(kind)
        for each in search(connection, name, client, most) if search else ():
            found.setdefault((each.kind, each.id, each.seq), each)
    if not found and LOT in kinds:
        found = {
            (each.kind, each.id, each.seq): each
            for each in _referenced(connection, name, client, most)
        }
    newest = sorted(found.values(), key=lambda each: each.at, reverse=True)
    return newest[:most]


def _deposits(
    connection: Connection, name: str, client: str | None, most: int
) -> Iterator[Found]:
    table = schema.deposit
    own = table.c
    columns = (own.id, own.filename, own.received_at, own.client_id, own.state)
    for condition in _names(table.c.filename, table.c.sha256, name):
        query = select(*columns).where(condition).order_by(table.c.received_at.desc())
        for row in _rows(connection, query, table.c.client_id, client, most):
            yield _of_deposit(row)
    names = schema.inbox_name  # the same content may have come under other names
    query = (
        select(*columns)
        .join(names, names.c.deposit_id == table.c.id)
        .where(schema.inbox_basename == name)
        .order_by(table.c.received_at.desc())
    )
    for row in _rows(connection, query, table.c.client_id, client, most):
        yield _of_deposit(row)


def _of_deposit(row: Any) -> Found:
    return Found(
        DEPOSIT,
        row.id,
        row.filename,
        row.received_at,
        row.client_id,
        file=row.filename or "",
        state=row.state,
    )


def _lots(
    connection: Connection, name: str, client: str | None, most: int
) -> Iterator[Found]:
    return _lots_where(connection, schema.lot.c.number == name, client, most)


def _referenced(
    connection: Connection, name: str, client: str | None, most: int
) -> Iterator[Found]:
    """Find lots whose key begins with a reference."""
    key = schema.lot.c.match_key
    return _lots_where(connection, begins(connection, key, f"{name}/"), client, most)


def _lots_where(
    connection: Connection,
    condition: ColumnElement[bool],
    client: str | None,
    most: int,
) -> Iterator[Found]:
    table = schema.lot
    own, deposit = table.c, schema.deposit
    columns = (own.id, own.number, own.created_at, own.client_id, own.state)
    query = (
        select(*columns, table.c.sender, deposit.c.filename)
        .join(deposit, deposit.c.id == table.c.deposit_id)
        .where(condition)
        .order_by(table.c.created_at.desc())
    )
    for row in _rows(connection, query, table.c.client_id, client, most):
        label = f"lot {row.number} of {row.sender}"
        its = {"file": row.filename or "", "state": row.state}
        yield Found(LOT, row.id, label, row.created_at, row.client_id, **its)


def _claims(
    connection: Connection, name: str, client: str | None, most: int
) -> Iterator[Found]:
    lot, deposit = schema.lot, schema.deposit
    columns = [schema.claim.c[each] for each in ("lot_id", "seq", "number", "account")]
    numbered = select(*columns).where(schema.claim.c.number == name)
    claim = numbered.limit(_MOST_NUMBERED).subquery()
    if client is None:  # ids sort by time: the lots of the newest alone are read
        newest = select(claim).order_by(claim.c.lot_id.desc()).limit(most)
        claim = newest.subquery()
    query = (
        select(
            lot.c.id,
            claim.c.seq,
            claim.c.number,
            lot.c.number.label("lot_number"),
            lot.c.sender,
            lot.c.created_at,
            lot.c.client_id,
            deposit.c.filename,
            func.coalesce(claim.c.account, lot.c.account).label("account"),
        )
        .join(lot, lot.c.id == claim.c.lot_id)
        .join(deposit, deposit.c.id == lot.c.deposit_id)
        .where(lot.c.part_of.is_(None))  # its other part is told with it
        .order_by(lot.c.created_at.desc())
    )
    for row in _rows(connection, query, lot.c.client_id, client, most):
        label = f"invoice {row.number} in lot {row.lot_number} of {row.sender}"
        yield Found(
            CLAIM,
            row.id,
            label,
            row.created_at,
            row.client_id,
            row.seq,
            row.filename or "",
            row.account,
        )


def _dispatches(
    connection: Connection, name: str, client: str | None, most: int
) -> Iterator[Found]:
    if client is not None:
        return  # a dispatch holds lots of many clients
    table = schema.dispatch
    conditions = [table.c.filename == name]
    if name.isascii() and name.isdigit() and len(name) <= _LONGEST_NUMBER:
        conditions.append(table.c.number == int(name))
    for condition in conditions:
        query = select(table).where(condition).order_by(table.c.created_at.desc())
        for row in connection.execute(query.limit(most)):
            label = (
                f"{row.filename or 'no file yet'}, number {row.number}, {row.payer_id}"
            )
            yield Found(DISPATCH, row.id, label, row.created_at, state=row.state)


def _returns(
    connection: Connection, name: str, client: str | None, most: int
) -> Iterator[Found]:
    table, part = schema.payer_return, schema.handback
    if client is None:
        for condition in _names(table.c.remote_name, table.c.sha256, name):
            query = select(table).where(condition).order_by(table.c.collected_at.desc())
            for row in connection.execute(query.limit(most)):
                yield Found(
                    RETURN, row.id, row.remote_name, row.collected_at, state=row.state
                )
    for condition in _names(part.c.filename, part.c.sha256, name):
        query = select(part).where(condition).order_by(part.c.created_at.desc())
        for row in _rows(connection, query, part.c.client_id, client, most):
            yield Found(
                RETURN, row.return_id, row.filename, row.created_at, row.client_id
            )


_SEARCHES: Final[Mapping[str, Callable[..., Iterator[Found]]]] = {
    DEPOSIT: _deposits,
    LOT: _lots,
    CLAIM: _claims,
    DISPATCH: _dispatches,
    RETURN: _returns,
}


def _names(
    filename: Column[Any], sha256: Column[Any], name: str
) -> Iterator[ColumnElement[bool]]:
    yield filename == name
    lower = name.lower()
    if _HASH.fullmatch(lower):
        yield sha256.between(lower, lower + _AFTER_HEX)


def _rows(
    connection: Connection,
    query: Select[*tuple[Any, ...]],
    owner: Column[Any],
    client: str | None,
    most: int,
) -> Rows:
    if client is not None:
        query = query.where(owner == client)
    return list(connection.execute(query.limit(most)))
