"""The ledger neither makes nor loses a claim, whatever the payers say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.envelope import Outcome
from routing.errors import IllegalTransition
from routing.ledger import (
    LOT_ACCOUNT,
    MOVES,
    Account,
    Balance,
    Move,
    account_for,
    imbalance,
    post,
)
from routing.lifecycle import LOT

REAL = [account for account in Account if account is not Account.OUTSIDE]


@given(st.data())
def test_what_came_in_is_the_sum_of_the_accounts(data: st.DataObject) -> None:
    """After any legal history each claim stands in exactly one account."""
    balances: dict[Account, Balance] = {}
    came_in = Balance()
    for _ in range(data.draw(st.integers(1, 8))):
        amount = data.draw(st.integers(-10_000, 10_000_000))
        came_in = Balance(came_in.claims + 1, came_in.amount + amount)
        at = Account.OUTSIDE
        for _ in range(data.draw(st.integers(1, 8))):
            targets = sorted(MOVES[at])
            target = data.draw(st.sampled_from(targets))
            move = Move(source=at, target=target, amount=amount)
            balances = post(balances, [move])
            at = target
    assert imbalance(balances) == Balance(0, 0)
    assert sum(balances[a].claims for a in REAL if a in balances) == came_in.claims
    assert sum(balances[a].amount for a in REAL if a in balances) == came_in.amount
    assert all(balances[a].claims >= 0 for a in REAL if a in balances)


@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize("current", REAL)
def test_a_payers_word_is_always_a_legal_move_and_twice_is_once(
    outcome: Outcome, current: Account
) -> None:
    """Whatever a payer says can be posted, and saying it again changes nothing."""
    target = account_for(outcome, current)
    if target is not None:
        Move(source=current, target=target)
        assert account_for(outcome, target) is None


@pytest.mark.parametrize(
    "current", [Account.MISSING, Account.WAIVED, Account.DISPATCHED]
)
def test_late_wins_over_missing(current: Account) -> None:
    """A claim given up is paid all the same when the payment comes."""
    assert account_for(Outcome.PAID, current) is Account.PAID


@pytest.mark.parametrize(
    "current", [Account.PAID, Account.PARTLY_PAID, Account.REJECTED]
)
@pytest.mark.parametrize(
    "outcome",
    [Outcome.ACKNOWLEDGED, Outcome.ACCEPTED, Outcome.DEFERRED, Outcome.INFORMATION],
)
def test_a_weaker_word_never_undoes_a_decision(
    outcome: Outcome, current: Account
) -> None:
    """An acknowledgement that comes after the payment moves nothing."""
    assert account_for(outcome, current) is None


def test_a_payer_may_correct_itself() -> None:
    """Paid, then rejected, then partly paid: the last decision stands."""
    assert account_for(Outcome.REJECTED, Account.PAID) is Account.REJECTED
    assert account_for(Outcome.PARTLY_PAID, Account.REJECTED) is Account.PARTLY_PAID


def test_what_is_paid_cannot_be_sent_again() -> None:
    """No replay of a paid claim: it could be paid twice."""
    for source in (Account.PAID, Account.PARTLY_PAID):
        with pytest.raises(IllegalTransition, match="no move from"):
            Move(source=source, target=Account.RECEIVED)


def test_a_claim_never_received_cannot_be_answered() -> None:
    """The virtual source has no claims to answer."""
    with pytest.raises(IllegalTransition):
        account_for(Outcome.PAID, Account.OUTSIDE)
    with pytest.raises(IllegalTransition, match="allowed: received"):
        Move(source=Account.OUTSIDE, target=Account.PAID)


def test_a_move_moves_something() -> None:
    """A move of no claims is a mistake, not a no-op."""
    with pytest.raises(IllegalTransition, match="at least one"):
        Move(source=Account.OUTSIDE, target=Account.RECEIVED, claims=0)


def test_our_own_events_of_a_lot_are_legal_moves_of_its_claims() -> None:
    """Where a lot can go, its claims can follow, whatever was not yet answered."""
    home = {
        "new": Account.RECEIVED,
        "held": Account.HELD,
        "routed": Account.ROUTED,
        "gathered": Account.ROUTED,
        "sent": Account.DISPATCHED,
        "acknowledged": Account.ACKNOWLEDGED,
        "refused": Account.REJECTED,
        "withdrawn": Account.WITHDRAWN,
    }
    checked = 0
    for (before, event), after in LOT.table.items():
        if (
            event in LOT_ACCOUNT
            and before in home
            and after in home
            and before != after
        ):
            Move(source=home[before], target=LOT_ACCOUNT[event])
            assert home[after] is LOT_ACCOUNT[event]
            checked += 1
    assert checked > 10
