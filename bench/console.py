"""Search and *Today* of the console over ten million claims, on a real PostgreSQL.

Each page is asked for through the door, in this process: the request as a browser
sends it, the session, the view, the rendered page.  What a page may take is promised,
so a row compares the worst of many with that limit.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Iterator

from sqlalchemy import text

from bench import console_rows
from bench.harness import Bench, Goal, Row
from gateway.console.templates import static_file
from gateway.journal import snapshot
from gateway.journal.snapshot import Snapshot
from tests.gateway.console.browser import Browser, Console
from tests.gateway.steps.site import Site, payer

NAME = "console"
_CLAIMS = 10_000_000
_SEARCH = 200.0  # milliseconds
_TODAY = 300.0
_WEIGHT = 150_000.0  # bytes
_TURNS = 25
_STATIC = ("console.css", "htmx.min.js", "console.js", "icon.svg")


def run(bench: Bench) -> Iterator[Row]:
    """Measure every kind of search, lists, and Today with and without counts."""
    claims = bench.size(_CLAIMS, _CLAIMS // 50)
    site = Site("postgresql")
    try:
        bench.say(f"  writing {claims:,} claims")
        lots = _fill(site, claims)
        console = Console(site.gateway.house)
        browser = console.browser("supervisor")
        for kind, typed in _typed(lots).items():
            taken = [_timed(browser, _found(typed)) for _ in range(_TURNS)]
            yield _row(f"console: search for {kind}, {claims:,} claims", taken, _SEARCH)
        taken = [_patient(browser) for _ in range(_TURNS)]
        yield _row(f"console: search for a patient, {claims:,} claims", taken, _SEARCH)
        for name, path in _LISTS.items():
            taken = [_timed(browser, path) for _ in range(_TURNS)]
            yield _row(f"console: {name}, {claims:,} claims", taken, _SEARCH)
        taken = [_timed(browser, "/console") for _ in range(_TURNS)]
        yield _row("console: Today before the first count of a node", taken, _TODAY)
        bench.say("  counting for the gauges, as a node does beside its work")
        console.counts = _counts(site)
        taken = [_timed(browser, "/console") for _ in range(_TURNS)]
        yield _row(f"console: Today, {claims:,} claims, 10,000 cases", taken, _TODAY)
        yield _weight(len(browser.got.body))
    finally:
        site.close()


_LISTS = {
    "the newest deposits": "/console/deposits",
    "lots of a payer": "/console/lots?payer=payer-7",
    "held lots": "/console/lots?state=held",
    "late answers of a payer": "/console/owed?payer=payer-7&state=late",
    "missing answers of all": "/console/owed?state=missing",
}


def _fill(site: Site, claims: int) -> int:
    """Write the journal, and a directory of its payers."""
    site.entries.clear()
    for number in range(console_rows.PAYERS):
        site.entries[str(number)] = payer(str(number), "toy")
    site.change("0", name="Caisse 0")
    with site.writer.begin() as connection:
        lots = console_rows.fill(connection, claims, site.now())
    with site.writer.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(text("VACUUM ANALYZE"))
    return lots


def _typed(lots: int) -> dict[str, Callable[[random.Random], str]]:
    """Say what a person types for each kind of thing."""
    deposits, dispatches = lots // console_rows.LOTS, lots // 20
    numbers = lots // console_rows.SENDERS * console_rows.PER_LOT or 1
    per = console_rows.LOTS

    def lot(rng: random.Random) -> str:
        return f"d{rng.randrange(deposits):09}-{rng.randrange(per)}"

    return {
        "an id": lot,
        "a file": lambda rng: f"facture-{rng.randrange(deposits)}.b2",
        "a SHA-256's beginning": lambda rng: f"{rng.getrandbits(48):012x}",
        "a lot number of thousands": lambda rng: f"{rng.randrange(1000):03}",
        "an invoice number of thousands": lambda rng: (
            f"{rng.randrange(numbers) + 1:09}"
        ),
        "one invoice": lambda rng: f"{lot(rng)}/{rng.randrange(20) + 1}",
        "a payer's reference": lambda rng: f"R{rng.randrange(lots):012}",
        "a return": lambda rng: f"retour-{rng.randrange(dispatches)}",
        "a payment": lambda rng: f"PAYd{rng.randrange(deposits):09}-7",
        "a sender's number": lambda rng: f"S{rng.randrange(console_rows.SENDERS)}",
        "a sender's name": lambda rng: f"nom{rng.randrange(console_rows.SENDERS)}",
        "a case": lambda rng: f"a{rng.randrange(console_rows.CASES)}",
        "nothing that is there": lambda rng: f"x{rng.getrandbits(40)}",
    }


_RNG = random.Random(1)


def _found(typed: Callable[[random.Random], str]) -> str:
    return f"/console/search?q={typed(_RNG)}"


def _timed(browser: Browser, path: str) -> float:
    """Ask for a page, not for where it leads; return milliseconds."""
    began = time.perf_counter()
    got = browser.look(path)
    taken = (time.perf_counter() - began) * 1000
    assert got.status in {200, 303}, f"{path}: {got.status}"
    return taken


def _patient(browser: Browser) -> float:
    """Search for a patient through the form, with all that is journaled."""
    browser.get("/console/search/patient")
    began = time.perf_counter()
    browser.send(
        "/console/search/patient",
        number=str(_RNG.getrandbits(40)),
        purpose="support",
        words="a measurement",
    )
    return (time.perf_counter() - began) * 1000


def _counts(site: Site) -> Snapshot:
    house = site.gateway.house
    now, directory = house.now(), house.directory()
    taken = house.database.read(snapshot.take, now, None)
    return house.database.read(snapshot.count, now, directory, taken)


def _row(work: str, taken: list[float], limit: float) -> Row:
    """Compare the worst with the limit, but for the first, which warms up."""
    taken = taken[1:]
    worst, middle = max(taken), statistics.median(taken)
    return Row(
        work=work,
        against=f"its limit of {limit:.0f} ms",
        goal=Goal(must=1.0, lower=True),
        unit="milliseconds",
        ours=worst,
        theirs=limit,
        ratio=worst / limit,
        low=min(taken) / limit,
        high=worst / limit,
        runs=len(taken),
        note=f"worst {worst:.0f} ms, median {middle:.0f} ms",
    )


def _weight(page: int) -> Row:
    """Weigh the first screen: the page, and all that it loads, as it is sent."""
    total = page + sum(len(static_file(name)[0]) for name in _STATIC)
    return Row(
        work="console: weight of the first screen",
        against="its limit of 150 kB",
        goal=Goal(must=1.0, lower=True),
        unit="bytes",
        ours=total,
        theirs=_WEIGHT,
        ratio=total / _WEIGHT,
        low=total / _WEIGHT,
        high=total / _WEIGHT,
        runs=1,
        note=f"{total / 1000:.0f} kB, the page {page / 1000:.0f} kB of it",
    )
