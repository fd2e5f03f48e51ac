"""*Search*: one box for whatever a person has in hand, and a form for a patient."""

from __future__ import annotations

from typing import Final

from gateway.api.routes import Answer
from gateway.console.answers import redirect
from gateway.console.pages import Page, get, post
from gateway.console.places import address_of
from gateway.console.records import wrong_purpose
from gateway.console.rights import Right
from gateway.console.visit import Visit
from gateway.journal import looks, search, webhooks

_LEAST: Final = 5  # characters of a patient's number


def pages() -> list[Page]:
    """List the pages of it."""
    return [
        get("/search", find),
        get("/search/patient", ask_patient, Right.PATIENTS),
        post("/search/patient", find_patient, Right.PATIENTS),
    ]


async def find(visit: Visit) -> Answer:
    """Find it: go to the one thing that it means, or list what it may mean."""
    what = visit.query.get("q")
    directory = visit.premises.house.directory()
    hits = await visit.ask(search.find, what, directory)
    if len(hits) == 1:
        return redirect(address_of(hits[0].found))
    if not hits and await visit.ask(webhooks.find, None, what) is not None:
        return redirect(f"/console/webhooks/{what}")
    groups = {
        kind: [each for each in hits if each.found.kind == kind]
        for kind in search.KINDS
    }
    return visit.page(
        "search.html",
        what=what,
        groups={kind: rows for kind, rows in groups.items() if rows},
        most=len(hits) >= search.MOST,
        address_of=address_of,
    )


async def ask_patient(visit: Visit) -> Answer:
    """Ask for a patient's number, and what it is for."""
    return _form(visit)


async def find_patient(visit: Visit) -> Answer:
    """Find a patient's invoices; the number goes into no address, log or event."""
    number, born = visit.form.get("number"), visit.form.get("born")
    purpose, words = visit.form.get("purpose"), visit.form.get("words")
    wrong = wrong_purpose(purpose, words) or (
        _NO_NUMBER if len(number) < _LEAST else ""
    )
    if wrong:
        return _form(visit, wrong=wrong)
    house = visit.premises.house
    forms = {
        form
        for network in house.networks.values()
        for form in network.patient_forms(number, born)
    }
    hashes = [house.payloads.keys.patient_hash(form) for form in sorted(forms)]
    await visit.write(
        "look",
        lambda tx: looks.note(
            tx,
            looks.SEARCH,
            by=visit.who.id,
            what="search",
            purpose=purpose,
            words=words,
        ),
    )
    hits = await visit.ask(search.of_patient, hashes)
    return visit.page(
        "patient.html",
        hits=hits,
        purposes=looks.PURPOSES,
        wrong="",
        asked=True,
        born=born,
        most=len(hits) >= search.MOST,
        address_of=address_of,
    )


def _form(visit: Visit, wrong: str = "") -> Answer:
    return visit.page(
        "patient.html",
        status=422 if wrong else 200,
        hits=[],
        purposes=looks.PURPOSES,
        wrong=wrong,
        asked=False,
        born="",
        most=False,
        address_of=address_of,
    )


_NO_NUMBER: Final = "Type the patient's number as the files have it."
