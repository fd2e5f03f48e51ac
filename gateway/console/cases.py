"""The anomaly desk: cases by cause, and what may be done about each."""

from __future__ import annotations

from gateway.api.routes import Answer
from gateway.console.pages import Page, get
from gateway.console.visit import Visit
from gateway.journal import anomalies


def pages() -> list[Page]:
    """List the pages of it."""
    return [get("/anomalies", list_cases)]


async def list_cases(visit: Visit) -> Answer:
    """List what is open."""
    rows = await visit.ask(anomalies.listed)
    return visit.page("cases.html", rows=rows)
