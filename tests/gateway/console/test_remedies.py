"""A second person's word on remedies, and yes or no on likely matches."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert

from gateway.journal import schema
from tests.gateway.console.browser import Browser, Console
from tests.gateway.steps import toy
from tests.gateway.steps.site import Site

FILE = b"TOY S1\nLOT 001 P1\nINV 1 1000\n"


def waiting(site: Site, count: int = 1) -> list[str]:
    """Have remedies wait for a second person."""
    site.deposit(FILE)
    site.run()
    (dispatch,) = site.rows(schema.dispatch)
    (lot,) = site.rows(schema.lot)
    rows = [
        {
            "id": f"m{number:05}",
            "lot_id": lot.id,
            "dispatch_id": dispatch.id,
            "payer_id": "payer-P1",
            "flow": "billing",
            "kind": "resend",
            "state": "approval",
            "words": "<b>over the amount</b>",
            "asked": 1000,
            "at": site.at,
        }
        for number in range(count)
    ]

    def write(tx: Any) -> None:
        tx.connection.execute(insert(schema.remedy), rows)

    site.gateway.database.write("remedies", write)
    return [str(row["id"]) for row in rows]


def proof_of(browser: Browser) -> str:
    browser.get("/console/anomalies")
    return str(browser.page.xpath("//input[@name='proof']/@value")[0])


def test_a_second_person_agrees_or_refuses(site: Site, console: Console) -> None:
    """On the page itself, each with a name; what was decided waits no longer."""
    first, second = waiting(site, 2)
    browser = console.browser("operator")
    browser.get("/console/remedies?state=approval")
    assert b"<b>over" not in browser.got.body
    browser.send(f"/console/remedies/{first}", word="agree")
    assert "it is done next" in browser.text
    browser.send(f"/console/remedies/{second}", word="refuse")
    states = {row.id: (row.state, row.approved_by) for row in site.rows(schema.remedy)}
    assert states == {
        first: ("planned", "operator-1"),
        second: ("denied", "operator-1"),
    }
    browser.get("/console/remedies?state=approval")
    assert "No remedy waits" in browser.text


def test_what_does_not_wait_is_said(site: Site, console: Console) -> None:
    """Decided, unknown, or no word at all: nothing changes, and the page says so."""
    (name,) = waiting(site)
    browser = console.browser("operator")
    proof = proof_of(browser)
    assert browser.post(f"/console/remedies/{name}", {"proof": proof}).status == 422
    sent = {"proof": proof, "word": "agree"}
    assert browser.post("/console/remedies/m-none", sent).status == 409
    assert browser.post(f"/console/remedies/{name}", sent).status == 200
    assert browser.post(f"/console/remedies/{name}", sent).status == 409


def test_remedies_are_listed_a_screen_at_a_time(site: Site, console: Console) -> None:
    """The newest first; filters are kept from screen to screen."""
    names = waiting(site, 60)
    browser = console.browser("viewer")
    browser.get("/console/remedies?payer=payer-P1&kind=resend")
    assert len(browser.page.xpath("//tbody/tr")) == 50
    browser.get(browser.page.xpath("//a[@rel='next']/@href")[0])
    assert len(browser.page.xpath("//tbody/tr")) == len(names) - 50
    browser.get("/console/remedies?payer=nobody")
    assert "No remedy fits" in browser.text
    assert not browser.page.xpath("//main//form[@method='post']")


def test_a_form_leads_back_within_the_console_only(
    site: Site, console: Console
) -> None:
    """Where a form was is where it leads; another site's address is not followed."""
    first, second = waiting(site, 2)
    browser = console.browser("operator")
    proof = proof_of(browser)
    for name, back, leads in (
        (first, "/console/matches", "/console/matches"),
        (second, "https://evil.example/", "/console/remedies?state=approval"),
    ):
        sent = {"proof": proof, "word": "refuse", "back": back}
        browser.post(f"/console/remedies/{name}", sent)
        assert browser.at == f"https://door{leads}"


def test_a_match_is_asked_about(site: Site, console: Console) -> None:
    """Nothing waits; a word on none is told; a viewer may not say one."""
    browser = console.browser("operator")
    proof = proof_of(browser)
    browser.get("/console/matches")
    assert "No match waits" in browser.text
    for word, status in (("confirm", 409), ("refuse", 409), ("perhaps", 422)):
        sent = {"proof": proof, "name": "r0/1/d0-1/1", "word": word}
        assert browser.post("/console/matches", sent).status == status
    for place in ("9" * 20, "9" * 5000, "4294967296"):
        sent = {"proof": proof, "name": f"r0/{place}/d0-1/{place}", "word": "confirm"}
        assert browser.post("/console/matches", sent).status == 409
    viewer = console.browser("viewer")
    sent = {"proof": proof_of(viewer), "name": "r0/1/d0-1/1", "word": "confirm"}
    assert viewer.post("/console/matches", sent).status == 403


def test_a_likely_answer_is_given_to_its_claim_from_the_case(
    site: Site, console: Console
) -> None:
    """Two visits are alike: one is confirmed, the other is not asked about any more."""
    site.deposit(toy.deposit("S1", "001 P1: 1-a=1000", "002 P1: 1-b=1000"))
    site.run()
    said = b"TORETURN payment\nclaim lost/key paid 1000 S1 patient=S11 number=77\n"
    site.payer().answer("a.ret", said)
    site.run()
    (case,) = site.rows(schema.anomaly)
    browser = console.browser("operator")
    browser.get(f"/console/anomalies/{case.id}")
    assert len(browser.page.xpath("//form[@action='/console/matches']")) == 2
    browser.send("/console/matches", word="confirm")
    assert browser.at == f"https://door/console/anomalies/{case.id}"
    assert "The claim has its answer" in browser.text
    assert {row.state for row in site.rows(schema.proposal)} == {
        "confirmed",
        "overtaken",
    }
    assert site.anomalies() == {"return-orphans": "resolved"}
