"""What has a stored file, and which lots it is about: for queries over all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, Select, Table, exists, literal, select

from gateway.journal import schema

DEPOSIT: Final = "deposit"
DISPATCH: Final = "dispatch"
RETURN: Final = "return"
HANDBACK: Final = "handback"  # the client's part, where it is not the return itself

TABLES: Final[Mapping[str, Table]] = {
    DEPOSIT: schema.deposit,
    DISPATCH: schema.dispatch,
    RETURN: schema.payer_return,
    HANDBACK: schema.handback,
}
"""What has a stored file, by the kind that it is told as."""

BORN: Final[Mapping[str, Any]] = {
    DEPOSIT: schema.deposit.c.received_at,
    DISPATCH: schema.dispatch.c.created_at,
    RETURN: schema.payer_return.c.collected_at,
    HANDBACK: schema.handback.c.created_at,
}

Yes = ColumnElement[bool]


def some_lot(kind: str, condition: Yes) -> Yes:
    """Say that a condition holds for a lot of the thing."""
    return exists(lots_of(kind, select(schema.lot.c.id)).where(condition))


def lots_of(kind: str, query: Select[Any]) -> Select[Any]:
    """Narrow a query of lots to those of the thing in a query around it."""
    query = query.correlate(TABLES[kind])
    if kind == DEPOSIT:
        return query.where(schema.lot.c.deposit_id == schema.deposit.c.id)
    if kind == DISPATCH:
        member = schema.dispatch_lot
        return query.join(member, member.c.lot_id == schema.lot.c.id).where(
            member.c.dispatch_id == schema.dispatch.c.id
        )
    answer = schema.answer
    query = query.join(answer, answer.c.lot_id == schema.lot.c.id)
    if kind == RETURN:
        return query.where(answer.c.return_id == schema.payer_return.c.id)
    part = schema.handback
    return query.where(
        answer.c.return_id == part.c.return_id, answer.c.handback_id == part.c.id
    )


def there(own: FromClause, *conditions: Yes) -> Yes:
    """Say that such rows are there; tables that are not `own` are those around it."""
    query = select(literal(1)).select_from(own).where(*conditions)
    return query.correlate_except(own).exists()
