"""What comes next in a life by itself, and when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo
from typing import Any, Final

from sqlalchemy import Row

from gateway.cli import trace_chase
from gateway.cli.wording import listing, moment
from gateway.journal.life import Life
from gateway.journal.lots import NOT_ENROLLED, NUMBER_WAITING
from gateway.pursuit import Pursuit
from routing.lifecycle import (
    DepositState,
    DispatchState,
    ExpectationState,
    HandbackState,
    LotState,
    ReturnState,
)

AnyRow = Row[*tuple[Any, ...]]
_REPEATS: Final = frozenset({"duplicate-lot", "duplicate-invoice", "number-used"})


def next_steps(
    life: Life, pursuit: Pursuit, now: float, zone: tzinfo | None
) -> list[str]:
    """Say what happens next by itself, and when."""
    found: list[str] = []
    deposit = life.deposit
    if deposit is not None and deposit.state == DepositState.RECEIVED:
        reading = deposit.lease_until is not None and deposit.lease_until > now
        found.append("it is being read" if reading else "a running node reads it next")
    if life.states.get(LotState.NEW):
        found.append("a running node routes the new lots next")
    if NOT_ENROLLED in life.held_for:
        found.append("lots held for an enrolment go when it opens")
    if NUMBER_WAITING in life.held_for:
        found.append("lots that wait for their number go when its payer has decided")
    if life.held_for - _REPEATS - {NOT_ENROLLED, NUMBER_WAITING}:
        found.append("held lots are routed again when a new directory is loaded")
    if life.held_for & _REPEATS:
        found.append("lots held as duplicates stay held until a person acts")
    if life.states.get(LotState.ROUTED):
        found.append("routed lots leave with their payer's next dispatch")
    found += [
        each for row in life.dispatches if (each := _sending(life, row, now, zone))
    ]
    found += trace_chase.next_steps(life, pursuit, zone)
    found += _waiting(life, zone)
    for row in life.returns:
        if row.state == ReturnState.STORED:
            found.append(f"return {row.remote_name} is matched next")
        elif row.state == ReturnState.PARTLY_MATCHED and row.retry_at is not None:
            when = moment(max(now, row.retry_at), zone)
            found.append(f"return {row.remote_name} is matched again at {when}")
    ready = [row for row in life.handbacks if row.state == HandbackState.READY]
    if ready:
        names = listing([row.filename for row in ready], most=3)
        found.append(f"the client can fetch {names}")
    return list(dict.fromkeys(found))


def _sending(life: Life, row: AnyRow, now: float, zone: tzinfo | None) -> str:
    name = f"dispatch {row.filename or row.id}"
    if row.state == DispatchState.SENDING:
        return f"{name} is being handed over to {row.payer_id}"
    if row.state not in {DispatchState.READY, DispatchState.UNKNOWN}:
        return ""
    circuit = life.circuits.get(row.endpoint_id)
    until = row.not_before
    why = f" ({row.cause_words})" if row.cause_words else ""
    if circuit is not None and circuit.until > max(until, now):
        until = circuit.until
        why = f" ({row.endpoint_id} does not answer: {circuit.cause})"
    when = "next" if until <= now else f"at {moment(until, zone)}"
    if row.state == DispatchState.UNKNOWN:
        return f"{row.payer_id} is asked {when} whether it has {name}{why}"
    if row.payload_id is None:
        return f"the file of {name} is made next"
    return f"{name} is handed over to {row.payer_id} {when}{why}"


def _waiting(life: Life, zone: tzinfo | None) -> Iterator[str]:
    """Say what becomes of answers that do not come; one line a payer and kind."""
    for row in life.owed:
        what = f"the {row.kind} answers of {row.payer_id}"
        if row.state == ExpectationState.OPEN:
            yield f"{what} become late at {moment(row.due_at, zone)}"
        elif row.state == ExpectationState.LATE:
            yield f"{what} become missing at {moment(row.missing_at, zone)}"
        else:
            yield f"{what} are missing; one that comes late still counts"
