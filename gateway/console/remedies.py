"""What was tried for missing answers, and a second person's word on what would be."""

from __future__ import annotations

from typing import Final

from gateway.api.routes import Answer
from gateway.console.case_words import REMEDIES, TRIES
from gateway.console.going_back import back_of
from gateway.console.pages import Page, get, post
from gateway.console.visit import Visit
from gateway.journal import approvals, remedies
from gateway.journal.remedies import Wanted
from routing.chase import RemedyState
from routing.errors import GatewayError

_SCREEN: Final = 50
_HERE: Final = "/console/remedies"
_LONGEST: Final = 200


def pages() -> list[Page]:
    """List the pages of it."""
    return [get("/remedies", show), post("/remedies/{id}", decide)]


async def show(visit: Visit) -> Answer:
    """Show tries, what waits for a word first unless a state is asked for."""
    return await _shown(visit)


async def decide(visit: Visit) -> Answer:
    """Take a second person's word."""
    name, by, word = visit.places["id"], visit.who.id, visit.form.get("word")
    if word not in {"agree", "refuse"}:
        return await _shown(visit, "Say whether you agree or refuse.", 422)
    agreed = word == "agree"
    try:
        await visit.write(
            "remedy", lambda tx: approvals.decide(tx, name, by=by, agreed=agreed)
        )
    except GatewayError as error:
        return await _shown(visit, str(error), 409)
    said = "You agreed; it is done next." if agreed else "You refused; it is not done."
    return visit.go(back_of(visit, f"{_HERE}?state={RemedyState.APPROVAL}"), said)


async def _shown(visit: Visit, wrong: str = "", status: int = 200) -> Answer:
    query = visit.query
    state, kind = query.get("state"), query.get("kind")
    payer = query.get("payer")[:_LONGEST]
    if wrong:
        state = RemedyState.APPROVAL
    wanted = Wanted(
        payer=payer or None,
        kind=kind if kind in REMEDIES else None,
        state=state if state in TRIES else None,
    )
    rows = await visit.ask(remedies.screen, wanted, query.get("after"), _SCREEN + 1)
    following = rows[_SCREEN - 1].id if len(rows) > _SCREEN else ""
    return visit.page(
        "remedies.html",
        status=status,
        rows=rows[:_SCREEN],
        following=following,
        state=wanted.state or "",
        kind=wanted.kind or "",
        payer=payer,
        remedies=REMEDIES,
        tries=TRIES,
        back=_HERE,
        wrong=visit.tell(wrong),
    )
