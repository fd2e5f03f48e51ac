"""The books looked at in rounds: what moved since, and a piece of what is old.

A lot's claims must stand where its own moves led them.  Looking at all lots costs more
with every year, so each look takes those that have moved since the one before, those
that disagreed, and the next some of all: every lot has its turn, round after round.
Where a fault in one lot would hide one in another from the sums over all, here both show.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from attrs import field, frozen
from sqlalchemy import Connection, func, select

from gateway.journal import schema
from gateway.journal.ledger_check import differences
from routing.ledger import Account, Balance

_LOTS: Final = 2000  # of a round that one look takes
_MOVES: Final = 5000  # that have come since the last look; more are left for the next
_IN_ONE: Final = 500  # values of one IN (…)

Books = dict[str, dict[Account, Balance]]


@frozen(kw_only=True)
class Round:
    """How far the looks have come."""

    move: int
    """The last move that was looked at."""
    lot: str = ""
    """The last lot of this round that was looked at; empty where one begins."""
    wrong: Mapping[str, int] = field(factory=dict)
    """Lots whose books disagree, and by how many claims and cents."""

    @property
    def imbalance(self) -> int:
        """Claims and cents by which the books disagree, as far as was seen."""
        return sum(self.wrong.values())


def look(connection: Connection, before: Round | None) -> Round:
    """Look at the next piece; what it costs does not grow with the journal."""
    moves, lots = schema.ledger_move, schema.lot
    if before is None:
        last = connection.execute(select(func.max(moves.c.id))).scalar_one()
        before = Round(move=last or 0)
    moved = connection.execute(
        select(moves.c.id, moves.c.lot_id)
        .where(moves.c.id > before.move)
        .order_by(moves.c.id)
        .limit(_MOVES)
    ).all()
    piece = connection.execute(
        select(lots.c.id).where(lots.c.id > before.lot).order_by(lots.c.id).limit(_LOTS)
    ).scalars()
    ids = list(piece)
    wanted = {*before.wrong, *ids, *(row.lot_id for row in moved)}
    return Round(
        move=moved[-1].id if moved else before.move,
        lot=ids[-1] if len(ids) == _LOTS else "",
        wrong=dict(_wrong(connection, wanted)),
    )


def _wrong(connection: Connection, lots: Iterable[str]) -> Iterator[tuple[str, int]]:
    """Name the lots whose claims do not stand where their moves led, and by how much."""
    wanted = sorted(lots)
    for at in range(0, len(wanted), _IN_ONE):
        some = wanted[at : at + _IN_ONE]
        stand, led = _stand(connection, some), _led(connection, some)
        for lot in some:
            found = differences(stand.get(lot, {}), led.get(lot, {})).values()
            if found:
                yield lot, sum(abs(each.claims) + abs(each.amount) for each in found)


def _stand(connection: Connection, lots: Iterable[str]) -> Books:
    claim, lot = schema.claim, schema.lot
    account = func.coalesce(claim.c.account, lot.c.account)
    query = (
        select(lot.c.id, account, func.count(), func.sum(claim.c.asked))
        .join(claim, claim.c.lot_id == lot.c.id)
        .where(lot.c.id.in_(lots), claim.c.lot_id.in_(lots))
        .group_by(lot.c.id, account)
    )
    found: Books = {}
    for name, stands, claims, asked in connection.execute(query):
        _add(found, name, Account(stands), int(claims), int(asked))
    return found


def _led(connection: Connection, lots: Iterable[str]) -> Books:
    table = schema.ledger_move
    ways = (table.c.lot_id, table.c.source, table.c.target)
    query = (
        select(*ways, func.sum(table.c.claims), func.sum(table.c.amount))
        .where(table.c.lot_id.in_(lots))
        .group_by(*ways)
    )
    found: Books = {}
    for name, source, target, claims, amount in connection.execute(query):
        _add(found, name, Account(target), int(claims), int(amount))
        if source != Account.OUTSIDE:
            _add(found, name, Account(source), -int(claims), -int(amount))
    return found


def _add(books: Books, lot: str, account: Account, claims: int, amount: int) -> None:
    before = books.setdefault(lot, {}).get(account, Balance())
    books[lot][account] = Balance(before.claims + claims, before.amount + amount)
