"""The room *Payers*: what staff see of each payer, and what they may do there."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve

from config.directory_records import (
    CalendarEntry,
    Closed,
    CodeEntry,
    Playbook,
    RemedyEntry,
    Within,
)
from gateway.committing import Tx
from gateway.journal import circuits, schema
from gateway.journal.cohorts import Cohort
from gateway.journal.schema_owed import SENT
from protocols.catalog import Catalog
from tests.engines import ON_SQLITE
from tests.gateway.console.browser import Browser, Console
from tests.gateway.steps.site import Site, closed_now

pytestmark = ON_SQLITE  # what these pages ask has its own tests on both engines

FILE = b"TOY S1 7\nLOT 001 P1\nINV a 1000\n"
EVIL = "<script>alert(1)</script>\"'../\r\n=cmd"


@pytest.fixture
def console(site: Site) -> Console:
    """The console of a house that has the real channels."""
    house = evolve(site.gateway.house, catalog=Catalog.installed())
    return Console(house)


def fail(site: Site, cause: str, *, at_once: bool = True) -> None:
    """Have the endpoint of a payer fail until it is not tried for a while."""
    site.gateway.database.write(
        "fail", lambda tx: circuits.failed(tx, "e-P1", cause, at_once=at_once)
    )


def events(site: Site, kind: str) -> list[dict[str, Any]]:
    rows = site.rows(schema.event, schema.event.c.kind == kind)
    return [json.loads(row.facts) | {"subject": row.subject} for row in rows]


def cells(browser: Browser, label: str) -> list[str]:
    """Read a column of the page's tables."""
    found = browser.page.xpath(f'//td[@data-label="{label}"]')
    return [" ".join(each.text_content().split()) for each in found]


def test_the_list_tells_state_window_and_that_a_payer_is_simulated(
    site: Site, console: Console
) -> None:
    """A payer that is down comes first, with since when and why."""
    site.change(
        "P2", delivery=evolve(site.entries["P2"].delivery, windows=closed_now(site.at))
    )
    fail(site, "payer-unavailable")
    browser = console.browser("viewer")

    browser.get("/console/payers")

    assert browser.page.xpath("//tbody/tr[1]//a/@href")[0] == "/console/payers/payer-P1"
    assert cells(browser, "State")[0].startswith("down")
    assert "payer-unavailable" in cells(browser, "State")[0]
    assert cells(browser, "State")[1] == "in service"
    assert cells(browser, "Window")[1].startswith("opens")
    assert all("simulated" in each for each in cells(browser, "Network"))


def test_the_list_is_filtered(console: Console) -> None:
    """By a code, a network or a state; what fits none is said."""
    browser = console.browser("viewer")
    browser.get("/console/payers?q=p2")
    assert browser.page.xpath("//tbody/tr//small/text()")[0] == "payer-P2"
    browser.get("/console/payers?state=down")
    assert "No payer fits." in browser.text
    browser.get("/console/payers?network=toy")
    assert len(browser.page.xpath("//tbody/tr")) == 2


def test_one_payer_tells_its_entry_and_mergers(site: Site, console: Console) -> None:
    """Codes lead to the payer that took over, and back; the days say why they are closed."""
    today = datetime.fromtimestamp(site.at, UTC).date()
    ended = CodeEntry("OLD", date(2020, 1, 1), today - timedelta(days=9), "P2")
    closed = (Closed(today + timedelta(days=1), today + timedelta(days=1), "move"),)
    site.change(
        "P1",
        codes=(*site.entries["P1"].codes, ended),
        calendar=CalendarEntry(closed=closed),
        playbook=Playbook(
            remedies=(RemedyEntry("look-again", 2, Within(1, 0.0)),),
            approve_above=50_000,
        ),
        rules={"max_lines": 3},
    )
    browser = console.browser("viewer")

    browser.get("/console/payers/payer-P1")
    assert cells(browser, "Taken over by") == ["–", "P2 P2"]
    for words in ("outbox at once", "500.00", "max_lines", "move", "weekend", "1 hour"):
        assert words in browser.text

    browser.get("/console/payers/payer-P2")
    assert cells(browser, "Took over") == ["OLD P1"]


def test_a_twin_of_the_sandbox_leads_to_its_payer(console: Console) -> None:
    """Whatever a test client sent links there; it used to be a page that fails."""
    browser = console.browser("viewer")

    browser.get("/console/payers/sandbox~acme-test~payer-P1")

    assert browser.got.status == 200
    assert browser.at.endswith("/console/payers/payer-P1")
    assert "simulated twin of this payer" in browser.text


def test_what_went_and_came_last_is_there(site: Site, console: Console) -> None:
    """Dispatches, returns and the numbers of files, each with a link to its life."""
    site.deposit(FILE)
    site.settle()
    (name,) = site.payer().files()
    site.payer().answer("r1", b"TORETURN payment 1\nclaim S1/001/a paid 1000 S1\n")
    site.settle()
    browser = console.browser("viewer")

    browser.get("/console/payers/payer-P1")

    (dispatch,) = site.rows(schema.dispatch)
    (returned,) = site.rows(schema.payer_return)
    links = browser.page.xpath("//main//a/@href")
    assert f"/console/dispatches/{dispatch.id}" in links
    assert f"/console/returns/{returned.id}" in links
    assert name in browser.text
    assert "we, its dispatches" in cells(browser, "Who numbers")


def count(site: Site, sent_on: date, *answers: tuple[int, int]) -> None:
    """Count a hundred claims that were sent on a day, and answers so many days after."""
    cohort = Cohort("payer-P1", "toy", "payment", sent_on.isoformat())

    def write(tx: Tx) -> None:
        tx.count(cohort, 100, 10_000)
        for after, claims in answers:
            tx.count(cohort._replace(after=after), claims, claims)

    assert cohort.after == SENT
    site.gateway.database.write("count", write)


def test_delays_and_no_response_are_drawn_and_told(
    site: Site, console: Console
) -> None:
    """The plot has a table for those who do not see it, and the objective is in both."""
    today = datetime.fromtimestamp(site.at, UTC).date()
    for week in range(5, 20):
        count(site, today - timedelta(days=7 * week), (2, 60), (9, 30))
    browser = console.browser("viewer", **{"Accept-Language": "fr"})

    browser.get("/console/payers/payer-P1")

    plots = browser.page.xpath('//*[local-name()="svg"]')
    assert len(plots) == 2
    assert len({each.get("aria-labelledby") for each in plots}) == 2
    assert "payment" in browser.text
    assert "10,0 %" in browser.text  # that have no answer
    assert "5,0 %" in browser.text  # the objective after thirty days
    site.gateway.database.write("clean", _forget)


def test_a_curve_that_is_not_there_yet_says_when_it_will_be(console: Console) -> None:
    """A young gateway has seen nothing whose day is over."""
    browser = console.browser("viewer")
    browser.get("/console/payers/payer-P1")
    assert "begins with the first answer whose day is over" in browser.text
    assert "Once 50 answers are old enough" in browser.text


def _forget(tx: Tx) -> None:
    tx.connection.execute(schema.cohort.delete())


def test_a_test_tells_whether_the_payer_answers(site: Site, console: Console) -> None:
    """The result is on the page; who tested is noted."""
    browser = console.browser("operator")
    browser.get("/console/payers/payer-P1")
    browser.send("/console/payers/payer-P1/test")
    assert "It answers:" in browser.text

    site.payer().inbox.rename(site.payer().inbox.with_name("away"))
    browser.send("/console/payers/payer-P1/test")
    assert browser.page.xpath('//p[@class="wrong"]')
    assert "It does not answer:" in browser.text
    told = events(site, "payer.tested")
    assert [each["answers"] for each in told] == [True, False]
    assert {each["by"] for each in told} == {"operator-1"}
    site.payer().inbox.with_name("away").rename(site.payer().inbox)


def test_an_endpoint_is_tried_again_at_once(site: Site, console: Console) -> None:
    """One attempt is let through, and it is noted who wanted it."""
    fail(site, "payer-unavailable")
    browser = console.browser("operator")
    browser.get("/console/payers/payer-P1")

    browser.send("/console/payers/payer-P1/circuit")

    assert "tried at once" in browser.text
    row = site.row(schema.circuit)
    assert row is not None
    assert row.until <= site.at
    assert [each["by"] for each in events(site, "circuit.hurried")] == ["operator-1"]


@pytest.mark.parametrize("cause", ["credentials-refused", "untrusted-host"])
def test_a_lock_out_is_tried_again_only_once_it_is_mended(
    site: Site, console: Console, cause: str
) -> None:
    """Trying a refused login again may lock us out for longer: a person must say so."""
    fail(site, cause)
    browser = console.browser("operator")
    browser.get("/console/payers/payer-P1")

    browser.send("/console/payers/payer-P1/circuit")
    assert browser.got.status == 422
    assert events(site, "circuit.hurried") == []

    browser.send("/console/payers/payer-P1/circuit", mended="1")
    assert browser.got.status == 200
    assert len(events(site, "circuit.hurried")) == 1


def test_the_entry_is_exported_without_what_an_endpoint_holds(
    site: Site, console: Console
) -> None:
    """It is a file to keep, of the version in force; settings of an endpoint stay here."""
    data = evolve(
        site.directory().data,
        sources={
            "p1.toml": {
                "payer": {"id": "payer-P1", "name": "P1"},
                "endpoint": {"channel": "sftp", "settings": {"user": "hidden-user"}},
            }
        },
    )
    site.directory.replace(type(site.directory())(data))
    browser = console.browser("viewer")

    got = browser.get("/console/payers/payer-P1/export")

    assert got.headers["Content-Disposition"] == 'attachment; filename="payer-P1.json"'
    assert got.headers["Content-Type"] == "application/json"
    assert got.json()["entry"]["payer"]["name"] == "P1"
    assert b"hidden-user" not in got.body


def test_who_may_only_look_cannot_test_or_reset(site: Site, console: Console) -> None:
    """Existing and missing payers look alike to who has not the right, and it is noted."""
    browser = console.browser("viewer")
    browser.get("/console/payers/payer-P1")
    assert not browser.page.xpath('//main//form[@method="post"]')
    proof = browser.page.xpath('//input[@name="proof"]/@value')[0]

    told = set()
    for payer in ("payer-P1", "nobody"):
        for what in ("test", "circuit"):
            browser.post(f"/console/payers/{payer}/{what}", {"proof": proof})
            told.add((browser.got.status, browser.text))

    assert len(told) == 1
    assert browser.got.status == 403
    assert len(events(site, "staff.refused")) == 4
    assert events(site, "payer.tested") == []


def test_a_payer_that_is_not_there_is_a_page(console: Console) -> None:
    """A wrong name is told; nothing of it is run or repeated as markup."""
    browser = console.browser("viewer")
    assert browser.get("/console/payers/nobody").status == 404
    assert browser.get("/console/payers/%3Cscript%3E").status == 404


def test_nothing_of_a_payer_is_markup(site: Site, console: Console) -> None:
    """Names, codes, rules and what a payer calls its files are shown as they are."""
    site.change(
        "P1",
        name=EVIL,
        codes=(CodeEntry(EVIL, None, None, EVIL),),
        rules={EVIL: EVIL},
        calendar=CalendarEntry(
            closed=(Closed(date(2000, 1, 1), date(2100, 1, 1), EVIL),)
        ),
    )
    browser = console.browser("viewer")
    for path in ("", "/payer-P1"):
        browser.get(f"/console/payers{path}")
        assert browser.got.status == 200
        assert b"<script>alert" not in browser.got.body
    site.change("P1", codes=(CodeEntry("P1", None, None, None),))
