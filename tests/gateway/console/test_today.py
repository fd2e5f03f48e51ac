"""What a person sees who comes in the morning."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import insert

from gateway.console.templates import static_file
from gateway.journal import circuits, schema, snapshot
from gateway.journal.schema_owed import SENT
from tests.gateway.console.browser import Console
from tests.gateway.steps import toy
from tests.gateway.steps.site import Site

_DAY = 86_400.0
_MOST = 150_000  # bytes of the first screen


def count(site: Site, console: Console) -> None:
    """Count as the node does for its gauges."""
    house = site.gateway.house
    taken = house.database.read(snapshot.take, house.now(), None)
    console.counts = house.database.read(
        snapshot.count, house.now(), house.directory(), taken
    )


def test_a_fresh_node_shows_the_day_before_its_first_count(
    site: Site, console: Console
) -> None:
    """The first count may take long; the page does not wait for it."""
    site.deposit(toy.deposit("S1", "001 P1: 1=1000"))
    site.deposit(b"\0 what is this")
    site.run()
    browser = console.browser("viewer")

    browser.get("/console")

    assert browser.got.status == 200
    assert "2 deposits came in" in browser.text
    assert "1 could not be read" in browser.text
    browser.get("/console/deposits?since=today&state=unreadable")
    assert len(browser.page.xpath("//tbody/tr")) == 1


def test_payers_that_are_down_are_named(site: Site, console: Console) -> None:
    """Since when nothing goes to a payer, and why; one that answers again is gone."""
    database = site.gateway.database
    since = site.now()
    for _ in range(2):
        database.write(
            "down", lambda tx: circuits.failed(tx, "e-P1", "refused", at_once=True)
        )
        site.at += 1
    browser = console.browser("viewer")

    browser.get("/console")

    (line,) = browser.page.xpath("//section[@aria-labelledby='down']//li")
    assert line.xpath("./a/@href") == ["/console/payers/payer-P1"]
    assert "refused" in line.text_content()
    began = datetime.fromtimestamp(since, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert line.xpath("./time/@datetime")[0] == began
    database.write("up", lambda tx: circuits.succeeded(tx, "e-P1"))
    browser.get("/console")
    assert "Payers that are down" not in browser.text


def test_the_longest_overdue_answer_leads_to_its_list(
    site: Site, console: Console
) -> None:
    """It is named with its payer, and is the first of the list behind it."""
    site.deposit(toy.deposit("S1", "001 P1: 1=1000", "002 P2: 2=500"))
    site.run()
    site.at += 3 * _DAY
    site.run("watch")
    count(site, console)
    browser = console.browser("viewer")

    browser.get("/console")
    (figure,) = browser.page.xpath(
        "//ul[@class='figures']//a[contains(., 'longest overdue')]"
    )
    browser.get(figure.get("href"))

    assert len(browser.page.xpath("//tbody/tr")) >= 1
    assert "/console/lots/" in browser.page.xpath("//tbody//th/a/@href")[0]


def test_the_no_response_curve_stands_beside_its_objective(
    site: Site, console: Console
) -> None:
    """Rates by week of sending, drawn and as a table; too high a rate is marked."""
    rows = [
        {
            "payer_id": "payer-P1",
            "flow": "billing",
            "kind": "payment",
            "sent_on": day,
            "after": after,
            "chased": 0,
            "claims": claims,
            "asked": 0,
        }
        for day in ("2026-08-03", "2026-09-07")
        for after, claims in ((SENT, 100), (3, 60), (20, 30))
    ]
    cohort = schema.cohort
    site.gateway.database.write(
        "cohorts", lambda tx: tx.connection.execute(insert(cohort), rows)
    )
    count(site, console)
    site.gateway.database.write(  # which the site's own check does not know
        "cohorts", lambda tx: tx.connection.execute(cohort.delete())
    )
    browser = console.browser("viewer")

    browser.get("/console")

    assert browser.page.xpath("//section[@aria-labelledby='curve']//*[name()='svg']")
    cells = browser.page.xpath("//section[@aria-labelledby='curve']//tbody//td")
    shown = [" ".join(each.text_content().split()) for each in cells[:3]]
    assert shown == ["40.0 % ↑", "10.0 % ↑", "10.0 % ↑"]


def test_the_first_screen_is_light(site: Site, console: Console) -> None:
    """Page, style, scripts and icon together weigh less than a photograph."""
    browser = console.browser("viewer")
    browser.get("/console")
    files = ("console.css", "console.js", "htmx.min.js", "icon.svg")
    total = len(browser.got.body) + sum(len(static_file(each)[0]) for each in files)
    assert total < _MOST


def test_a_case_is_called_the_same_as_at_the_desk(site: Site, console: Console) -> None:
    """What holds lots is its name there; nobody looks for another one on this page."""
    site.deposit(toy.deposit("S1", "001 P9: 1=1000"))
    site.run()
    browser = console.browser("viewer")

    names = []
    for page in ("/console", "/console/anomalies"):
        browser.get(page)
        names.append(browser.page.xpath("string(//tbody/tr/th/a)").strip())

    assert names == ["Unknown payer", "Unknown payer"]
