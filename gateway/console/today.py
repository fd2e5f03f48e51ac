"""*Today*: what came in, what is owed, what is late, what is broken, by payer."""

from __future__ import annotations

from typing import Final

from gateway.api.routes import Answer
from gateway.console import payer_plots
from gateway.console.case_words import CAUSES
from gateway.console.pages import Page, get
from gateway.console.visit import Visit
from gateway.journal import today
from routing.no_response import OBJECTIVE

_CASES: Final = 10
_WEEKS: Final = 12  # in the table; the curve has half a year


def pages() -> list[Page]:
    """List the pages of it."""
    return [get("", show)]


async def show(visit: Visit) -> Answer:
    """Show the day."""
    directory = visit.premises.house.directory()
    midnight = today.midnight(visit.now, visit.premises.zone)
    came = await visit.ask(today.came_in, midnight)
    cases = await visit.ask(today.open_cases, visit.now, _CASES)
    down = await visit.ask(today.down, directory, visit.now)
    counts = visit.premises.counts()
    rows = today.by_payer(directory, counts, came, cases)
    weeks = counts.weeks if counts is not None else ()
    overdue = [row for row in rows if row.overdue is not None]
    return visit.page(
        "today.html",
        came=came,
        cases=cases,
        causes=CAUSES,
        down=down,
        counts=counts,
        payers=rows,
        weeks=weeks[-_WEEKS:],
        curve=payer_plots.rates(visit.language, weeks),
        objective=OBJECTIVE,
        oldest=max(overdue, key=lambda row: row.overdue or 0.0, default=None),
    )
