"""The `payment` table: transfers that payers announced for lots, and what came of them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, func, or_, select, update

from gateway.committing import Tx
from gateway.errors import LostRace
from gateway.journal import dialect, schema
from gateway.journal.dialect import plain
from routing.payment import PaymentSeen, reference_key
from routing.remittance import Announced

_AT_ONCE: Final = 500  # references of one query
_SHOWN: Final = 25
_TABLE: Final = schema.payment


class Note(NamedTuple):
    """A payment that a return announced for a lot, and the ISO day by which it is due."""

    lot: str
    client: str
    payer: str
    due_on: str
    said: PaymentSeen


def note(tx: Tx, returned: str, notes: Collection[Note]) -> int:
    """Keep payments of a return; what was announced before changes nothing.

    Returns how many are new.
    """
    new = 0
    for each in notes:
        row = {
            "lot_id": each.lot,
            "reference": plain(each.said.reference),
            "account": plain(each.said.account),
            "reference_key": plain(reference_key(each.said.reference)),
            "return_id": returned,
            "client_id": each.client,
            "payer_id": each.payer,
            "cents": each.said.cents,
            "due_on": each.due_on,
            "created_at": tx.now,
        }
        if dialect.insert_new(tx.connection, _TABLE, [row]):
            tx.say("payment.announced", each.lot, reference=row["reference"])
            new += 1
    return new


def announced(
    connection: Connection, keys: Collection[str], *, sender: str | None = None
) -> list[Announced]:
    """Find every payment that bears one of these references, paid or not."""
    wanted = sorted(keys)
    found: list[Announced] = []
    for at in range(0, len(wanted), _AT_ONCE):
        query = select(_TABLE).where(
            _TABLE.c.reference_key.in_(wanted[at : at + _AT_ONCE])
        )
        if sender is not None:
            query = query.join(schema.lot).where(schema.lot.c.sender == sender)
        order = (_TABLE.c.lot_id, _TABLE.c.reference, _TABLE.c.account)
        found += [_announced(row) for row in connection.execute(query.order_by(*order))]
    return found


def came(tx: Tx, paid: Announced, *, cents: int, day: str, by: str) -> None:
    """Note that a payment came; raises `LostRace` if that was noted meanwhile."""
    changed = tx.connection.execute(
        update(_TABLE)
        .where(
            _TABLE.c.lot_id == paid.lot,
            _TABLE.c.reference == paid.reference,
            _TABLE.c.account == paid.account,
            _TABLE.c.paid_on.is_(None),
        )
        .values(paid_on=day, paid_cents=cents)
    ).rowcount
    if changed != 1:
        raise LostRace(f"payment {paid.reference} of lot {paid.lot} is noted already")
    tx.say(
        "payment.came", paid.lot, reference=paid.reference, day=day, cents=cents, by=by
    )


def all_came(connection: Connection, lot: str) -> bool:
    """Say whether nothing that was announced for a lot is still to come."""
    query = select(_TABLE.c.lot_id).where(
        _TABLE.c.lot_id == lot, _TABLE.c.paid_on.is_(None)
    )
    return connection.execute(query.limit(1)).first() is None


def listed(
    connection: Connection,
    *,
    payer: str | None = None,
    due_before: str | None = None,
    only_open: bool = False,
    most: int,
) -> list[Row[*tuple[Any, ...]]]:
    """List payments, those due first before the others."""
    query = select(_TABLE).where(*_scope(payer, due_before, only_open))
    order = (_TABLE.c.due_on, _TABLE.c.lot_id, _TABLE.c.reference, _TABLE.c.account)
    return list(connection.execute(query.order_by(*order).limit(most)))


def summed(
    connection: Connection,
    *,
    payer: str | None = None,
    due_before: str | None = None,
    only_open: bool = False,
) -> tuple[int, int]:
    """Count what `listed` would list without a limit, and the cents announced of it."""
    query = select(func.count(), func.coalesce(func.sum(_TABLE.c.cents), 0))
    scope = _scope(payer, due_before, only_open)
    count, cents = connection.execute(query.where(*scope)).one()
    return int(count), int(cents)


def to_come(
    connection: Connection,
    *,
    day: str,
    ends: float,
    client: str | None = None,
    payer: str | None = None,
) -> tuple[int, int]:
    """Count payments that at the end of a day were announced and had not come; and cents."""
    query = select(func.count(), func.coalesce(func.sum(_TABLE.c.cents), 0)).where(
        _TABLE.c.created_at < ends,
        or_(_TABLE.c.paid_on.is_(None), _TABLE.c.paid_on > day),
        *_scope(payer, None, False),
    )
    if client is not None:
        query = query.where(_TABLE.c.client_id == client)
    count, cents = connection.execute(query).one()
    return int(count), int(cents)


def of_lots(
    connection: Connection, scope: ColumnElement[bool]
) -> tuple[Row[*tuple[Any, ...]], ...]:
    """Read the payments of some lots, those to come first; at most 25."""
    query = (
        select(_TABLE)
        .join(schema.lot, schema.lot.c.id == _TABLE.c.lot_id)
        .where(scope)
        .order_by(
            _TABLE.c.paid_on.is_not(None),
            _TABLE.c.due_on,
            _TABLE.c.lot_id,
            _TABLE.c.reference,
            _TABLE.c.account,
        )
        .limit(_SHOWN)
    )
    return tuple(connection.execute(query))


def _scope(
    payer: str | None, due_before: str | None, only_open: bool
) -> list[ColumnElement[bool]]:
    scope = []
    if payer is not None:
        scope.append(_TABLE.c.payer_id == payer)
    if due_before is not None:
        scope.append(_TABLE.c.due_on < due_before)
    if only_open:
        scope.append(_TABLE.c.paid_on.is_(None))
    return scope


def _announced(row: Row[*tuple[Any, ...]]) -> Announced:
    return Announced(
        lot=row.lot_id,
        account=row.account,
        reference=row.reference,
        key=row.reference_key,
        cents=row.cents,
        open=row.paid_on is None,
    )
