"""The desk's list: which cases there are, what weighs most first, a screen at a time.

A screen goes on after the weight of the last case of the one before it, so it costs
the same on the first page as on the last.  Counts are of what is not resolved: that
stays small, however long the gateway has been running.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final, NamedTuple, Self

from attrs import evolve, frozen
from sqlalchemy import (
    Case,
    ColumnElement,
    Connection,
    Row,
    and_,
    case,
    func,
    literal,
    not_,
    or_,
    select,
    tuple_,
)

from gateway.journal import schema
from gateway.journal.apart import real_anomaly
from routing.case import SEVERITIES
from routing.lifecycle import AnomalyState

SCREEN: Final = 50
UNRESOLVED: Final = (AnomalyState.OPEN, AnomalyState.ASSIGNED, AnomalyState.SNOOZED)
TO_DO: Final = "to-do"
"""The state of a filter that means everything but what is put off or resolved."""
STATES: Final = (TO_DO, *AnomalyState)
MINE: Final = "mine"
NOBODY: Final = "nobody"

_TABLE: Final = schema.anomaly
_HELD: Final = "lot-held"
_PARTS: Final = 4  # of a cursor
_LARGEST: Final = 2**31 - 1  # number that the columns hold

AnyRow = Row[*tuple[Any, ...]]


@frozen(kw_only=True)
class Wanted:
    """Which cases are listed; empty means any, and `state` empty what is to be done.

    `assignee` is a name, or `NOBODY`.  What is about the sandbox alone is listed only
    if `sandbox` is not empty, or a client is named.
    """

    state: str = TO_DO
    kind: str = ""
    cause: str = ""
    severity: str = ""
    payer: str = ""
    client: str = ""
    assignee: str = ""
    text: str = ""
    sandbox: str = ""

    @property
    def narrows(self) -> bool:
        """Say whether it leaves anything out that is to be done."""
        return self != Wanted()


class After(NamedTuple):
    """The weight of the last case of a screen; the next one goes on behind it."""

    weight: int
    claims: int
    last_seen: float
    id: str

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Read what an address says; None, the first screen, for anything else."""
        parts = text.split("_")
        if len(parts) != _PARTS:
            return None
        try:
            weight, claims = int(parts[0]), int(parts[1])
            found = cls(weight, claims, float(parts[2]), parts[3])
        except ValueError:
            return None
        storable = max(abs(weight), abs(claims)) <= _LARGEST and found.id.isprintable()
        return found if storable and math.isfinite(found.last_seen) else None

    def __str__(self) -> str:
        return f"{self.weight}_{self.claims}_{self.last_seen!r}_{self.id}"


class Cause(NamedTuple):
    """All cases of one cause: how many, how bad the worst is, and what they touch.

    `cause` says for held lots what holds them; it is empty for other kinds.
    """

    kind: str
    cause: str
    severity: str
    cases: int
    claims: int


@frozen(kw_only=True)
class Screen:
    """One screen of cases; `next` is the cursor of what follows, if anything does."""

    rows: Sequence[AnyRow]
    next: str
    causes: Sequence[Cause]
    states: dict[str, int]


def screen(
    connection: Connection,
    wanted: Wanted,
    after: After | None = None,
    most: int = SCREEN,
) -> Screen:
    """Read one screen of cases, and count those that fit by cause and by state."""
    rows = listed(connection, wanted, after, most + 1)
    following = ""
    if len(rows) > most:
        rows = rows[:most]
        last = rows[-1]
        following = str(After(last.weight, last.claims, last.last_seen, last.id))
    states, causes = _counts(connection, wanted)
    return Screen(rows=rows, next=following, causes=causes, states=states)


def listed(
    connection: Connection, wanted: Wanted, after: After | None, most: int
) -> list[AnyRow]:
    """List cases, those that weigh most first, each with its `weight` and `cause`."""
    weight, table = _weight(), _TABLE
    query = (
        select(table, weight.label("weight"), cause_of().label("cause"))
        .where(*_fits(wanted), _in_state(wanted.state))
        .order_by(weight, table.c.claims.desc(), table.c.last_seen.desc(), table.c.id)
        .limit(most)
    )
    if after is not None:
        query = query.where(_behind(weight, after))
    return list(connection.execute(query))


def payers(connection: Connection) -> list[str]:
    """Name the payers that have cases which are not resolved."""
    table = _TABLE
    query = (
        select(table.c.payer_id)
        .where(table.c.state.in_(UNRESOLVED), table.c.payer_id != "")
        .distinct()
        .order_by(table.c.payer_id)
    )
    return list(connection.execute(query).scalars())


def history(connection: Connection, case: str, most: int) -> list[AnyRow]:
    """Read what happened to a case, the newest first."""
    table = schema.event
    query = (
        select(table.c.at, table.c.kind, table.c.facts)
        .where(table.c.subject == case)
        .order_by(table.c.at.desc(), table.c.seq.desc())
        .limit(most)
    )
    return list(connection.execute(query))


def chosen(connection: Connection, names: Sequence[str]) -> list[AnyRow]:
    """Read cases by their ids, those that weigh most first."""
    weight, table = _weight(), _TABLE
    query = (
        select(table, weight.label("weight"), cause_of().label("cause"))
        .where(table.c.id.in_(names))
        .order_by(weight, table.c.claims.desc(), table.c.last_seen.desc(), table.c.id)
    )
    return list(connection.execute(query))


def _behind(weight: Case[int], after: After) -> ColumnElement[bool]:
    """Say what comes later in an order that rises, falls, falls and rises."""
    table = _TABLE
    falling = tuple_(table.c.claims, table.c.last_seen)
    there = tuple_(literal(after.claims), literal(after.last_seen))
    return or_(
        weight > after.weight,
        and_(weight == after.weight, falling < there),
        and_(weight == after.weight, falling == there, table.c.id > after.id),
    )


def _counts(
    connection: Connection, wanted: Wanted
) -> tuple[dict[str, int], list[Cause]]:
    """Count what is not resolved, by state; and what is shown by cause."""
    table = _TABLE
    every = evolve(wanted, kind="", cause="", state="")
    columns = (table.c.kind, table.c.severity, table.c.state, table.c.claims)
    each = (  # apart, since a cause is no column that can be grouped by
        select(*columns, cause_of().label("cause"))
        .where(*_fits(every), table.c.state.in_(UNRESOLVED))
        .subquery()
    )
    by = (each.c.kind, each.c.cause, each.c.severity, each.c.state)
    query = select(
        *by, func.count().label("cases"), func.sum(each.c.claims).label("claims")
    ).group_by(*by)
    states = dict.fromkeys((TO_DO, *map(str, UNRESOLVED)), 0)
    causes: dict[tuple[str, str], Cause] = {}
    shown = frozenset(_states(wanted.state))
    for row in connection.execute(query):
        if wanted.kind in ("", row.kind) and wanted.cause in ("", row.cause):
            states[row.state] += row.cases
            if row.state != AnomalyState.SNOOZED:
                states[TO_DO] += row.cases
        if row.state in shown:
            before = causes.get(
                (row.kind, row.cause), Cause(row.kind, row.cause, "", 0, 0)
            )
            causes[row.kind, row.cause] = Cause(
                row.kind,
                row.cause,
                max(before.severity, row.severity, key=_rank),
                before.cases + row.cases,
                before.claims + int(row.claims),
            )
    ranked = sorted(
        causes.values(), key=lambda one: (-_rank(one.severity), -one.cases, one)
    )
    return states, ranked


def _fits(wanted: Wanted) -> list[ColumnElement[bool]]:
    table = _TABLE
    found = [
        column == value
        for column, value in (
            (table.c.kind, wanted.kind),
            (table.c.severity, wanted.severity),
            (table.c.payer_id, wanted.payer),
        )
        if value
    ]
    if wanted.sandbox:
        found.append(not_(real_anomaly()))
    elif not wanted.client:
        found.append(real_anomaly())
    if wanted.cause:
        found.append(cause_of() == wanted.cause)
    if wanted.client:
        named = table.c.facts.contains(f'"{wanted.client}": ', autoescape=True)
        found.append(or_(table.c.client_id == wanted.client, named))
    if wanted.assignee:
        whose = "" if wanted.assignee == NOBODY else wanted.assignee
        found.append(table.c.assignee == whose)
    if wanted.text:
        columns = (table.c.words, table.c.subject, table.c.advice, table.c.id)
        found.append(
            or_(*(each.icontains(wanted.text, autoescape=True) for each in columns))
        )
    return found


def _in_state(state: str) -> ColumnElement[bool]:
    return _TABLE.c.state.in_(_states(state))


def _states(state: str) -> Sequence[str]:
    if state in {"", TO_DO}:
        return (AnomalyState.OPEN, AnomalyState.ASSIGNED)
    return (state,)


def cause_of() -> ColumnElement[str]:
    """Say what holds held lots: their anomaly's subject begins with it."""
    subject = _TABLE.c.subject
    return case(
        *(
            (and_(_TABLE.c.kind == _HELD, subject.startswith(f"{each}:")), each)
            for each in HOLDS
        ),
        else_="",
    )


HOLDS: Final = (
    "unknown-payer",
    "not-enrolled",
    "duplicate-lot",
    "duplicate-invoice",
    "number-used",
    "number-waiting",
    "payer-closed",
    "no-endpoint",
    "no-destination",
    "wrong-flow",
)
"""Causes for which lots are held, each a group of its own on the desk."""


def _weight() -> Case[int]:
    worst = len(SEVERITIES) - 1
    return case(
        *(
            (_TABLE.c.severity == name, worst - place)
            for place, name in enumerate(SEVERITIES)
        ),
        else_=len(SEVERITIES),
    )


def _rank(severity: str) -> int:
    return SEVERITIES.index(severity) if severity in SEVERITIES else -1
