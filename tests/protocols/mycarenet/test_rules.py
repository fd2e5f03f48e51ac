"""What may be done with a sending number, after each message of a payer."""

from __future__ import annotations

import pytest

from protocols.mycarenet.rules import RULINGS, NumberState, rule, series, state_of
from routing.envelope import Outcome
from routing.number_use import NumberUse

S, O = NumberState, Outcome  # noqa: E741 - tables
RECEIVED = ("receipt", O.ACKNOWLEDGED)
REFUSED = ("verdict", O.REJECTED)
TWICE = ("verdict", O.DEFERRED)
INFORMED = ("verdict", O.ACKNOWLEDGED)
SETTLED = ("settlement", O.PAID)
ALL_REFUSED = ("settlement", O.REJECTED)


def use(*said: tuple[str, Outcome], lot: str = "d-1") -> NumberUse:
    return NumberUse(lot, frozenset(said))


@pytest.mark.parametrize(
    ("uses", "state"),
    [
        ([], S.FREE),
        ([use()], S.WAITING),
        ([use(RECEIVED)], S.WAITING),
        ([use(RECEIVED, REFUSED)], S.REFUSED),
        ([use(RECEIVED, INFORMED)], S.ACCEPTED),
        ([use(SETTLED)], S.ACCEPTED),  # its 920098 was lost
        ([use(INFORMED, ALL_REFUSED)], S.ACCEPTED),
        ([use(RECEIVED, TWICE)], S.DUPLICATE),
        ([use(TWICE, INFORMED)], S.ACCEPTED),
        ([use(REFUSED), use(REFUSED, lot="d-2")], S.REFUSED),
        ([use(REFUSED), use(lot="d-2")], S.WAITING),
        ([use(REFUSED), use(INFORMED, lot="d-2")], S.ACCEPTED),
        ([use(REFUSED), NumberUse("")], S.BEFORE),
        ([NumberUse("")], S.BEFORE),
    ],
)
def test_what_the_uses_of_a_number_come_to(
    uses: list[NumberUse], state: NumberState
) -> None:
    """Whoever used it, from whatever program, and whatever the payer said since."""
    assert state_of(uses) is state


def test_only_a_free_or_refused_number_may_go() -> None:
    """And of the others only those wait that a verdict may free."""
    goes = {state for state, ruling in RULINGS.items() if ruling.may_go}
    waits = {state for state, ruling in RULINGS.items() if ruling.waits}
    assert goes == {S.FREE, S.REFUSED}
    assert waits == {S.WAITING, S.DUPLICATE}
    assert not goes & waits


def test_every_state_says_what_may_be_done_now() -> None:
    """In words that a vendor's support can read out."""
    assert set(RULINGS) == set(S)
    assert all(ruling.words and ruling.advice for ruling in RULINGS.values())
    assert "under the same number" in rule([use(REFUSED)]).advice
    assert "never used again" in rule([use(INFORMED)]).advice


def test_a_register_is_of_one_sender_union_and_year() -> None:
    """As payers keep it."""
    assert series("10000000007", "300", "2026") == "10000000007/300/2026"
