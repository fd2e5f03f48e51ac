"""What a person can have done with one thing behind a case, and the doing of it.

Which actions there are follows from the life of the thing; what surprises: `RESEND`
is an action of its own, because it may send again what the payer already has, and so
must be said and never implied.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar, Final

from attrs import frozen

from gateway.committing import Tx
from gateway.journal import approvals, dispatches, replay
from gateway.journal.case_things import Thing, by_ids
from gateway.journal.hurry import hurry
from gateway.journal.trace import DEPOSIT, DISPATCH, LOT, RETURN
from gateway.steps import outside
from routing.chase import CHASE, ChaseState
from routing.directory import Directory
from routing.errors import GatewayError, NoRoute
from routing.lifecycle import (
    DEPOSIT as DEPOSITS,
)
from routing.lifecycle import (
    DISPATCH as DISPATCHES,
)
from routing.lifecycle import (
    LOT as LOTS,
)
from routing.lifecycle import (
    RETURN as RETURNS,
)
from routing.lifecycle import (
    DepositEvent,
    DepositState,
    DispatchEvent,
    DispatchState,
    LotEvent,
    LotState,
    ReturnEvent,
    ReturnState,
)


class Action(StrEnum):
    """What may be done with a thing."""

    REPLAY = "replay"  # read, route, send or match it again
    RESEND = "resend"  # send again what its payer may have
    WITHDRAW = "withdraw"  # take it back before it leaves
    NOW = "now"  # hand it over at once, whatever it waits for
    DELIVERED = "delivered"  # somebody handed it over outside, with proof
    CHASE = "chase"  # chase its answers anew


SENDS_OR_TAKES_BACK: Final = frozenset({Action.REPLAY, Action.RESEND, Action.WITHDRAW})
"""What may need a second person when it touches many claims."""

_LEFT: Final = frozenset({LotState.SENT, LotState.ACKNOWLEDGED, LotState.ANSWERED})


class NotPossible(GatewayError):
    """What was asked cannot be done with a thing as it stands."""

    code: ClassVar[str] = "not-possible"


@frozen(kw_only=True)
class Wish:
    """What a person wants done, with the words that it needs."""

    action: Action
    by: str
    why: str = ""
    proof: str = ""


def possible(thing: Thing) -> tuple[Action, ...]:
    """Say what may be done with a thing as it stands."""
    if thing.kind == DEPOSIT:
        again = DepositEvent.REPLAY in DEPOSITS.allowed(DepositState(thing.state))
        return (Action.REPLAY,) if again else ()
    if thing.kind == RETURN:
        again = ReturnEvent.REMATCH in RETURNS.allowed(ReturnState(thing.state))
        return (Action.REPLAY,) if again else ()
    if thing.kind == LOT:
        return tuple(_of_lot(thing))
    return tuple(_of_dispatch(thing))


def _of_lot(thing: Thing) -> list[Action]:
    state = LotState(thing.state)
    allowed = LOTS.allowed(state)
    found = []
    if state in _LEFT:
        found.append(Action.RESEND)
    elif LotEvent.REROUTE in allowed or LotEvent.REPLAY in allowed:
        found.append(Action.REPLAY)
    if LotEvent.WITHDRAW in allowed:
        found.append(Action.WITHDRAW)
    if thing.chase and ChaseState(thing.chase) in CHASE.final:
        found.append(Action.CHASE)
    return found


def _of_dispatch(thing: Thing) -> list[Action]:
    state, unclear = DispatchState(thing.state), thing.cause == "unclear"
    allowed = DISPATCHES.allowed(state)
    found = []
    if DispatchEvent.REPLAY in allowed:
        may_be_there = unclear or state is DispatchState.SENT
        found.append(Action.RESEND if may_be_there else Action.REPLAY)
    if DispatchEvent.WITHDRAW in allowed and not unclear:
        found.append(Action.WITHDRAW)
    if state is DispatchState.READY:
        found.append(Action.NOW)
    if outside.may_be_delivered(state):
        found.append(Action.DELIVERED)
    return found


def mend(tx: Tx, name: str, wish: Wish, directory: Directory) -> Thing:
    """Do with a thing what a person wants; return how it stood before.

    Raises a `GatewayError` that says why it cannot be: it is decided by how the thing
    stands now, whatever the person saw.
    """
    thing = by_ids(tx.connection, [name]).get(name)
    if thing is None:
        raise NotPossible(f"there is no deposit, lot, dispatch or return {name}")
    action = wish.action
    if action not in possible(thing):
        raise NotPossible(
            f"{thing.kind} {thing.id} is {thing.state}: {action} is not possible"
        )
    resend = action is Action.RESEND
    if action is Action.CHASE:
        approvals.again(tx, thing.id, by=wish.by)
    elif action is Action.DELIVERED:
        outside.deliver(
            tx, thing.id, directory, by=wish.by, why=wish.why, proof=wish.proof
        )
    elif action is Action.NOW:
        _now(tx, thing, directory, wish.by)
    elif action is Action.WITHDRAW:
        takes_back = (
            replay.withdraw_lot if thing.kind == LOT else replay.withdraw_dispatch
        )
        takes_back(tx, thing.id, by=wish.by, why=wish.why)
    elif thing.kind == LOT:
        replay.lot(tx, thing.id, by=wish.by, resend=resend)
    elif thing.kind == DISPATCH:
        repeats = _repeats(thing, directory)
        replay.dispatch(tx, thing.id, by=wish.by, resend=resend, repeats=repeats)
    elif thing.kind == DEPOSIT:
        replay.deposit(tx, thing.id, by=wish.by)
    else:
        replay.payer_return(tx, thing.id, by=wish.by)
    return thing


def _now(tx: Tx, thing: Thing, directory: Directory, by: str) -> None:
    row = dispatches.find(tx.connection, thing.id)
    window = None
    if row is not None:
        windows = directory.payer(row.payer_id).delivery.windows
        opens = directory.calendar(row.payer_id).next_opening(windows, tx.now)
        window = opens if opens > tx.now else None
    hurry(tx, thing.id, by=by, window=window)


def _repeats(thing: Thing, directory: Directory) -> bool:
    """Say whether a dispatch's payer takes one number twice; not if it has left."""
    try:
        return directory.payer(thing.payer).delivery.resend_same_number
    except NoRoute:
        return False
