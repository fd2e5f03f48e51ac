"""Do the books balance?  Claims where they stand, against the moves that led there.

Where a claim stands is written in its row (or its lot's), and the ledger holds
every move; both are added up on their own and must agree, account by account.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Column, Connection, func, select

from gateway.journal import schema
from gateway.journal.prepared import Prepared
from routing.ledger import Account, Balance


def balances(connection: Connection) -> dict[Account, Balance]:
    """Add up the claims, and cents asked, that stand in each account."""
    return {
        Account(row.account): Balance(int(row.claims), int(row.asked))
        for row in _STAND.rows(connection, {})
    }


def moved(connection: Connection) -> dict[Account, Balance]:
    """Add up what the ledger moved into each account, less what it moved out.

    `outside`, where all claims come from, is left out.
    """
    found: dict[Account, Balance] = {}
    for way, sign in ((_MOVED_IN, 1), (_MOVED_OUT, -1)):
        for row in way.rows(connection, {}):
            account = Account(row.account)
            before = found.get(account, Balance())
            found[account] = Balance(
                before.claims + sign * int(row.claims),
                before.amount + sign * int(row.amount),
            )
    found.pop(Account.OUTSIDE, None)
    return {account: each for account, each in found.items() if any(each)}


def differences(
    stand: Mapping[Account, Balance], led: Mapping[Account, Balance]
) -> dict[Account, Balance]:
    """Return what stands more (or less) in an account than the moves led there."""
    found = {}
    for account in Account:
        have, want = stand.get(account, Balance()), led.get(account, Balance())
        if have != want:
            found[account] = Balance(
                have.claims - want.claims, have.amount - want.amount
            )
    return found


def imbalance(connection: Connection) -> int:
    """Return the sum of all differences, claims and cents together; must be 0."""
    found = differences(balances(connection), moved(connection))
    return sum(abs(each.claims) + abs(each.amount) for each in found.values())


def _moves(account: Column[Any]) -> Prepared:
    table = schema.ledger_move
    return Prepared(
        select(
            account.label("account"),
            func.sum(table.c.claims).label("claims"),
            func.sum(table.c.amount).label("amount"),
        ).group_by(account)
    )


_MOVED_IN: Final = _moves(schema.ledger_move.c.target)
_MOVED_OUT: Final = _moves(schema.ledger_move.c.source)
_ACCOUNT: Final = func.coalesce(schema.claim.c.account, schema.lot.c.account)
_STAND: Final = Prepared(
    select(
        _ACCOUNT.label("account"),
        func.count().label("claims"),
        func.sum(schema.claim.c.asked).label("asked"),
    )
    .join(schema.lot, schema.lot.c.id == schema.claim.c.lot_id)
    .group_by(_ACCOUNT)
)
