"""The completeness report of a client and month: to read, print, keep or send."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Row

from gateway.api.routes import Answer
from gateway.console import report_files
from gateway.console.answers import download
from gateway.console.clients import find
from gateway.console.pages import Page, get
from gateway.console.visit import Visit
from gateway.journal import report_completeness
from gateway.journal.report_completeness import Completeness

_NO_MONTH: Final = "This is no month; wanted one such as 2026-11."


def pages() -> list[Page]:
    """List the pages of it."""
    return [get("/clients/{id}/report", show), get("/clients/{id}/report/{file}", keep)]


async def show(visit: Visit) -> Answer:
    """Show the report of the month that is asked for, of this one unless it is said."""
    client, report = await _read(visit)
    month = visit.query.get("month")
    if report is None:
        return visit.page(
            "report.html", status=422, client=client, month=month, wrong=_NO_MONTH
        )
    return visit.page(
        "report.html",
        client=client,
        month=month,
        wrong="",
        zone=visit.premises.zone.key,
        **report_files.facts(report, _names(visit)),
    )


async def keep(visit: Visit) -> Answer:
    """Give the report as a file: `page.html`, `payers.csv` or `late.csv`."""
    client, report = await _read(visit)
    if report is None:
        return await show(visit)
    name = f"completeness-{client.id}-{visit.query.get('month')}"
    match visit.places["file"]:
        case "payers.csv":
            sheet = report_files.csv(report)
            return download(sheet, f"{name}.csv", "text/csv; charset=utf-8")
        case "late.csv":
            sheet = report_files.csv_of_late(report)
            return download(sheet, f"{name}-late.csv", "text/csv; charset=utf-8")
    made = report_files.page(
        report,
        _names(visit),
        client=client,
        now=visit.now,
        language=visit.language,
        zone=visit.premises.zone,
        templates=visit.premises.templates,
    )
    return download(made, f"{name}.html", "text/html; charset=utf-8")


async def _read(visit: Visit) -> tuple[Row[*tuple[Any, ...]], Completeness | None]:
    client = await find(visit)
    month = report_files.month_of(visit.query.get("month"), visit.premises.zone)
    if month is None:
        return client, None
    return client, await visit.ask(report_completeness.read, client.id, *month)


def _names(visit: Visit) -> dict[str, str]:
    return {each.id: each.name for each in visit.premises.house.directory().payers()}
