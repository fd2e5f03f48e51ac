"""The anomaly desk: cases by cause, those that weigh most first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from gateway.api.routes import Answer
from gateway.console.case_words import CAUSES, CHORES
from gateway.console.forms import Fields
from gateway.console.pages import Page, get
from gateway.console.visit import Visit
from gateway.journal import cases, staff
from gateway.journal.anomalies import KINDS
from gateway.journal.cases import MINE, NOBODY, STATES, TO_DO, After, Wanted
from routing.case import SEVERITIES

_LONGEST: Final = 200
FILTERS: Final = (
    "state",
    "kind",
    "cause",
    "severity",
    "payer",
    "client",
    "assignee",
    "text",
    "sandbox",
)


def pages() -> list[Page]:
    """List the pages of it."""
    return [get("/anomalies", show)]


async def show(visit: Visit) -> Answer:
    """Show a screen of the list."""
    wanted = wanted_of(visit, visit.query)
    after = After.read(visit.query.get("after"))
    screen = await visit.ask(cases.screen, wanted, after)
    return visit.page(
        "cases.html",
        screen=screen,
        wanted=wanted,
        kept=kept_of(visit.query),
        is_first=after is None,
        states=STATES,
        kinds=KINDS,
        causes=CAUSES,
        severities=SEVERITIES,
        payers=await visit.ask(cases.payers),
        people=await people(visit),
        chores=CHORES,
        mine=MINE,
        nobody=NOBODY,
    )


def wanted_of(visit: Visit, fields: Fields) -> Wanted:
    """Read which cases an address or a form means; what it cannot mean is left out."""
    given = {name: fields.get(name)[:_LONGEST] for name in FILTERS}
    if given["state"] not in STATES:
        given["state"] = TO_DO
    if given["assignee"] == MINE:
        given["assignee"] = visit.who.id
    for name, known in (("kind", KINDS), ("severity", SEVERITIES), ("cause", CAUSES)):
        if given[name] not in known:
            given[name] = ""
    return Wanted(**given)


def kept_of(fields: Fields) -> dict[str, str]:
    """Return the filters of an address, for links and forms that keep them."""
    return fields.kept(*FILTERS)


async def people(visit: Visit) -> Sequence[str]:
    """Name whom a case may be given to: the open accounts that may work."""
    rows = await visit.ask(staff.every)
    return [
        row.id for row in rows if row.disabled_at is None and row.role in staff.WORKS
    ]
