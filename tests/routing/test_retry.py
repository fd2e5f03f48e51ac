"""Trying again: later and later, never for ever, and never against a closed door."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.directory_records import Retry
from routing.retry import (
    Circuit,
    CircuitPolicy,
    CircuitState,
    after_failure,
    after_success,
    before_attempt,
    decide,
)

POLICIES = st.builds(
    lambda first, factor, more, give_up: Retry(first, factor, first + more, give_up),
    st.floats(0.1, 1000),
    st.floats(1, 10),
    st.floats(0, 1e5),
    st.floats(0, 1e7),
)


@given(POLICIES, st.integers(1, 100_000), st.floats(0, 1), st.floats(0, 1e6))
def test_delays_keep_their_bounds(
    policy: Retry, attempt: int, share: float, spent: float
) -> None:
    """Never sooner than half the first delay, never later than the longest one."""
    found = decide(
        policy,
        attempt=attempt,
        retryable=True,
        first_at=1000.0,
        now=1000.0 + spent,
        jitter=lambda: share,
    )
    if found.at is None:
        assert found.reason == "gave-up"
        assert spent + policy.max > policy.give_up_after
    else:
        delay = found.at - 1000.0 - spent
        assert policy.first / 2 - 1e-6 <= delay <= policy.max + 1e-6
        assert found.at - 1000.0 <= policy.give_up_after


def test_delays_double_up_to_the_longest() -> None:
    """The wait grows with each failure."""
    policy = Retry(first=30, factor=2, max=300, give_up_after=1e9)
    waits = [
        decide(
            policy,
            attempt=attempt,
            retryable=True,
            first_at=0,
            now=0,
            jitter=lambda: 1.0,
        ).at
        for attempt in range(1, 7)
    ]
    assert waits == [30, 60, 120, 240, 300, 300]


def test_what_cannot_be_retried_needs_a_person() -> None:
    """A refusal by the payer is not tried again by itself."""
    found = decide(
        Retry(30, 2, 300, 1e9),
        attempt=1,
        retryable=False,
        first_at=0,
        now=0,
        jitter=lambda: 0.0,
    )
    assert found == (None, "not-retryable")


def test_a_circuit_opens_after_failures_in_a_row() -> None:
    """A payer that fails again and again is left alone for a while."""
    policy = CircuitPolicy(failures=3, pause=60, factor=2, max_pause=100)
    circuit = Circuit()
    for _ in range(2):
        circuit = after_failure(circuit, policy, now=0, at_once=False)
        assert before_attempt(circuit, 0)[0]
    circuit = after_failure(circuit, policy, now=0, at_once=False)
    assert circuit.state is CircuitState.OPEN
    assert circuit.until == 60
    assert before_attempt(circuit, 59.9) == (False, circuit)

    tried, circuit = before_attempt(circuit, 60)
    assert tried
    assert before_attempt(circuit, 60) == (False, circuit)  # one at a time
    circuit = after_failure(circuit, policy, now=60, at_once=False)
    assert circuit.until == 160  # 120 seconds, but 100 at most

    _, circuit = before_attempt(circuit, 200)
    assert after_success(circuit) == Circuit()


def test_a_refused_login_opens_the_circuit_at_once() -> None:
    """Trying a wrong password again could lock the account."""
    circuit = after_failure(Circuit(), CircuitPolicy(), now=5, at_once=True)
    assert circuit.state is CircuitState.OPEN
    assert circuit.until == 5 + CircuitPolicy().pause


@given(st.lists(st.sampled_from(["ok", "fail", "login"]), max_size=200))
def test_a_circuit_always_lets_one_through_in_the_end(outcomes: list[str]) -> None:
    """However it went, the next attempt is never further away than the longest pause."""
    policy, circuit, now = CircuitPolicy(), Circuit(), 0.0
    for outcome in outcomes:
        tried, circuit = before_attempt(circuit, now)
        if not tried:
            now = circuit.until
            tried, circuit = before_attempt(circuit, now)
        assert tried
        if outcome == "ok":
            circuit = after_success(circuit)
        else:
            circuit = after_failure(
                circuit, policy, now=now, at_once=outcome == "login"
            )
        assert circuit.until <= now + policy.max_pause


@pytest.mark.parametrize("failures", [1, 10_000])
def test_endless_failures_do_not_overflow(failures: int) -> None:
    """After years of failures the pause is still the longest one."""
    circuit = Circuit(state=CircuitState.HALF_OPEN, openings=failures)
    found = after_failure(circuit, CircuitPolicy(), now=0, at_once=False)
    assert found.until <= 1800
