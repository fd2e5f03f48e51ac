"""One case: what it is, whom it touches, what is behind it, and what may be done."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from attrs import frozen
from sqlalchemy import Connection, Row

from gateway import code_words
from gateway.api.problems import Refusal
from gateway.api.routes import Answer
from gateway.console.case_words import (
    ACTIONS,
    CAUSES,
    REASONS,
    REMEDIES,
    TRIES,
    advice_of,
    happened,
    why_closed,
)
from gateway.console.cases import people
from gateway.console.pages import Page, get
from gateway.console.putting_off import PRESETS
from gateway.console.visit import Visit
from gateway.journal import (
    anomalies,
    anomaly_comments,
    anomaly_items,
    case_work,
    cases,
    proposals,
    remedies,
    report_remedies,
)
from gateway.journal.anomaly_facts import facts_of
from gateway.journal.anomaly_items import Reach
from gateway.journal.case_things import Thing, behind
from gateway.journal.remedies import Wanted
from gateway.journal.report_remedies import Tried
from gateway.steps import second_person
from gateway.steps.mending import Action, possible
from protocols.labels import Explained
from routing.chase import RemedyState
from routing.lifecycle import ANOMALY, AnomalyState

THINGS: Final = 25
_EVENTS: Final = 60
_WAITING: Final = 20
_HISTORY: Final = 182 * 86_400.0
"""Seconds for which it is told how remedies fared."""
_PROPOSED: Final = frozenset({"return-orphans", "return-foreign", "return-absurd"})

AnyRow = Row[*tuple[Any, ...]]


@frozen(kw_only=True)
class Whole:
    """All that the journal holds of a case, as far as a screen shows it."""

    row: AnyRow
    facts: Mapping[str, Any]
    reach: Reach
    things: Sequence[tuple[Thing, Sequence[Action]]]
    count: int
    comments: Sequence[AnyRow]
    events: Sequence[AnyRow]
    tried: Sequence[Tried]
    waiting: Sequence[AnyRow]
    proposed: Sequence[AnyRow]


def pages() -> list[Page]:
    """List the pages of it."""
    return [get("/anomalies/{id}", show)]


async def show(visit: Visit) -> Answer:
    """Show a case."""
    return await shown(visit, visit.places["id"])


async def shown(
    visit: Visit,
    name: str,
    *,
    wrong: Mapping[str, str] | None = None,
    status: int = 200,
) -> Answer:
    """Show a case; `wrong` says by form what a person must put right, or could not do.

    Raises `Refusal` where there is none.
    """
    whole = await visit.ask(read, name, visit.now)
    if whole is None:
        raise Refusal("not-found", "there is no case under this address")
    row = whole.row
    official, meaning = _labels(visit, whole)
    allowed = ANOMALY.allowed(AnomalyState(row.state))
    return visit.page(
        "case.html",
        status=status,
        case=row,
        whole=whole,
        actions_of={thing.id: able for thing, able in whole.things},
        stamp=case_work.stamp(row),
        may={str(each) for each in allowed},
        causes=CAUSES,
        cause=CAUSES.get(row.subject.partition(":")[0]) if _is_held(row) else None,
        advice=advice_of(row),
        resolution=_resolution(visit, whole),
        official=official,
        meaning=meaning,
        history=[(event.at, happened(visit, event)) for event in whole.events],
        people=await people(visit),
        presets=PRESETS,
        reasons=REASONS,
        actions=ACTIONS,
        remedies=REMEDIES,
        tries=TRIES,
        name_of=proposals.name_of,
        wrong=wrong or {},
        typed=visit.form,
    )


def read(connection: Connection, name: str, now: float) -> Whole | None:
    """Read a case, or nothing if there is none."""
    row = anomalies.find(connection, name)
    if row is None:
        return None
    things, count = behind(connection, row, _most_of(row))
    tried: Sequence[Tried] = ()
    waiting: Sequence[AnyRow] = ()
    if row.payer_id:
        since = now - _HISTORY
        tried = report_remedies.read(connection, since, now, row.payer_id)
        if row.kind == "remedy-approval":
            wanted = Wanted(payer=row.payer_id, state=RemedyState.APPROVAL)
            waiting, _ = remedies.listed(connection, wanted, _WAITING)
    proposed: Sequence[AnyRow] = ()
    if row.kind in _PROPOSED:
        proposed = proposals.of_endpoint(connection, row.subject, _WAITING)
    return Whole(
        row=row,
        facts=facts_of(row),
        reach=anomaly_items.reach(connection, name),
        things=[(thing, possible(thing)) for thing in things],
        count=count,
        comments=anomaly_comments.listed(connection, name),
        events=cases.history(connection, name, _EVENTS),
        tried=tried,
        waiting=waiting,
        proposed=proposed,
    )


def _most_of(row: AnyRow) -> int:
    """Return how many things are shown: all, where a person must judge of all."""
    return anomaly_items.MOST if row.kind == second_person.KIND else THINGS


def _resolution(visit: Visit, whole: Whole) -> str:
    """Say why the case was closed; empty where it is open."""
    closed = (each for each in whole.events if each.kind == "anomaly.resolve")
    last = next(closed, None)
    by = "" if last is None else json.loads(last.facts)["by"]
    return why_closed(visit, whole.row.resolution, by)


def _is_held(row: AnyRow) -> bool:
    return bool(row.kind == "lot-held")


def _labels(visit: Visit, whole: Whole) -> tuple[Mapping[str, str], Explained | None]:
    """Return the payer's own words for the case's code, and what Octway knows of it."""
    row, house = whole.row, visit.premises.house
    code = str(whole.facts.get("code", ""))
    payers_own = code_words.official(
        house.networks, house.directory(), row.payer_id, code
    )
    network = row.subject.partition(":")[0] if row.kind == "lot-refused" else ""
    return payers_own, code_words.explained(house.networks, network, code)
