"""Every life is a whole table: no state is a trap, no event a surprise."""

from __future__ import annotations

from enum import StrEnum
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.enrolment import ENROLMENT, EnrolmentEvent
from routing.errors import IllegalTransition
from routing.lifecycle import (
    ANOMALY,
    DEPOSIT,
    DISPATCH,
    EXPECTATION,
    HANDBACK,
    LOT,
    RETURN,
    AnomalyEvent,
    DepositEvent,
    DispatchEvent,
    DispatchState,
    ExpectationEvent,
    ExpectationState,
    HandbackEvent,
    LotEvent,
    LotState,
    ReturnEvent,
)
from routing.transitions import Lifecycle

LIVES: dict[str, tuple[Lifecycle[Any, Any], type[StrEnum]]] = {
    "deposit": (DEPOSIT, DepositEvent),
    "lot": (LOT, LotEvent),
    "dispatch": (DISPATCH, DispatchEvent),
    "expectation": (EXPECTATION, ExpectationEvent),
    "return": (RETURN, ReturnEvent),
    "handback": (HANDBACK, HandbackEvent),
    "anomaly": (ANOMALY, AnomalyEvent),
    "enrolment": (ENROLMENT, EnrolmentEvent),
}
every_life = pytest.mark.parametrize("name", LIVES)


@every_life
def test_every_pair_is_in_the_table_or_raises(name: str) -> None:
    """An event either leads somewhere known or is refused by name."""
    life, events = LIVES[name]
    for state, event in product(life.states, events):
        if (state, event) in life.table:
            assert life.next_state(state, event) in life.states
        else:
            with pytest.raises(IllegalTransition, match=f"{name}: {event} is not"):
                life.next_state(state, event)


@every_life
def test_only_final_states_have_no_way_out(name: str) -> None:
    """A row that is not final can go on; a final one only by a revival."""
    life, events = LIVES[name]
    ways = {
        (before, event)
        for (before, event), after in life.table.items()
        if after != before
    }
    assert {before for before, _ in ways} >= set(life.states) - life.final
    assert {event for before, event in ways if before in life.final} <= life.revive
    assert life.revive <= set(events)


@every_life
def test_every_state_and_every_event_can_happen(name: str) -> None:
    """From the first state each state is reached, and no event is idle."""
    life, events = LIVES[name]
    reached = {life.initial}
    for _ in life.states:
        reached |= {
            after for (before, _), after in life.table.items() if before in reached
        }
    assert reached == set(life.states)
    assert {event for _, event in life.table} == set(events)


@given(st.data())
def test_from_anywhere_every_life_can_still_end(data: st.DataObject) -> None:
    """Whatever happened to a row, some final state remains in reach."""
    life, _ = LIVES[data.draw(st.sampled_from(sorted(LIVES)))]
    state = life.initial
    for _ in range(data.draw(st.integers(0, 12))):
        allowed = life.allowed(state)
        if not allowed:
            break
        state = life.next_state(state, data.draw(st.sampled_from(allowed)))
    reached = {state}
    for _ in life.states:
        reached |= {
            after for (before, _), after in life.table.items() if before in reached
        }
    assert reached & life.final


@pytest.mark.parametrize("state", ExpectationState)
def test_late_always_wins_over_missing(state: ExpectationState) -> None:
    """An answer meets its expectation however late, even a waived one."""
    met = EXPECTATION.next_state(state, ExpectationEvent.MEET)
    assert met is ExpectationState.MET


@pytest.mark.parametrize("state", LotState)
def test_an_answer_is_taken_in_every_state_of_a_lot(state: LotState) -> None:
    """A payer's answer to an earlier sending is never refused by our own state."""
    assert LOT.next_state(state, LotEvent.ANSWER) is LotState.ANSWERED
    LOT.next_state(state, LotEvent.ACKNOWLEDGE)


def test_a_late_acknowledgement_does_not_undo_an_answer() -> None:
    """Out of order is harmless: the acknowledgement after the payment changes nothing."""
    after = LOT.next_state(LotState.ANSWERED, LotEvent.ACKNOWLEDGE)
    assert after is LotState.ANSWERED


def test_an_unknown_outcome_is_never_sent_again_unasked() -> None:
    """From unknown a dispatch is ready again only once the payer's side lacks it."""
    back = [
        event
        for event in DISPATCH.allowed(DispatchState.UNKNOWN)
        if DISPATCH.next_state(DispatchState.UNKNOWN, event) is DispatchState.READY
    ]
    assert back == [DispatchEvent.ABSENT]


def test_a_lot_of_an_abandoned_dispatch_is_routed_again() -> None:
    """Nothing is lost with a dispatch that is withdrawn before it left."""
    after = LOT.next_state(LotState.GATHERED, LotEvent.RELEASE)
    assert after is LotState.ROUTED


def test_a_refusal_names_what_is_allowed() -> None:
    """The error says what could be done instead."""
    with pytest.raises(
        IllegalTransition, match="allowed: claim, outside, refuse, withdraw"
    ):
        DISPATCH.next_state(DispatchState.READY, DispatchEvent.ACCEPTED)
