"""The daily balance: what stood in each account, came, went and stands, by whom.

Added up from the ledger's moves alone, so it can be made for any day that is kept.
A lot counts for the payer that it goes to now, also for the time before it was
routed.  With `outside`, where all claims come from, every column adds up to zero.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, case, func, select

from gateway.journal import schema
from gateway.journal.apart import is_real
from routing.ledger import Account, Balance


class Line(NamedTuple):
    """One account of a client and payer (empty: none yet) over a day."""

    client: str
    payer: str
    account: Account
    opening: Balance
    came: Balance
    went: Balance

    @property
    def closing(self) -> Balance:
        """What stands at the end of the day."""
        return Balance(
            self.opening.claims + self.came.claims - self.went.claims,
            self.opening.amount + self.came.amount - self.went.amount,
        )


def read(
    connection: Connection, begins: float, ends: float, *, sandbox: bool = False
) -> list[Line]:
    """Add up the moves until `ends`; what was before `begins` is the opening.

    Of what is real, or of the sandboxes: each adds up to zero by itself.
    """
    lines: dict[tuple[str, str, Account], Line] = {}
    move, lot = schema.ledger_move.c, schema.lot.c
    its = ~is_real(lot.network) if sandbox else is_real(lot.network)
    before, inside = move.at < begins, move.at >= begins
    for column, sign in ((move.target, 1), (move.source, -1)):
        sums = [
            func.sum(case((when, value), else_=0))
            for when in (before, inside)
            for value in (move.claims, move.amount)
        ]
        query = (
            select(lot.client_id, func.coalesce(lot.payer_id, ""), column, *sums)
            .join(schema.lot, lot.id == move.lot_id)
            .where(move.at < ends, its)
            .group_by(lot.client_id, lot.payer_id, column)
        )
        for client, payer, name, *found in connection.execute(query):
            key = (client, payer, Account(name))
            line = lines.get(key) or Line(*key, Balance(), Balance(), Balance())
            old, new = Balance(*map(int, found[:2])), Balance(*map(int, found[2:]))
            opening = Balance(
                line.opening.claims + sign * old.claims,
                line.opening.amount + sign * old.amount,
            )
            came, went = (new, line.went) if sign > 0 else (line.came, new)
            lines[key] = line._replace(opening=opening, came=came, went=went)
    order = {account: at for at, account in enumerate(Account)}
    found_lines = [line for line in lines.values() if any(map(any, line[3:]))]
    return sorted(
        found_lines, key=lambda each: (each.client, each.payer, order[each.account])
    )


def by_account(lines: Iterable[Line]) -> list[Line]:
    """Add up what clients and payers have in each account: one line for each."""
    found: dict[Account, Line] = {}
    for line in lines:
        before = found.get(line.account)
        if before is None:
            found[line.account] = line._replace(client="", payer="")
            continue
        sums = (_plus(one, two) for one, two in zip(before[3:], line[3:], strict=True))
        found[line.account] = Line("", "", line.account, *sums)
    return [found[account] for account in Account if account in found]


def _plus(one: Balance, two: Balance) -> Balance:
    return Balance(one.claims + two.claims, one.amount + two.amount)


def total(lines: Iterable[Line]) -> Balance:
    """Add up what stands in all accounts; anything but zero is a mistake in the books."""
    closing = [line.closing for line in lines]
    return Balance(
        sum(each.claims for each in closing), sum(each.amount for each in closing)
    )
