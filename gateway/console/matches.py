"""Answers that are likely a claim's: a person says whether they are."""

from __future__ import annotations

from typing import Final

from gateway.api.routes import Answer
from gateway.console.going_back import back_of
from gateway.console.pages import Page, get, post
from gateway.console.visit import Visit
from gateway.journal import proposals
from gateway.steps import decide
from routing.errors import GatewayError

_SCREEN: Final = 50
_HERE: Final = "/console/matches"


def pages() -> list[Page]:
    """List the pages of it."""
    return [get("/matches", show), post("/matches", take)]


async def show(visit: Visit) -> Answer:
    """Show what waits longest."""
    return await _shown(visit)


async def take(visit: Visit) -> Answer:
    """Give the answer to the claim, or say that it is not meant."""
    name, by = visit.form.get("name"), visit.who.id
    directory = visit.premises.house.directory()
    confirmed = visit.form.get("word") == "confirm"
    try:
        if confirmed:
            await visit.write(
                "match", lambda tx: decide.confirm(tx, name, directory, by=by)
            )
        elif visit.form.get("word") == "refuse":
            await visit.write("match", lambda tx: decide.refuse(tx, name, by=by))
        else:
            return await _shown(visit, "Say whether it is the claim or not.", 422)
    except GatewayError as error:
        return await _shown(visit, str(error), 409)
    said = "The claim has its answer." if confirmed else "It is not proposed again."
    return visit.go(back_of(visit, _HERE), said)


async def _shown(visit: Visit, wrong: str = "", status: int = 200) -> Answer:
    rows = await visit.ask(proposals.listed, all_states=False, most=_SCREEN)
    return visit.page(
        "matches.html",
        status=status,
        rows=rows,
        most=_SCREEN,
        name_of=proposals.name_of,
        back=_HERE,
        wrong=visit.tell(wrong),
    )
