"""The double-entry ledger: each claim, and its amount, stands in one account.

What came in is the negative balance of `outside`, so all balances together are
zero, always; anything else is the imbalance that the gateway exports.  The
decision that surprises: a payer's word may move a claim out of any account,
even `missing`, `waived` or `withdrawn`; only what is paid can never go back to
`received`, because sending it again could pay it twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

from attrs import field, frozen

from routing.envelope import Outcome
from routing.errors import IllegalTransition
from routing.lifecycle import LotEvent


class Account(StrEnum):
    """Where a claim stands; the value is what the journal stores."""

    OUTSIDE = (
        "outside"  # the source of all claims; its balance is what came in, negative
    )
    RECEIVED = "received"
    HELD = "held"
    ROUTED = "routed"
    DISPATCHED = "dispatched"
    ACKNOWLEDGED = "acknowledged"
    ACCEPTED = "accepted"
    REJECTED = "rejected"  # by the payer, or by us for its content
    PAID = "paid"
    PARTLY_PAID = "partly-paid"
    MISSING = "missing"
    WAIVED = "waived"
    WITHDRAWN = "withdrawn"


SETTLED: Final = frozenset({Account.REJECTED, Account.PAID, Account.PARTLY_PAID})
"""Accounts in which the payer has decided."""

ANSWERED: Final = SETTLED | {Account.ACCEPTED}
"""Accounts that count as a response in the no-response ratio."""

MONEY: Final = frozenset({Outcome.PAID, Outcome.PARTLY_PAID})
"""Outcomes whose amount is added to what was paid."""


def completes(paid: int, asked: int) -> bool:
    """Say whether what was paid is all that was asked; a credit note asks for less."""
    return paid <= asked if asked < 0 else paid >= asked


def _moves() -> dict[Account, frozenset[Account]]:
    a = Account
    own: dict[Account, set[Account]] = {
        a.OUTSIDE: {a.RECEIVED},
        a.RECEIVED: {a.HELD, a.ROUTED, a.REJECTED, a.WITHDRAWN},
        a.HELD: {a.RECEIVED, a.ROUTED, a.REJECTED, a.WITHDRAWN},
        a.ROUTED: {a.HELD, a.DISPATCHED, a.WITHDRAWN},
        a.DISPATCHED: {a.MISSING, a.WAIVED, a.RECEIVED},
        a.ACKNOWLEDGED: {a.MISSING, a.WAIVED, a.RECEIVED},
        a.ACCEPTED: {a.MISSING, a.WAIVED, a.RECEIVED},
        a.REJECTED: {a.RECEIVED},
        a.PAID: set(),
        a.PARTLY_PAID: set(),
        a.MISSING: {a.DISPATCHED, a.WAIVED, a.RECEIVED},
        a.WAIVED: {a.RECEIVED},
        a.WITHDRAWN: {a.RECEIVED},
    }
    for source, targets in own.items():
        if source is not a.OUTSIDE:
            said = (account_for(outcome, source) for outcome in Outcome)
            targets.update(account for account in said if account is not None)
    return {source: frozenset(targets) for source, targets in own.items()}


_UNANSWERED: Final = frozenset(
    {
        Account.RECEIVED,  # replayed, and the first sending is answered after all
        Account.HELD,
        Account.ROUTED,
        Account.DISPATCHED,
        Account.MISSING,
        Account.WAIVED,
    }
)
_DECIDED: Final[Mapping[Outcome, Account]] = MappingProxyType(
    {
        Outcome.REJECTED: Account.REJECTED,
        Outcome.PAID: Account.PAID,
        Outcome.PARTLY_PAID: Account.PARTLY_PAID,
    }
)


def account_for(outcome: Outcome, current: Account) -> Account | None:
    """Return the account that a payer's word moves a claim to; None: no move.

    A decision (rejected, paid, partly paid) moves from anywhere, so a payer may
    correct itself and late wins over missing; the same decision twice moves
    nothing.  A weaker word never undoes a stronger one.
    """
    if current is Account.OUTSIDE:
        raise IllegalTransition(
            "ledger: an answer names a claim that was never received"
        )
    if outcome is Outcome.ACKNOWLEDGED:
        return Account.ACKNOWLEDGED if current in _UNANSWERED else None
    if outcome is Outcome.ACCEPTED:
        return None if current in ANSWERED else Account.ACCEPTED
    target = _DECIDED.get(outcome)
    return None if target is current else target


MOVES: Final[Mapping[Account, frozenset[Account]]] = MappingProxyType(_moves())
"""The moves that are allowed, by the account they leave."""

LOT_ACCOUNT: Final[Mapping[LotEvent, Account]] = MappingProxyType(
    {
        LotEvent.ROUTE: Account.ROUTED,
        LotEvent.HOLD: Account.HELD,
        LotEvent.REROUTE: Account.RECEIVED,
        LotEvent.REFUSE: Account.REJECTED,
        LotEvent.SEND: Account.DISPATCHED,
        LotEvent.WITHDRAW: Account.WITHDRAWN,
        LotEvent.REPLAY: Account.RECEIVED,
    }
)
"""Where our own events take the claims of a lot; the rest leave them in place."""


@frozen(kw_only=True)
class Move:
    """So many claims, and cents, going from one account to another.

    Raises `IllegalTransition` when made for a move that is not allowed.
    """

    source: Account
    target: Account
    claims: int = 1
    amount: int = field(default=0)  # cents asked; a credit note is negative

    def __attrs_post_init__(self) -> None:
        if self.target not in MOVES[self.source]:
            allowed = ", ".join(sorted(MOVES[self.source])) or "nowhere"
            raise IllegalTransition(
                f"ledger: no move from {self.source} to {self.target}; allowed: {allowed}"
            )
        if self.claims < 1:
            raise IllegalTransition(
                f"ledger: a move of {self.claims} claims; at least one is needed"
            )


class Balance(NamedTuple):
    """What stands in an account: claims, and cents asked."""

    claims: int = 0
    amount: int = 0


def post(
    balances: Mapping[Account, Balance], moves: Iterable[Move]
) -> dict[Account, Balance]:
    """Return the balances after `moves`; nothing is made and nothing lost."""
    after = dict(balances)
    for move in moves:
        source = after.get(move.source, Balance())
        after[move.source] = Balance(
            source.claims - move.claims, source.amount - move.amount
        )
        target = after.get(move.target, Balance())
        after[move.target] = Balance(
            target.claims + move.claims, target.amount + move.amount
        )
    return after


def imbalance(balances: Mapping[Account, Balance]) -> Balance:
    """Return what is lost (negative) or made (positive); must be zero."""
    return Balance(
        sum(balance.claims for balance in balances.values()),
        sum(balance.amount for balance in balances.values()),
    )
