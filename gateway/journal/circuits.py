"""The `circuit` table: whether an endpoint is tried, shared by all nodes."""

from __future__ import annotations

from typing import Any, Final

from attrs import evolve
from sqlalchemy import Connection, Row, select

from gateway.committing import Tx
from gateway.journal import dialect, schema
from gateway.journal.prepared import Prepared, given
from routing.retry import (
    Circuit,
    CircuitPolicy,
    CircuitState,
    after_failure,
    after_success,
    before_attempt,
)

_TRIAL_LOST: Final = 600.0  # seconds after which a trial without outcome was lost


def try_endpoint(tx: Tx, endpoint: str) -> bool:
    """Say whether an attempt may be made now; notes a trial that it lets through."""
    row = _row(tx.connection, endpoint, lock=True)
    circuit = _circuit(row)
    if (
        row is not None
        and circuit.state is CircuitState.HALF_OPEN
        and tx.now - row.changed_at > _TRIAL_LOST
    ):
        _keep(tx, endpoint, circuit, row.cause)  # this is the trial from now on
        return True
    allowed, after = before_attempt(circuit, tx.now)
    if after != circuit:
        _keep(tx, endpoint, after, "" if row is None else row.cause)
    return allowed


def succeeded(tx: Tx, endpoint: str) -> bool:
    """Note that an endpoint answered; True if its circuit was not closed before."""
    row = _row(tx.connection, endpoint, lock=True)
    circuit = _circuit(row)
    after = after_success(circuit)
    if after == circuit:
        return False
    _keep(tx, endpoint, after, "")
    if circuit.state is not CircuitState.CLOSED:
        tx.say("circuit.closed", endpoint)
    return circuit.state is not CircuitState.CLOSED


def failed(tx: Tx, endpoint: str, cause: str, *, at_once: bool) -> bool:
    """Note a failure of an endpoint; True if its circuit opened by it."""
    circuit = _circuit(_row(tx.connection, endpoint, lock=True))
    after = after_failure(circuit, CircuitPolicy(), now=tx.now, at_once=at_once)
    _keep(tx, endpoint, after, cause)
    opened = after.state is CircuitState.OPEN
    if opened:
        tx.say("circuit.opened", endpoint, cause=cause, until=after.until)
    return opened


def try_now(tx: Tx, endpoint: str) -> float | None:
    """Let the next attempt through; return until when none would have been made."""
    row = _row(tx.connection, endpoint, lock=True)
    circuit = _circuit(row)
    if row is None or circuit.state is CircuitState.CLOSED or circuit.until <= tx.now:
        return None
    _keep(tx, endpoint, evolve(circuit, until=tx.now), row.cause)
    return circuit.until


def let_through(tx: Tx, endpoint: str, *, by: str) -> bool:
    """Have an endpoint tried at once, as a person wants; False if it was to be anyway.

    One attempt goes; its outcome closes the circuit, or opens it again.
    """
    until = try_now(tx, endpoint)
    if until is not None:
        tx.say("circuit.hurried", endpoint, by=by, until=until)
    return until is not None


def find(connection: Connection, endpoint: str) -> Row[*tuple[Any, ...]] | None:
    """Find the circuit of an endpoint; None if it never failed."""
    return _row(connection, endpoint, lock=False)


def every(connection: Connection) -> list[Row[*tuple[Any, ...]]]:
    """List the circuits that were ever moved."""
    query = select(schema.circuit).order_by(schema.circuit.c.endpoint_id)
    return list(connection.execute(query))


def _row(connection: Connection, endpoint: str, *, lock: bool) -> Any | None:
    statement = _FOR_UPDATE if lock else _ONE
    return statement.first(connection, {"its_endpoint": endpoint})


_ITS: Final = select(schema.circuit).where(
    schema.circuit.c.endpoint_id == given("its_endpoint")
)
_ONE: Final = Prepared(_ITS)
_FOR_UPDATE: Final = Prepared(_ITS.with_for_update())


def _circuit(row: Row[*tuple[Any, ...]] | None) -> Circuit:
    if row is None:
        return Circuit()
    return Circuit(
        state=CircuitState(row.state),
        failures=row.failures,
        openings=row.openings,
        until=row.until,
    )


def _keep(tx: Tx, endpoint: str, circuit: Circuit, cause: str) -> None:
    row = {
        "endpoint_id": endpoint,
        "state": circuit.state,
        "failures": circuit.failures,
        "openings": circuit.openings,
        "until": circuit.until,
        "cause": cause,
        "changed_at": tx.now,
    }
    dialect.upsert(tx.connection, schema.circuit, [row])
