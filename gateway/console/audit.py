"""Administration: who did and saw what."""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple

from sqlalchemy import Row

from gateway.api import cursors
from gateway.api.routes import Answer
from gateway.console.pages import Page, get
from gateway.console.rights import Right
from gateway.console.templates import link
from gateway.console.visit import Visit
from gateway.journal import deeds

_MOST: Final = 50
_LIST: Final = "audit"
GROUPS: Final = (
    "staff.",
    "patient.",
    "anomaly.",
    "lot.",
    "dispatch.",
    "deposit.",
    "return.",
    "remedy.",
    "enrolment.",
    "client.",
    "directory.",
)
"""How the kinds begin that the page can be narrowed to."""


class Deed(NamedTuple):
    """A row for the page; `facts` are those beside who did it."""

    at: float
    who: str
    kind: str
    subject: str
    facts: dict[str, Any]
    place: str


def pages() -> list[Page]:
    """List the pages of it."""
    return [get("/admin", show, Right.AUDIT), get("/admin/audit", show, Right.AUDIT)]


async def show(visit: Visit) -> Answer:
    """Show the newest deeds, or those before one."""
    query = visit.query
    kept = query.kept("who", "subject", "kind")
    rows = await visit.ask(
        deeds.listed,
        most=_MOST + 1,
        before=cursors.read(_LIST, query.get("after"), (float, str, int)),
        **kept,
    )
    more = len(rows) > _MOST
    shown = [_deed(row) for row in rows[:_MOST]]
    last = rows[_MOST - 1] if more else None
    following = (
        link(
            "/console/admin/audit",
            **kept,
            after=cursors.write(_LIST, (last.at, last.chain, last.seq)),
        )
        if last is not None
        else ""
    )
    return visit.page(
        "audit.html", deeds=shown, groups=GROUPS, kept=kept, following=following
    )


def _deed(row: Row[tuple[Any, ...]]) -> Deed:
    facts = {key: value for key, value in json.loads(row.facts).items() if key != "by"}
    place = f"{row.chain} {row.seq} {row.hash[:12]}"
    return Deed(row.at, row.who, row.kind, row.subject, facts, place)
