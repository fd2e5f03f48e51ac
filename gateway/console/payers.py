"""*Payers*: how each is reached and answers, and what its directory entry says."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import quote

from attrs import frozen

from config.directory_records import EndpointEntry, PayerEntry
from gateway import endpoint_papers, payer_curves
from gateway.api.problems import Refusal
from gateway.api.routes import Answer
from gateway.console import payer_entry, payer_plots
from gateway.console.answers import download
from gateway.console.pages import Page, get, post
from gateway.console.visit import Visit
from gateway.endpoint_papers import Paper
from gateway.journal import circuits, payer_traffic, today
from gateway.journal.today import CameIn, PayerToday
from gateway.payer_trial import Tried, try_for_a_while
from routing.delays import ENOUGH
from routing.directory import Directory
from routing.errors import NoRoute
from routing.no_response import OBJECTIVE
from routing.payer_search import named_so
from routing.remedy import WORDS
from routing.sandbox import read

_NOTHING_CAME: Final = CameIn(0, 0, {}, {})
_TWIN: Final = (
    "A test client meets a simulated twin of this payer, which is of no other use."
)
_LOCKED_OUT: Final = frozenset({"credentials-refused", "untrusted-host"})
_UP, _DOWN, _NONE = "in service", "down", "no endpoint"


def pages() -> list[Page]:
    """List the pages of it."""
    return [
        get("/payers", show_all),
        get("/payers/{id}", show),
        get("/payers/{id}/export", export),
        post("/payers/{id}/test", test),
        post("/payers/{id}/circuit", reset),
    ]


@frozen(kw_only=True)
class Listed:
    """One payer of the list; `opens` is when its window does, None if it is open."""

    entry: PayerEntry
    counted: PayerToday
    endpoint: EndpointEntry | None
    circuit: Any
    down: bool
    opens: float | None

    @property
    def state(self) -> str:
        """Say in a word how it is reached."""
        if self.endpoint is None:
            return _NONE
        return _DOWN if self.down else _UP


async def show_all(visit: Visit) -> Answer:
    """List every payer, those with trouble first; a network or a state only if asked."""
    directory = visit.premises.house.directory()
    cases = await visit.ask(today.open_cases, visit.now, 0)
    known = {row.endpoint_id: row for row in await visit.ask(circuits.every)}
    counts = visit.premises.counts()
    counted = today.by_payer(directory, counts, _NOTHING_CAME, cases)
    rows = [_listed(visit, directory, each, known) for each in counted]
    network, state, words = (visit.query.get(n) for n in ("network", "state", "q"))
    networks = sorted({each.network for each in directory.payers()})
    shown = [
        row
        for row in sorted(rows, key=lambda row: not row.down)
        if network in ("", row.entry.network)
        and state in ("", row.state)
        and _means(row.entry, words)
    ]
    return visit.page(
        "payers.html",
        rows=shown,
        counts=counts,
        networks=networks,
        states=(_UP, _DOWN, _NONE),
        wanted={"network": network, "state": state, "q": words},
        version=directory.version,
        all=len(rows),
    )


async def show(visit: Visit) -> Answer:
    """Show one payer; of a twin in a sandbox the one that it is like."""
    twin = read(visit.places["id"])
    if twin is not None:
        return visit.go(_address(twin.base), _TWIN)
    return await _page(visit)


async def test(visit: Visit) -> Answer:
    """Log in at a payer and look at its folders; the page says what came of it."""
    house = visit.premises.house
    directory, payer = house.directory(), _payer(visit)
    tried = await visit.run(lambda: try_for_a_while(payer, directory, house.catalog))
    by = visit.who.id
    await visit.write(
        "payer-test",
        lambda tx: tx.say("payer.tested", payer.id, by=by, answers=tried.answers),
    )
    return await _page(visit, tried=tried)


async def reset(visit: Visit) -> Answer:
    """Have an endpoint tried at once; where it locked us out only what was mended."""
    payer, by = _payer(visit), visit.who.id
    endpoint = payer.endpoint or ""
    circuit = await visit.ask(circuits.find, endpoint)
    if circuit is None or circuit.until <= visit.now:
        return visit.go(
            _address(payer.id), "It is tried anyway; nothing had to be done."
        )
    if circuit.cause in _LOCKED_OUT and not visit.form.get("mended"):
        wrong = "Say first that what the payer refused has been mended."
        return await _page(visit, status=422, wrong=wrong)
    await visit.write("circuit", lambda tx: circuits.let_through(tx, endpoint, by=by))
    return visit.go(_address(payer.id), "The next file is tried at once.")


async def export(visit: Visit) -> Answer:
    """Give the directory entry as it is in force."""
    directory, payer = visit.premises.house.directory(), _payer(visit)
    return download(
        payer_entry.as_json(directory, payer), f"{payer.id}.json", "application/json"
    )


async def _page(
    visit: Visit, *, status: int = 200, tried: Tried | None = None, wrong: str = ""
) -> Answer:
    house, now = visit.premises.house, visit.now
    directory, payer = house.directory(), _payer(visit)
    endpoint = directory.endpoint(payer.endpoint) if payer.endpoint else None
    circuit = await visit.ask(circuits.find, payer.endpoint or "")
    cases = await visit.ask(today.open_cases, now, 0)
    (counted,) = (
        each
        for each in today.by_payer(
            directory, visit.premises.counts(), _NOTHING_CAME, cases
        )
        if each.id == payer.id
    )
    listed = _listed(
        visit, directory, counted, {payer.endpoint or "": circuit} if circuit else {}
    )
    delays, learned = await visit.run(
        lambda: payer_curves.delays(house.database, directory, payer.id, now)
    )
    weeks = await visit.run(lambda: payer_curves.weeks(house.database, payer.id, now))
    return visit.page(
        "payer.html",
        status=status,
        payer=payer,
        row=listed,
        endpoint=endpoint,
        circuit=circuit,
        locked_out=circuit is not None and circuit.cause in _LOCKED_OUT,
        tried=tried,
        wrong=wrong,
        places=endpoint_papers.places(endpoint) if endpoint else {},
        papers=await visit.run(lambda: _papers(endpoint)),
        soon=now + endpoint_papers.SOON,
        codes=payer_entry.codes(directory, payer, now),
        days=payer_entry.days(directory, payer, now),
        closed=payer_entry.closed_later(directory, payer, now),
        delays=delays,
        delay_plot=payer_plots.delays(visit.language, delays, learned, payer),
        enough=ENOUGH,
        weeks=weeks,
        objective=OBJECTIVE,
        remedies=WORDS,
        rate_plot=payer_plots.rates(visit.language, weeks),
        dispatches=await visit.ask(payer_traffic.last_dispatches, payer.id),
        returns=await visit.ask(payer_traffic.last_returns, payer.endpoint or ""),
        numbers=await visit.ask(payer_traffic.numbers, payer.id, payer.endpoint),
        version=directory.version,
    )


def _payer(visit: Visit) -> PayerEntry:
    try:
        return visit.premises.house.directory().payer(visit.places["id"])
    except NoRoute:
        raise Refusal(
            "not-found", "the payer directory in force has no payer of that name"
        ) from None


def _address(payer: str) -> str:
    return f"/console/payers/{quote(payer, safe='')}"


def _papers(endpoint: EndpointEntry | None) -> list[Paper]:
    return endpoint_papers.papers(endpoint, os.environ) if endpoint else []


def _listed(
    visit: Visit, directory: Directory, counted: PayerToday, known: dict[str, Any]
) -> Listed:
    entry, now = directory.payer(counted.id), visit.now
    circuit = known.get(entry.endpoint or "")
    opens = directory.calendar(entry.id).next_opening(entry.delivery.windows, now)
    return Listed(
        entry=entry,
        counted=counted,
        endpoint=directory.endpoint(entry.endpoint) if entry.endpoint else None,
        circuit=circuit,
        down=circuit is not None and circuit.until > now,
        opens=opens if opens > now else None,
    )


def _means(entry: PayerEntry, words: str) -> bool:
    """Say whether words are in a payer's id, name or codes, accents or not."""
    if named_so(entry.name, words):
        return True
    found: Iterable[str] = (entry.id, entry.name, *(each.code for each in entry.codes))
    return any(words.casefold() in each.casefold() for each in found)
