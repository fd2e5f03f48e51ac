"""The list of enrolments: who must act, since when, and saying how one stands."""

from __future__ import annotations

import json
from typing import Any

from gateway.api import cursors
from gateway.journal import enrolments, schema
from gateway.journal.enrolments import Stated
from routing.enrolment import EnrolmentState
from tests.gateway.console.browser import Browser, Console
from tests.gateway.steps.site import Site

LOTS = b"TOY S1\nLOT 001 P1\nINV 1 1000\n"
EVIL = "<script>alert(1)</script>\"'=cmd"


def state(site: Site, *stated: tuple[str, EnrolmentState]) -> None:
    """Put the enrolments of senders with payer P1 where they stand."""
    toy = site.networks["toy"]
    rows = [Stated(toy, who, "payer-P1", "billing", how) for who, how in stated]
    site.gateway.database.write(
        "enrol", lambda tx: enrolments.state_all(tx, rows, source="import")
    )


def senders(browser: Browser) -> list[str]:
    found = browser.page.xpath("//tbody/tr/th")
    return [each.text_content().split()[0] for each in found]


def test_the_list_tells_who_must_act_and_since_when(
    site: Site, console: Console
) -> None:
    """What nobody has to act for is shown only where it is asked for."""
    state(site, ("A", EnrolmentState.OPEN), ("B", EnrolmentState.TO_SIGN))
    state(site, ("C", EnrolmentState.REQUESTED))
    site.at += 3 * 86_400
    browser = console.browser("viewer")

    browser.get("/console/enrolments")
    assert senders(browser) == ["B", "C"]
    assert "3 days" in browser.text
    for query, wanted in (
        ("acts=payer", ["C"]),
        ("acts=sender", ["B"]),
        ("acts=all", ["A", "B", "C"]),
        ("state=open", ["A"]),
        ("sender=b", ["B"]),
        ("payer=payer-P2", []),
        ("state=nothing", []),
    ):
        browser.get(f"/console/enrolments?{query}")
        assert senders(browser) == wanted, query


def test_the_list_goes_on_after_a_screen(site: Site, console: Console) -> None:
    """None is skipped and none comes twice; a forged cursor begins anew."""
    names = [f"S{number:03}" for number in range(70)]
    state(site, *((name, EnrolmentState.ABSENT) for name in names))
    browser = console.browser("viewer")
    browser.get("/console/enrolments")
    first = senders(browser)
    browser.get(browser.page.xpath('//p[@class="pager"]/a/@href')[0])

    assert [*first, *senders(browser)] == names
    keys: list[list[Any]] = [["\ud800"] * 4, ["\0"] * 4, [1, 2, 3, 4], ["a"]]
    made = [cursors.write("enrolments", tuple(key)) for key in keys]
    deep = "[" * 5000
    for forged in (*made, deep, "x", "[1,2,3,4]", "{}", '["a"]', "null"):
        assert browser.get(f"/console/enrolments?after={forged}").status == 200
        assert senders(browser) == first


def test_an_enrolment_that_opens_lets_its_lots_go(site: Site, console: Console) -> None:
    """As `octway enrol set` does: the word is kept with who said it."""
    site.change("P1", enrolment=True, flows=("billing",))
    site.deposit(LOTS)
    site.run()
    browser = console.browser("operator")
    browser.get("/console/enrolments")
    assert [
        each.text_content()
        for each in browser.page.xpath("//td[@data-label='Lots held']")
    ] == ["1"]

    browser.send("/console/enrolments", sender="S1", state="open", words="by letter")
    site.settle()

    (row,) = site.rows(schema.enrolment)
    assert (row.state, row.source) == ("open", "staff")
    assert row.words == "by letter (operator-1)"
    assert site.states(schema.lot) == ["sent"]
    assert senders(browser) == []


def test_what_cannot_be_meant_is_said(site: Site, console: Console) -> None:
    """What was typed is there again, and nothing is noted."""
    site.change("P1", flows=("billing",))
    browser = console.browser("operator")
    browser.get("/console/enrolments")
    good = {"sender": "S1", "payer": "payer-P1", "flow": "", "state": "open"}
    for wrong in (
        {"sender": ""},
        {"sender": EVIL},
        {"payer": "nobody"},
        {"flow": EVIL},
        {"state": "forged"},
    ):
        got = browser.send("/console/enrolments", **(good | wrong), words=EVIL)
        assert got.status == 422, wrong
        assert b"<script>alert" not in got.body
        assert browser.page.xpath('//input[@id="new-words"]/@value') == [EVIL]
    assert site.rows(schema.enrolment) == []


def test_who_may_only_look_notes_nothing(site: Site, console: Console) -> None:
    """There is no form; a forged one is refused, and noted."""
    browser = console.browser("auditor")
    browser.get("/console/enrolments")
    assert "Nobody has to act" in browser.text
    proof = browser.page.xpath('//input[@name="proof"]/@value')[0]
    assert browser.post("/console/enrolments", {"proof": proof}).status == 403
    (event,) = site.rows(schema.event, schema.event.c.kind == "staff.refused")
    assert json.loads(event.facts)["right"] == "work"
