"""The completeness report: what became of all that a client deposited in a while.

Everything is counted from the rows as they stand now, claim by claim, so each claim
is in exactly one column and the columns add up to what came in.  No patient is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

from attrs import frozen
from sqlalchemy import Connection, Row, case, func, select

from gateway.journal import schema
from routing.chase import ChaseState
from routing.ledger import Account
from routing.lifecycle import DepositState, LotState

Rows = Sequence[Row[*tuple[Any, ...]]]

LATE: Final = 500
"""So many lots are listed as late at most; all are counted."""


_PAYER: Final = "its_payer"


class Standing(StrEnum):
    """Where claims stand, as their client wants to know it."""

    PAID = "paid"
    ACCEPTED = "accepted"  # the payer will pay
    REJECTED = "rejected"  # by the payer
    WAITING = "waiting"  # sent, and not answered yet
    MISSING = "missing"  # sent, and given up waiting for
    REFUSED = "refused"  # for their content; never sent
    UNSENT = "unsent"  # held, or on their way
    WITHDRAWN = "withdrawn"


_OF: Final = {
    Account.PAID: Standing.PAID,
    Account.PARTLY_PAID: Standing.PAID,
    Account.ACCEPTED: Standing.ACCEPTED,
    Account.REJECTED: Standing.REJECTED,
    Account.DISPATCHED: Standing.WAITING,
    Account.ACKNOWLEDGED: Standing.WAITING,
    Account.MISSING: Standing.MISSING,
    Account.WAIVED: Standing.MISSING,
    Account.RECEIVED: Standing.UNSENT,
    Account.HELD: Standing.UNSENT,
    Account.ROUTED: Standing.UNSENT,
    Account.WITHDRAWN: Standing.WITHDRAWN,
}
ANSWERED: Final = (Standing.PAID, Standing.ACCEPTED, Standing.REJECTED)
"""What counts as an answer."""

UNANSWERED: Final = (Standing.WAITING, Standing.MISSING)
"""What was sent and has no answer."""


class Sum(NamedTuple):
    """Claims, with the cents that they ask for and those that were paid."""

    claims: int = 0
    asked: int = 0
    paid: int = 0

    def plus(self, other: Sum) -> Sum:
        """Return both together."""
        return Sum(*(one + two for one, two in zip(self, other, strict=True)))


@frozen(kw_only=True)
class Line:
    """One payer (empty: none found yet), or all: lots, and claims by standing.

    `brought` are claims that were answered only after something was done for them.
    """

    payer: str
    lots: int
    sums: dict[Standing, Sum]
    brought: int

    @property
    def total(self) -> Sum:
        """Everything that came in."""
        return self.of(Standing)

    @property
    def answered(self) -> Sum:
        """What its payer answered."""
        return self.of(ANSWERED)

    @property
    def unanswered(self) -> Sum:
        """What was sent and has no answer."""
        return self.of(UNANSWERED)

    @property
    def share(self) -> float | None:
        """The share of what was sent that has no answer; None if nothing was sent."""
        return self._share(self.unanswered.claims)

    @property
    def untracked(self) -> float | None:
        """What that share would be had nothing been done for what was missing."""
        return self._share(self.unanswered.claims + self.brought)

    def of(self, standings: Iterable[Standing]) -> Sum:
        """Add up some standings."""
        found = Sum()
        for each in standings:
            found = found.plus(self.sums.get(each, Sum()))
        return found

    def _share(self, lacking: int) -> float | None:
        sent = self.answered.claims + self.unanswered.claims
        return min(1.0, lacking / sent) if sent else None


@frozen(kw_only=True)
class Completeness:
    """The report; `late` are rows of lots that are chased, `late_lots` counts all."""

    client: str
    begins: float
    ends: float
    deposits: int
    unreadable: int
    lines: Sequence[Line]
    total: Line
    late: Rows
    late_lots: int


def read(
    connection: Connection, client: str, begins: float, ends: float
) -> Completeness:
    """Count what a client deposited from a moment until before another."""
    deposit, lot = schema.deposit.c, schema.lot.c
    mine = (
        deposit.client_id == client,
        deposit.received_at >= begins,
        deposit.received_at < ends,
    )
    unreadable = case((deposit.state == DepositState.UNREADABLE, 1), else_=0)
    counts = select(func.count(), func.coalesce(func.sum(unreadable), 0)).where(*mine)
    deposits, not_read = connection.execute(counts).one()
    lines = _lines(connection, mine)
    late = (
        select(
            lot.id,
            lot.number,
            lot.sender,
            schema.chase.c.payer_id,
            schema.chase.c.flow,
            schema.chase.c.claims,
            schema.chase.c.asked,
            schema.chase.c.opened_at,
            schema.chase.c.state,
        )
        .join(schema.lot, lot.id == schema.chase.c.lot_id)
        .join(schema.deposit, deposit.id == lot.deposit_id)
        .where(*mine, schema.chase.c.state != ChaseState.ENDED)
    )
    count = select(func.count()).select_from(late.subquery())
    ordered = late.order_by(schema.chase.c.opened_at, lot.id).limit(LATE)
    return Completeness(
        client=client,
        begins=begins,
        ends=ends,
        deposits=deposits,
        unreadable=int(not_read),
        lines=lines,
        total=_total(lines),
        late=connection.execute(ordered).all(),
        late_lots=connection.execute(count).scalar_one(),
    )


def _lines(connection: Connection, mine: Sequence[Any]) -> list[Line]:
    deposit, lot, claim = schema.deposit.c, schema.lot.c, schema.claim.c
    payer = func.coalesce(lot.payer_id, "").label(_PAYER)
    of_lots = (
        select(payer, func.count())
        .join(schema.deposit, deposit.id == lot.deposit_id)
        .where(*mine)
        .group_by(_PAYER)
    )
    lots: dict[str, int] = {row[0]: row[1] for row in connection.execute(of_lots)}
    refused = case((lot.state == LotState.REFUSED, 1), else_=0).label("was_refused")
    account = func.coalesce(claim.account, lot.account).label("its_account")
    of_claims = (
        select(
            payer,
            account,
            refused,
            func.count(),
            func.sum(claim.asked),
            func.sum(claim.paid),
        )
        .join(schema.lot, lot.id == claim.lot_id)
        .join(schema.deposit, deposit.id == lot.deposit_id)
        .where(*mine)
        .group_by(_PAYER, "its_account", "was_refused")
    )
    sums: dict[str, dict[Standing, Sum]] = {name: {} for name in lots}
    for name, stands, was_refused, count, asked, paid in connection.execute(of_claims):
        standing = _OF[Account(stands)]
        if was_refused and standing is Standing.REJECTED:
            standing = Standing.REFUSED
        found = sums[name].get(standing, Sum())
        sums[name][standing] = found.plus(Sum(count, int(asked), int(paid)))
    remedy = schema.remedy.c
    tried = (
        select(payer, func.sum(remedy.brought))
        .join(schema.lot, lot.id == remedy.lot_id)
        .join(schema.deposit, deposit.id == lot.deposit_id)
        .where(*mine, remedy.brought > 0)
        .group_by(_PAYER)
    )
    brought = {row[0]: int(row[1]) for row in connection.execute(tried)}
    return [
        Line(payer=name, lots=lots[name], sums=sums[name], brought=brought.get(name, 0))
        for name in sorted(lots)
    ]


def _total(lines: Sequence[Line]) -> Line:
    sums: dict[Standing, Sum] = {}
    for line in lines:
        for standing, found in line.sums.items():
            sums[standing] = sums.get(standing, Sum()).plus(found)
    return Line(
        payer="",
        lots=sum(each.lots for each in lines),
        sums=sums,
        brought=sum(each.brought for each in lines),
    )
