"""The completeness report as files: a page that stands alone, and a sheet."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

from gateway.console.languages import Language
from gateway.console.templates import Templates
from gateway.journal.report_completeness import (
    LATE,
    Completeness,
    Line,
    Standing,
)
from gateway.sheets import sheet

_MONTH: Final = re.compile(r"(2[01]\d\d)-(0[1-9]|1[0-2])")
_DECEMBER: Final = 12
HEADER: Final = (
    *("payer", "lots", "claims", "asked_cents", "answered", "paid", "paid_cents"),
    *("accepted", "rejected", "waiting", "missing", "refused", "unsent", "withdrawn"),
    *("unanswered_cents", "unanswered_share", "share_without_tracking", "brought"),
)
_LATE: Final = (
    "lot",
    "number",
    "sender",
    "payer",
    "claims",
    "asked_cents",
    "late_since",
)


STANDS: Final = {
    Standing.PAID: "paid",
    Standing.ACCEPTED: "accepted",
    Standing.REJECTED: "rejected by the payer",
    Standing.WAITING: "waiting for an answer",
    Standing.MISSING: "answer missing",
    Standing.REFUSED: "refused for its content",
    Standing.UNSENT: "not sent yet",
    Standing.WITHDRAWN: "withdrawn",
}
"""How each standing is called for people."""


def month_of(text: str, zone: ZoneInfo) -> tuple[float, float] | None:
    """Return when a month (`2026-11`) begins and ends in a zone; None: it is none."""
    found = _MONTH.fullmatch(text)
    if found is None:
        return None
    year, month = int(found[1]), int(found[2])
    first = date(year, month, 1)
    last = month == _DECEMBER
    after = date(year + last, 1 if last else month + 1, 1)
    begins, ends = (datetime.combine(day, time(), zone) for day in (first, after))
    return begins.timestamp(), ends.timestamp()


def facts(report: Completeness, names: dict[str, str]) -> dict[str, Any]:
    """Return what the templates of a report need; `names` are payers' by id."""
    return {
        "report": report,
        "names": names,
        "standings": STANDS,
        "most_late": LATE,
    }


def page(
    report: Completeness,
    names: dict[str, str],
    *,
    client: Any,
    now: float,
    language: Language,
    zone: ZoneInfo,
    templates: Templates | None = None,
) -> bytes:
    """Write the report as HTML that needs nothing else: to print, keep or send."""
    told = facts(report, names) | {"client": client, "now": now, "zone": zone.key}
    made = templates or Templates()
    return made.alone("report_file.html", language, zone, told).encode()


def csv(report: Completeness) -> bytes:
    """Write the lines by payer as a sheet, the total last."""
    lines = [_cells(each.payer or "none", each) for each in report.lines]
    return sheet(HEADER, [*lines, _cells("total", report.total)])


def csv_of_late(report: Completeness) -> bytes:
    """Write the lots whose answers are late as a sheet."""
    return sheet(_LATE, [_late(each) for each in report.late])


def _cells(name: str, line: Line) -> Sequence[object]:
    of = {standing: line.of([standing]) for standing in Standing}
    return (
        name,
        line.lots,
        line.total.claims,
        line.total.asked,
        line.answered.claims,
        of[Standing.PAID].claims,
        line.total.paid,
        *(of[each].claims for each in Standing if each is not Standing.PAID),
        line.unanswered.asked,
        _share(line.share),
        _share(line.untracked),
        line.brought,
    )


def _late(row: Any) -> Sequence[object]:
    since = datetime.fromtimestamp(row.opened_at, UTC).date().isoformat()
    named = (row.id, row.number, row.sender, row.payer_id)
    return (*named, row.claims, row.asked, since)


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.6f}"
