"""What belongs to the life of a thing, as far as it is evidence: by ids.

A file of which a part is another client's is left out unless that very file is asked
for, or the caller says so: nobody's patients are shown to prove somebody else's claim.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from attrs import frozen
from sqlalchemy import ColumnElement, Connection, Select, literal, select

from gateway.journal import schema
from gateway.journal.life import scope_of
from gateway.journal.stored_things import DEPOSIT, DISPATCH, HANDBACK, RETURN
from gateway.journal.trace import Found

_AT_ONCE: Final = 500


@frozen(kw_only=True)
class Stored:
    """A file of the life; `mixed` holds other clients' claims beside."""

    kind: str
    id: str
    filename: str
    payload: Any  # its row
    mixed: bool


@frozen(kw_only=True)
class Subject:
    """The life of a thing."""

    kind: str
    id: str
    clients: tuple[str, ...]
    lots: tuple[str, ...]
    files: tuple[Stored, ...]

    @property
    def names(self) -> set[str]:
        """Name everything of which the history may tell."""
        return {self.id, *self.lots, *(each.id for each in self.files)}


def of_thing(connection: Connection, found: Found) -> Subject:
    """Gather the life of a deposit, lot, claim, dispatch or return."""
    deposits = schema.deposit.c.id == found.id
    return _gather(connection, found.kind, found.id, scope_of(found), deposits)


def of_client(connection: Connection, client: str, begin: float, end: float) -> Subject:
    """Gather the lives of all deposits that a client made in a time."""
    table = schema.deposit
    mine = (
        (table.c.client_id == client)
        & (table.c.received_at >= begin)
        & (table.c.received_at < end)
    )
    scope = schema.lot.c.deposit_id.in_(select(table.c.id).where(mine))
    return _gather(connection, "client", client, scope, mine)


def _gather(
    connection: Connection,
    kind: str,
    name: str,
    scope: ColumnElement[bool],
    deposits: ColumnElement[bool],
) -> Subject:
    lot, member, answer = schema.lot, schema.dispatch_lot, schema.answer
    rows = connection.execute(
        select(lot.c.id, lot.c.client_id, lot.c.deposit_id).where(scope)
    ).all()
    lots = select(lot.c.id).where(scope)
    of_lots = schema.deposit.c.id.in_(select(lot.c.deposit_id).where(scope))
    # A dispatch or return is several clients'; of their deposits it holds a part only.
    spans = kind in {DISPATCH, RETURN}
    clients = {row.client_id for row in rows}
    found = [] if spans else _files(connection, DEPOSIT, deposits | of_lots)
    clients |= {row.client_id for row in found}
    sent = select(member.c.dispatch_id).where(member.c.lot_id.in_(lots))
    if kind == DISPATCH:
        sent = select(schema.dispatch.c.id).where(schema.dispatch.c.id == name)
    found += _files(connection, DISPATCH, schema.dispatch.c.id.in_(sent))
    came = select(answer.c.return_id).where(answer.c.lot_id.in_(lots))
    if kind == RETURN:
        came = select(schema.payer_return.c.id).where(schema.payer_return.c.id == name)
    found += _files(connection, RETURN, schema.payer_return.c.id.in_(came))
    given: ColumnElement[bool] = schema.handback.c.id.in_(
        select(answer.c.handback_id).where(answer.c.lot_id.in_(lots))
    )
    if kind == RETURN:
        given = schema.handback.c.return_id == name
    found += _files(
        connection, HANDBACK, given & schema.handback.c.client_id.in_(clients)
    )
    payloads = _payloads(connection, [row.payload_id for row in found])
    return Subject(
        kind=kind,
        id=name,
        clients=tuple(sorted(clients)),
        lots=tuple(row.id for row in rows),
        files=tuple(
            Stored(
                kind=row.kind,
                id=row.id,
                filename=row.filename,
                payload=payloads[row.payload_id],
                mixed=row.id != name and _is_mixed(connection, row, clients),
            )
            for row in found
        ),
    )


def _files(connection: Connection, kind: str, which: ColumnElement[bool]) -> list[Any]:
    table: Any = {
        DEPOSIT: schema.deposit,
        DISPATCH: schema.dispatch,
        RETURN: schema.payer_return,
        HANDBACK: schema.handback,
    }[kind]
    name = table.c.remote_name if kind == RETURN else table.c.filename
    columns = [table.c.id, table.c.payload_id, name.label("filename")]
    columns.append(literal(kind).label("kind"))
    if "client_id" in table.c:
        columns.append(table.c.client_id)
    query: Select[Any] = select(*columns).where(which, table.c.payload_id.is_not(None))
    return list(connection.execute(query.order_by(table.c.id)))


def _payloads(connection: Connection, names: Sequence[str]) -> dict[str, Any]:
    table, found = schema.payload, {}
    for start in range(0, len(names), _AT_ONCE):
        some = table.c.id.in_(names[start : start + _AT_ONCE])
        found.update(
            {row.id: row for row in connection.execute(select(table).where(some))}
        )
    return found


def _is_mixed(connection: Connection, row: Any, clients: set[str]) -> bool:
    """Say whether a file holds what is another client's, or nobody's yet."""
    if row.kind == DISPATCH:
        member, lot = schema.dispatch_lot, schema.lot
        query = (
            select(lot.c.id)
            .join(member, member.c.lot_id == lot.c.id)
            .where(member.c.dispatch_id == row.id, lot.c.client_id.not_in(clients))
        )
    elif row.kind == RETURN:
        answer = schema.answer
        other = answer.c.client_id.not_in(clients) | answer.c.client_id.is_(None)
        query = select(answer.c.seq).where(answer.c.return_id == row.id, other)
    else:
        return False
    return connection.execute(query.limit(1)).first() is not None
