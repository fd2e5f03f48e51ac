"""Enrolment: who may send, and who must act first."""

from __future__ import annotations

import pytest

from routing.enrolment import (
    ACTS_NEXT,
    ENROLMENT,
    NEXT,
    EnrolmentEvent,
    EnrolmentState,
    event_to,
    may_go,
)


@pytest.mark.parametrize("state", EnrolmentState)
def test_a_state_that_is_told_is_the_state_that_follows(state: EnrolmentState) -> None:
    """Whatever a list or a payer says holds, wherever the enrolment stood."""
    for before in EnrolmentState:
        after = ENROLMENT.next_state(before, event_to(state))
        kept = before is EnrolmentState.OPEN and state is EnrolmentState.REQUESTED
        assert after is (before if kept else state)


def test_asking_again_takes_nothing_back() -> None:
    """A payer that is asked about a sender it knows goes on knowing it."""
    after = ENROLMENT.next_state(EnrolmentState.OPEN, EnrolmentEvent.ASK)
    assert after is EnrolmentState.OPEN


def test_only_an_open_enrolment_lets_lots_go() -> None:
    """Nothing known is enough only where the payer requires nothing."""
    for state in EnrolmentState:
        for required in (False, True):
            assert may_go(state, required=required) is (state is EnrolmentState.OPEN)
    assert may_go(None, required=False)
    assert not may_go(None, required=True)


def test_every_state_says_who_acts_next() -> None:
    """A held lot is always told what it waits for."""
    assert set(ACTS_NEXT) == set(NEXT) == set(EnrolmentState)
