"""Many cases, or all that is behind them, at once: first what would happen, then it.

`plan` says what an order would do and what it cannot do, and changes nothing.  What is
then done is done in small transactions: cases a hundred at a time, things one by one.
Above a number of claims what is sent again or taken back waits for a second person, as
a case of its own that holds what shall be done.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

from attrs import evolve, field, frozen
from sqlalchemy import Connection, Row

from gateway.committing import Tx
from gateway.journal import case_work
from gateway.journal.case_things import Thing, behind
from gateway.steps import second_person
from gateway.steps.mending import Action, possible
from routing.errors import GatewayError
from routing.lifecycle import ANOMALY, AnomalyEvent, AnomalyState

MOST_CASES: Final = 1000
"""How many cases one order takes; what is over is left for another one."""
MOST_THINGS: Final = 1000
CHUNK: Final = 100
"""Cases of one transaction."""

AnyRow = Row[*tuple[Any, ...]]


class Chore(StrEnum):
    """What may be done with many cases at once."""

    ASSIGN = "assign"
    SNOOZE = "snooze"
    RESOLVE = "resolve"
    REPLAY = "replay"
    WITHDRAW = "withdraw"


_OF_THINGS: Final = {Chore.REPLAY: Action.REPLAY, Chore.WITHDRAW: Action.WITHDRAW}
_OF_CASES: Final = {
    Chore.ASSIGN: AnomalyEvent.ASSIGN,
    Chore.SNOOZE: AnomalyEvent.SNOOZE,
    Chore.RESOLVE: AnomalyEvent.RESOLVE,
}


@frozen(kw_only=True)
class Order:
    """What a person wants done with cases: to whom, until when, or why."""

    chore: Chore
    by: str
    to: str = ""
    until: float = 0.0
    why: str = ""

    @property
    def action(self) -> Action | None:
        """What is done with the things behind the cases; None: nothing."""
        return _OF_THINGS.get(self.chore)


class Cannot(NamedTuple):
    """A case, or a thing behind one, that is left as it is, and why.

    `why` is one of the sentences below, with a place for the `state`.
    """

    case: str
    thing: str
    why: str
    state: str


IS: Final = "it is {state}"
NOTHING_BEHIND: Final = "nothing is behind it"
STANDS: Final = "it is {state}, which does not allow it"
WAITS: Final = "it waits for a second person’s word already"
SENT: Final = "it was sent and its payer may have it: send it again from its case only"


@frozen(kw_only=True)
class Plan:
    """What an order will do: with which cases, or which things; `left` come another time.

    `claims` are those of the things, or those that the cases touch; `behind` names the
    things by case.
    """

    order: Order
    cases: Sequence[AnyRow]
    things: Sequence[Thing]
    cannot: Sequence[Cannot]
    claims: int
    left: bool
    behind: Mapping[str, frozenset[str]] = field(factory=dict)

    @property
    def empty(self) -> bool:
        """Say whether nothing would happen."""
        return not (self.things if self.order.action else self.cases)

    def needs_second(self, above: int) -> bool:
        """Say whether a second person must agree."""
        return self.order.action is not None and self.claims > above

    def stamped(self) -> str:
        """Write down which cases it is about and how they stand, for a form."""
        return " ".join(f"{row.id}.{self._stamp(row)}" for row in self.cases)

    @property
    def seen(self) -> str:
        """Name all that it says, for a person who has it done later."""
        return hashlib.sha256(self.stamped().encode()).hexdigest()[:16]

    def as_seen(self, stamps: Mapping[str, str]) -> tuple[Plan, dict[str, str]]:
        """Narrow it to the cases that stand as they were stamped.

        Returns why the others, with what is behind them, are left as they are.
        """
        same = [row for row in self.cases if stamps.get(row.id) == self._stamp(row)]
        kept = {row.id for row in same}
        names = {name for case in kept for name in self.behind.get(case, ())}
        things = [each for each in self.things if each.id in names]
        changed = {
            name: f"anomaly {name}, or what is behind it, was changed meanwhile; "
            "nothing of it was done; look at it again"
            for name in stamps
            if name not in kept
        }
        claims = sum(each.claims for each in things)
        return evolve(self, cases=same, things=things, claims=claims), changed

    def _stamp(self, row: AnyRow) -> str:
        """Name how a case stands and, for an action, what it would be done with."""
        stands = case_work.stamp(row)
        if self.order.action is None:
            return stands
        names = json.dumps(sorted(self.behind[row.id]))
        return stands + hashlib.sha256(names.encode()).hexdigest()[:8]


def read_stamped(text: str) -> dict[str, str]:
    """Read the cases of a form, each with how it stood; what is none is left out."""
    pairs = (each.partition(".") for each in text.split()[:MOST_CASES])
    return {name: stamp for name, dot, stamp in pairs if dot and stamp}


def plan(connection: Connection, rows: Sequence[AnyRow], order: Order) -> Plan:
    """Say what an order would do with cases, and change nothing."""
    left = len(rows) > MOST_CASES
    rows = rows[:MOST_CASES]
    if order.action is None:
        return _plan_cases(rows, order, left)
    return _plan_things(connection, rows, order, order.action, left)


def _plan_cases(rows: Sequence[AnyRow], order: Order, left: bool) -> Plan:
    happened = _OF_CASES[order.chore]
    able, cannot = [], []
    for row in rows:
        if happened in ANOMALY.allowed(AnomalyState(row.state)):
            able.append(row)
        else:
            cannot.append(Cannot(row.id, "", IS, row.state))
    claims = sum(row.claims for row in able)
    return Plan(
        order=order, cases=able, things=(), cannot=cannot, claims=claims, left=left
    )


def _plan_things(
    connection: Connection,
    rows: Sequence[AnyRow],
    order: Order,
    action: Action,
    left: bool,
) -> Plan:
    cases, cannot = [], []
    things: dict[str, Thing] = {}
    by_case: dict[str, frozenset[str]] = {}
    for row in rows:
        if len(things) >= MOST_THINGS:
            left = True
            break
        found, count = behind(connection, row, MOST_THINGS)
        left |= count > MOST_THINGS
        if not found:
            cannot.append(Cannot(row.id, "", NOTHING_BEHIND, ""))
        able = {}
        waits = second_person.waiting(connection, [each.id for each in found])
        for thing in found:
            if thing.id in waits:
                cannot.append(Cannot(row.id, thing.id, WAITS, thing.state))
            elif action in possible(thing):
                able[thing.id] = thing
            elif thing.id not in things:
                cannot.append(_why_not(row, thing, action))
        if able:
            cases.append(row)
            things |= able
            by_case[row.id] = frozenset(able)
    left |= len(things) > MOST_THINGS
    chosen = tuple(things.values())[:MOST_THINGS]
    names = {each.id for each in chosen}
    return Plan(
        order=order,
        cases=cases,
        things=chosen,
        cannot=cannot,
        claims=sum(each.claims for each in chosen),
        left=left,
        behind={case: able & names for case, able in by_case.items()},
    )


def _why_not(row: AnyRow, thing: Thing, action: Action) -> Cannot:
    sent = action is Action.REPLAY and Action.RESEND in possible(thing)
    why = SENT if sent else STANDS
    return Cannot(row.id, thing.id, why, thing.state)


def chunks(cases: dict[str, str]) -> Iterator[dict[str, str]]:
    """Cut stamped cases into what one transaction takes."""
    names = list(cases)
    for first in range(0, len(names), CHUNK):
        yield {name: cases[name] for name in names[first : first + CHUNK]}


def work(tx: Tx, order: Order, cases: dict[str, str]) -> dict[str, str]:
    """Do an order's chore with some cases; return those that could not be, with why.

    One that somebody changed since it was stamped is left as it is.
    """
    failed = {}
    for name, was in cases.items():
        try:
            _work_one(tx, order, name, was)
        except GatewayError as error:  # raised before anything of the case is written
            failed[name] = str(error)
    return failed


def _work_one(tx: Tx, order: Order, name: str, was: str) -> None:
    if order.chore is Chore.ASSIGN:
        case_work.assign(tx, name, order.to, by=order.by, was=was)
    elif order.chore is Chore.SNOOZE:
        case_work.snooze(tx, name, order.until, by=order.by, was=was)
    else:
        case_work.resolve(tx, name, order.why, by=order.by, was=was)
