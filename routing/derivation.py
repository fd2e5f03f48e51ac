"""Where a claim must stand, derived anew from nothing but what its payer said.

What the steps wrote down along the way is not asked: `octway verify` compares it
with this.  A person who has a lot sent again wipes out what was said before,
except that the very same words, said once more, are still a repetition.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Final, NamedTuple

from routing.envelope import Outcome
from routing.ledger import ANSWERED, MONEY, Account, account_for, completes


class Word(NamedTuple):
    """What a payer said of a claim, or of the `whole` lot that it came with; in cents."""

    outcome: Outcome
    asked: int
    paid: int
    whole: bool = False


class Anew(Enum):
    """What is no word of a payer: the lot was replayed, and its claims are together again."""

    REPLAYED = "replayed"


REPLAYED: Final = Anew.REPLAYED


class Derived(NamedTuple):
    """Where a claim must stand, None while no answer decides it, and what was paid."""

    account: Account | None
    paid: int


def derive(asked: int, history: Iterable[Word | Anew]) -> Derived:
    """Fold what was said of a claim that asked so many cents, in the order it counted."""
    account, with_lot, paid = Account.DISPATCHED, True, 0
    said: set[Word] = set()
    for word in history:
        if isinstance(word, Anew):
            account, with_lot = Account.DISPATCHED, True
        elif word.whole:
            if with_lot and (target := account_for(word.outcome, account)) is not None:
                account = target
                paid = asked if target is Account.PAID else paid
        elif word not in said:
            said.add(word)
            paid += word.paid if word.outcome in MONEY else 0
            target = account_for(_meant(word.outcome, asked, paid), account)
            if target is not None and word.outcome is not Outcome.ACKNOWLEDGED:
                account, with_lot = target, False
    return Derived(account if account in ANSWERED else None, paid)


def _meant(outcome: Outcome, asked: int, paid: int) -> Outcome:
    """Read a part payment that completes the sum as the payment that it is."""
    whole = outcome is Outcome.PARTLY_PAID and completes(paid, asked)
    return Outcome.PAID if whole else outcome
