"""The no-response rate for the gauges, added up by the database from cohorts alone.

What it costs follows payers and days.  `routing.no_response` says what a rate is;
here it is the same, by payer and flow and for all that is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, case, func, select

from gateway.journal import schema
from gateway.journal.prepared import Prepared, given
from gateway.journal.schema_owed import SENT
from routing.no_response import OBJECTIVE, Rate, Week, monday_of

AGES: Final = (10, 30, 60)
"""Days after the sending at which cohorts are looked at."""

BACK: Final = timedelta(days=182)
"""How far back the curve of weeks goes."""

RECENT: Final = timedelta(days=30)
"""How many days' cohorts the ratio is of: the last that are old enough."""


class Ripe(NamedTuple):
    """Claims that have reached an age, and those that had no answer by then.

    Both only grow; `recent` are those of the last days that are old enough.
    """

    claims: int
    unanswered: int
    recent: int
    recent_unanswered: int


class Closing(NamedTuple):
    """The kind of answer that closes a payer's claims of a flow, and its cohorts."""

    kind: str
    by_age: Mapping[int, Ripe]


def closing(connection: Connection, over: date) -> dict[tuple[str, str], Closing]:
    """Add up the cohorts by payer and flow; `over` is the last day that is over."""
    table = schema.cohort.c
    sums = [_claims(table.after == SENT), _claims(table.after != SENT)]
    for age in AGES:
        last = over - timedelta(days=age)
        ripe = table.sent_on <= last.isoformat()
        recent = ripe & (table.sent_on > (last - RECENT).isoformat())
        by_then = table.after.between(0, age)
        for days in (ripe, recent):
            sums += [_claims(days & (table.after == SENT)), _claims(days & by_then)]
    labels = (table.payer_id, table.flow, table.kind)
    found: dict[tuple[str, str], tuple[tuple[int, int], Closing]] = {}
    for payer, flow, kind, *values in connection.execute(
        select(*labels, *sums).group_by(*labels)
    ):
        sent, answered, *of_ages = (int(value) for value in values)
        rank = (sent, -answered)
        if (payer, flow) not in found or rank > found[payer, flow][0]:
            found[payer, flow] = rank, Closing(kind, _by_age(of_ages))
    return {label: each for label, (_, each) in found.items()}


def weeks(
    connection: Connection, closing: Mapping[tuple[str, str], Closing], over: date
) -> tuple[Week, ...]:
    """Return the rate of all payers together, by week of sending, for half a year."""
    table = schema.cohort.c
    days = sorted(OBJECTIVE)
    sums = [_claims(table.after.between(0, age)) for age in days]
    labels = (table.sent_on, table.payer_id, table.flow, table.kind)
    query = (
        select(*labels, _claims(table.after == SENT), *sums)
        .where(table.sent_on >= (over - BACK).isoformat())
        .group_by(*labels)
    )
    found: dict[date, dict[int, Rate]] = {}
    for sent_on, payer, flow, kind, sent, *answered in connection.execute(query):
        if (payer, flow) not in closing or closing[payer, flow].kind != kind:
            continue
        day = date.fromisoformat(sent_on)
        rates = found.setdefault(monday_of(day), dict.fromkeys(days, Rate(0, 0, 0)))
        for age, by_then in zip(days, answered, strict=True):
            before = rates[age]
            if day + timedelta(days=age) > over:
                rates[age] = before._replace(young=before.young + int(sent))
            else:
                rates[age] = before._replace(
                    sent=before.sent + int(sent),
                    lacking=before.lacking + int(sent) - int(by_then),
                )
    return tuple(Week(monday, found[monday]) for monday in sorted(found))


def due_ratio(
    connection: Connection,
    closing: Mapping[tuple[str, str], Closing],
    due_until: Callable[[str, str, str], date],
) -> dict[tuple[str, str], float]:
    """Return the share of the claims due that have no closing answer.

    `due_until` tells for a payer, flow and kind the last day of which all is due.
    """
    ratios = {}
    for (payer, flow), each in closing.items():
        values = {
            "payer": payer,
            "its_flow": flow,
            "its_kind": each.kind,
            "until": due_until(payer, flow, each.kind).isoformat(),
        }
        row = _DUE.first(connection, values)
        if row is not None and row.sent:
            ratios[payer, flow] = 1.0 - int(row.answered) / int(row.sent)
    return ratios


def _by_age(sums: list[int]) -> dict[int, Ripe]:
    found = {}
    for at, age in enumerate(AGES):
        sent, answered, recent, recent_answered = sums[4 * at : 4 * at + 4]
        found[age] = Ripe(sent, sent - answered, recent, recent - recent_answered)
    return found


def _claims(when: Any) -> Any:
    return func.sum(case((when, schema.cohort.c.claims), else_=0))


_COHORT: Final = schema.cohort.c
_DUE: Final = Prepared(
    select(
        func.sum(case((_COHORT.after < 0, _COHORT.claims), else_=0)).label("sent"),
        func.sum(case((_COHORT.after >= 0, _COHORT.claims), else_=0)).label("answered"),
    ).where(
        _COHORT.payer_id == given("payer"),
        _COHORT.flow == given("its_flow"),
        _COHORT.kind == given("its_kind"),
        _COHORT.sent_on <= given("until"),
    )
)
