"""Do the books balance?  Claims where they stand, against the moves that led there.

Where a claim stands is written in its row (or its lot's), and the ledger holds
every move; both are added up on their own and must agree, account by account.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, func, select

from gateway.journal import schema
from routing.ledger import Account, Balance


def balances(connection: Connection) -> dict[Account, Balance]:
    """Add up the claims, and cents asked, that stand in each account."""
    claim, lot = schema.claim, schema.lot
    account = func.coalesce(claim.c.account, lot.c.account)
    query = (
        select(account, func.count(), func.sum(claim.c.asked))
        .join(lot, lot.c.id == claim.c.lot_id)
        .group_by(account)
    )
    return {
        Account(name): Balance(int(claims), int(asked))
        for name, claims, asked in connection.execute(query)
    }


def moved(connection: Connection) -> dict[Account, Balance]:
    """Add up what the ledger moved into each account, less what it moved out.

    `outside`, where all claims come from, is left out.
    """
    table = schema.ledger_move
    found: dict[Account, Balance] = {}
    for column, sign in ((table.c.target, 1), (table.c.source, -1)):
        query = select(
            column, func.sum(table.c.claims), func.sum(table.c.amount)
        ).group_by(column)
        for name, claims, amount in connection.execute(query):
            account = Account(name)
            before = found.get(account, Balance())
            found[account] = Balance(
                before.claims + sign * int(claims), before.amount + sign * int(amount)
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
