"""Enrolments: which senders a payer knows, who must act for the others, since when."""

from __future__ import annotations

from typing import Any, Final

from gateway.api import cursors
from gateway.api.problems import Refusal
from gateway.api.routes import Answer
from gateway.console.pages import Page, get, post
from gateway.console.templates import link
from gateway.console.visit import Visit
from gateway.enrolling import flow_problem, flows_of, sender_problem
from gateway.journal import enrolment_lists, enrolments
from gateway.journal.enrolments import KEY, Stated
from routing.enrolment import ACTS_NEXT, Actor, EnrolmentState
from routing.errors import NoRoute

STANDS: Final = {
    EnrolmentState.ABSENT: "not known to the payer",
    EnrolmentState.TO_SIGN: "a paper is wanted",
    EnrolmentState.REQUESTED: "asked for",
    EnrolmentState.OPEN: "registered",
    EnrolmentState.SUSPENDED: "suspended",
    EnrolmentState.CLOSED: "closed for good",
}
"""How each state is called for people."""

_SCREEN: Final = 50
_NONE: Final = "none"  # no state: what was asked for fits nothing
_FILTERS: Final = ("payer", "sender", "acts", "state")
_LIST: Final = "enrolments"
_ADDRESS: Final = f"/console/{_LIST}"
_UNKNOWN: Final = "The payer directory in force has no payer of that id."
_SENDER: Final = "This cannot be a sender’s number with this payer."
_FLOW: Final = "The payer has no such flow; name one of its flows."
_STATE: Final = "Choose how the enrolment stands."


def pages() -> list[Page]:
    """List the pages of it."""
    return [get("/enrolments", show_all), post("/enrolments", put)]


async def show_all(visit: Visit) -> Answer:
    """List enrolments, those first that somebody must act for unless all are asked."""
    return await _page(visit)


async def put(visit: Visit) -> Answer:
    """Note how an enrolment stands, as a person says."""
    stated = _stated(visit)
    if isinstance(stated, str):
        return await _page(visit, status=422, wrong=stated)
    words = f"{stated.words} ({visit.who.id})".strip()
    noted = stated._replace(words=words)
    await visit.write(
        "enrol", lambda tx: enrolments.state_all(tx, [noted], source="staff")
    )
    kept = {name: visit.form.get(f"kept-{name}") for name in _FILTERS}
    return visit.go(link(_ADDRESS, **kept), "Noted; lots that waited go if it is open.")


async def _page(visit: Visit, *, status: int = 200, wrong: str = "") -> Answer:
    networks = visit.premises.house.networks
    wanted = {name: visit.query.get(name) for name in _FILTERS}
    if status != 200:  # noqa: PLR2004 - the form says what was looked at
        wanted = {name: visit.form.get(f"kept-{name}") for name in _FILTERS}
    states = [
        state
        for state in EnrolmentState
        if wanted["state"] in ("", state)
        and wanted["acts"] in ("", "all", ACTS_NEXT[state])
        and (wanted["acts"] or wanted["state"] or ACTS_NEXT[state] != Actor.NOBODY)
    ]
    sender = wanted["sender"]
    senders = {each.normal_sender(sender) for each in networks.values() if sender}
    rows = await visit.ask(
        enrolment_lists.page,
        limit=_SCREEN + 1,
        after=_cursor(visit.query.get("after")),
        payer=wanted["payer"],
        senders=senders,
        states=states or [_NONE],
    )
    lots = await visit.ask(enrolment_lists.waiting, networks)
    more = rows[_SCREEN - 1] if len(rows) > _SCREEN else None
    return visit.page(
        "enrolments.html",
        status=status,
        rows=[(row, _lots(lots, row)) for row in rows[:_SCREEN]],
        acts=ACTS_NEXT,
        actors=[each for each in Actor if each is not Actor.NOBODY],
        states=list(EnrolmentState),
        stands=STANDS,
        wanted=wanted,
        further=link(_ADDRESS, **wanted, after=_written(more)) if more else "",
        form=visit.form,
        wrong=wrong,
        payers=sorted(each.id for each in visit.premises.house.directory().payers()),
    )


def _stated(visit: Visit) -> Stated | str:
    """Read what a person says; words where it cannot be meant."""
    house, form = visit.premises.house, visit.form
    sender, flow = form.get("sender"), form.get("flow")
    try:
        payer = house.directory().payer(form.get("payer"))
    except NoRoute:
        return _UNKNOWN
    network = house.networks[payer.network]
    if flow_problem(payer, flow):
        return _FLOW
    if sender_problem(network, sender, payer):
        return _SENDER
    if form.get("state") not in set(EnrolmentState):
        return _STATE
    return Stated(
        network=network,
        sender=sender,
        payer=payer.id,
        flow=flow or flows_of(payer)[0],
        state=EnrolmentState(form.get("state")),
        words=" ".join(form.get("words").split())[:500],
    )


def _lots(lots: Any, row: Any) -> int:
    return int(lots[row.network, row.sender, row.payer_id, row.flow])


def _written(row: Any) -> str:
    return cursors.write(_LIST, tuple(getattr(row, name) for name in KEY))


def _cursor(text: str) -> Any:
    """Read where a screen goes on; from the beginning where that is forged."""
    try:
        return cursors.read(_LIST, text, (str,) * len(KEY))
    except Refusal:
        return None
