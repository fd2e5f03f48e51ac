"""After a failed attempt: when to try again, or to give up; and a payer's circuit.

Both are pure: the time and the jitter are given.  A circuit spares a payer that
fails, and us from burning attempts; a refused login opens it at once, since
trying again locks accounts.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from attrs import evolve, frozen

from config.directory_records import Retry

_MOST_DOUBLINGS = 64  # a factor to a higher power is over any `max`


class Decision(NamedTuple):
    """When to try again (epoch seconds), or None with the reason to give up."""

    at: float | None
    reason: str


def decide(
    policy: Retry,
    *,
    attempt: int,
    retryable: bool,
    first_at: float,
    now: float,
    jitter: Callable[[], float],
) -> Decision:
    """Decide after the `attempt`-th failure, counted from 1.

    The delay is between half and the whole of `first` times `factor` to the
    power of attempts before, at most `max`; `jitter` returns a share from 0 to 1.
    """
    if not retryable:
        return Decision(None, "not-retryable")
    power = min(attempt - 1, _MOST_DOUBLINGS)
    whole = min(policy.max, policy.first * policy.factor**power)
    at = now + whole * (0.5 + 0.5 * jitter())
    if at - first_at > policy.give_up_after:
        return Decision(None, "gave-up")
    return Decision(at, "retry")


class CircuitState(StrEnum):
    """Whether a payer is tried: yes, no, or once to see."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@frozen(kw_only=True)
class CircuitPolicy:
    """When a circuit opens and how long (seconds) it stays so."""

    failures: int = 5
    pause: float = 15.0
    factor: float = 2.0
    max_pause: float = 1800.0


@frozen(kw_only=True)
class Circuit:
    """The circuit of one payer; plain values that the journal can keep.

    `failures` and `openings` count in a row, `until` is the end of the pause.
    """

    state: CircuitState = CircuitState.CLOSED
    failures: int = 0
    openings: int = 0
    until: float = 0.0


def before_attempt(circuit: Circuit, now: float) -> tuple[bool, Circuit]:
    """Say whether an attempt may be made, and the circuit while it is under way.

    When a pause is over one attempt is let through; others wait for its outcome.
    """
    if circuit.state is CircuitState.CLOSED:
        return True, circuit
    if circuit.state is CircuitState.OPEN and now >= circuit.until:
        return True, evolve(circuit, state=CircuitState.HALF_OPEN)
    return False, circuit


def after_success(circuit: Circuit) -> Circuit:
    """Return the circuit after the payer took a file."""
    return circuit if circuit == Circuit() else Circuit()


def after_failure(
    circuit: Circuit, policy: CircuitPolicy, *, now: float, at_once: bool
) -> Circuit:
    """Return the circuit after a failure; `at_once` for a refused login."""
    failures = circuit.failures + 1
    trial = circuit.state is CircuitState.HALF_OPEN
    if not (at_once or trial or failures >= policy.failures):
        return evolve(circuit, failures=failures)
    power = min(circuit.openings, _MOST_DOUBLINGS)
    pause = min(policy.max_pause, policy.pause * policy.factor**power)
    return Circuit(
        state=CircuitState.OPEN,
        failures=failures,
        openings=circuit.openings + 1,
        until=now + pause,
    )
