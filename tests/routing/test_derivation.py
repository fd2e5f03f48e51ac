"""Where a claim must stand follows from what its payer said, and from nothing else."""

from __future__ import annotations

import pytest

from routing.derivation import REPLAYED, Anew, Derived, Word, derive
from routing.envelope import Outcome
from routing.ledger import Account

A, O = Account, Outcome  # noqa: E741 - tables
PAID = Word(O.PAID, 1000, 1000)
REFUSED = Word(O.REJECTED, 1000, 0)
LOT_REFUSED = Word(O.REJECTED, 0, 0, whole=True)
LOT_PAID = Word(O.PAID, 9000, 9000, whole=True)


def part(cents: int) -> Word:
    return Word(O.PARTLY_PAID, 1000, cents)


@pytest.mark.parametrize(
    ("history", "account", "paid"),
    [
        ([], None, 0),
        ([PAID], A.PAID, 1000),
        ([PAID, PAID], A.PAID, 1000),  # doubled
        ([REFUSED, PAID], A.PAID, 1000),  # its payer corrected itself
        ([part(400)], A.PARTLY_PAID, 400),
        ([part(400), part(100)], A.PARTLY_PAID, 500),
        ([part(400), part(600)], A.PAID, 1000),
        ([Word(O.ACKNOWLEDGED, 0, 0)], None, 0),
        ([Word(O.ACCEPTED, 1000, 0)], A.ACCEPTED, 0),
        ([REFUSED, Word(O.ACCEPTED, 1000, 0)], A.REJECTED, 0),  # weaker
        ([Word(O.INFORMATION, 0, 0), Word(O.DEFERRED, 0, 0)], None, 0),
        ([LOT_REFUSED], A.REJECTED, 0),
        ([LOT_PAID], A.PAID, 1000),  # in full, whatever the others of its lot asked
        ([LOT_PAID, LOT_PAID], A.PAID, 1000),
        ([part(400), LOT_PAID], A.PARTLY_PAID, 400),  # it had a word of its own
        ([LOT_REFUSED, LOT_PAID], A.PAID, 1000),
        ([PAID, LOT_REFUSED], A.PAID, 1000),  # it had left its lot's account
        ([LOT_REFUSED, PAID], A.PAID, 1000),
        ([LOT_REFUSED, REPLAYED], None, 0),
        ([REFUSED, REPLAYED, LOT_REFUSED], A.REJECTED, 0),
        ([REFUSED, REPLAYED, REFUSED], None, 0),  # the same words are a repetition
    ],
)
def test_what_was_said_decides(
    history: list[Word | Anew], account: Account | None, paid: int
) -> None:
    """The strongest and latest word counts, each once, until somebody sends it anew."""
    assert derive(1000, history) == Derived(account, paid)
