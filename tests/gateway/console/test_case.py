"""One case: what is shown of it, and what a person does about it."""

from __future__ import annotations

from typing import Any

from gateway.journal import anomalies, case_work, schema
from routing.lifecycle import AnomalyEvent
from tests.engines import ON_SQLITE
from tests.gateway.console.browser import Browser, Console
from tests.gateway.console.test_cases import raise_cases
from tests.gateway.steps.site import Site

pytestmark = ON_SQLITE  # what these pages ask has its own tests on both engines

HELD = b"TOY S1\nLOT 001 P9\nINV 1 1000\nINV 2 500\n"


def held_case(site: Site) -> tuple[str, str]:
    """Deposit a lot that no payer is known for; return its case and the lot."""
    stored = site.deposit(HELD)
    site.run()
    (row,) = site.rows(schema.anomaly, schema.anomaly.c.kind == "lot-held")
    return row.id, f"{stored.deposit}-1"


def state_of(site: Site, case: str) -> tuple[str, str]:
    """Tell the state of a case, and whose it is."""
    (row,) = site.rows(schema.anomaly, schema.anomaly.c.id == case)
    return row.state, row.assignee


def at(case: str, form: str = "") -> str:
    """Write the address of a case, or of one of its forms."""
    return f"/console/anomalies/{case}" + (f"/{form}" if form else "")


def post(browser: Browser, case: str, form: str, **fields: Any) -> int:
    """Send a form of a case's page, whether it is shown or not."""
    browser.get(at(case))
    page = browser.page
    proof = page.xpath("//input[@name='proof']/@value")[0]
    was = (page.xpath("//input[@name='was']/@value") or [""])[0]
    sent = {"proof": proof, "was": was} | fields
    return browser.post(at(case, form), sent).status


def test_a_case_tells_what_why_and_what_to_do(site: Site, console: Console) -> None:
    """Kind, cause, words, claims, amount, advice, what is behind it, and its history."""
    case, lot = held_case(site)
    browser = console.browser("viewer")
    browser.get(at(case))
    for words in (
        "Unknown payer",
        "have the operator add the code to a payer of the directory",
        "2 claims",
        "15.00",
        lot,
        "Raised",
    ):
        assert words in browser.text, words
    assert browser.page.xpath(f"//a[@href='/console/lots/{lot}']")
    assert not browser.page.xpath("//main//form"), "who only sees has nothing to send"


def test_a_case_whose_answers_came_asks_for_nothing(
    site: Site, console: Console
) -> None:
    """It names no button that is not there while it waits to be closed."""
    case = site.gateway.database.write(
        "missing",
        lambda tx: anomalies.raise_(
            tx,
            site.entropy,
            kind="answer-missing",
            severity=anomalies.ERROR,
            subject="payer-P1:billing:silent",
            words="w",
            payer="payer-P1",
        ),
    )
    browser = console.browser("operator")
    browser.get(at(case))
    assert "It closes by itself" in browser.text
    assert "Chase its answers anew" not in browser.text


def test_a_case_goes_from_hand_to_hand(site: Site, console: Console) -> None:
    """Taken, given, commented, closed with a reason, opened again: each by name."""
    site.staff("lea")
    (case,) = raise_cases(site, 1)
    browser = console.browser("operator")
    browser.get(at(case))
    browser.send(at(case, "assign"), to="operator-1")
    assert state_of(site, case) == ("assigned", "operator-1")
    browser.send(at(case, "assign"), to="lea")
    assert state_of(site, case) == ("assigned", "lea")
    browser.send(at(case, "unassign"))
    assert state_of(site, case) == ("open", "")
    browser.send(at(case, "comment"), words="asked the fund\nand waits")
    assert "asked the fund" in browser.text
    browser.send(
        at(case, "resolve"), reason="The cause was mended", why="by the fund itself"
    )
    (row,) = site.rows(schema.anomaly, schema.anomaly.c.id == case)
    assert row.resolution == "The cause was mended: by the fund itself"
    browser.send(at(case, "reopen"), why="it was not")
    assert state_of(site, case) == ("open", "")
    assert "Resolved by operator-1: The cause was mended" in browser.text


def test_what_is_missing_in_a_form_is_asked_for(site: Site, console: Console) -> None:
    """Without a reason, words, a person or a moment nothing is done, and the page says so."""
    (case,) = raise_cases(site, 1)
    browser = console.browser("operator")
    for form, fields in (
        ("resolve", {"reason": "", "why": "  "}),
        ("resolve", {"reason": "one that nobody offers"}),
        ("comment", {"words": " "}),
        ("assign", {"to": "nobody-known"}),
        ("snooze", {"until": "date", "date": "yesterday"}),
        ("snooze", {"until": "date", "date": "2001-01-01"}),
        ("snooze", {"until": "date", "date": "9999-12-31"}),
        ("snooze", {}),
        ("things", {"action": "replay"}),
        ("things", {"action": "melt", "thing": "x"}),
    ):
        assert post(browser, case, form, **fields) == 422, (form, fields)
        assert browser.page.xpath("//*[@role='alert']")
    assert state_of(site, case) == ("open", "")


def test_a_case_that_changed_meanwhile_is_not_overwritten(
    site: Site, console: Console
) -> None:
    """Two people on one page: the second is told what the first did."""
    site.staff("lea")
    (case,) = raise_cases(site, 1)
    browser = console.browser("operator")
    browser.get(at(case))
    site.gateway.database.write(
        "first", lambda tx: case_work.assign(tx, case, "lea", by="lea")
    )
    browser.send(at(case, "assign"), to="operator-1")
    assert browser.got.status == 409
    assert "changed meanwhile: it is assigned (lea)" in browser.text
    assert state_of(site, case) == ("assigned", "lea")


def test_a_case_is_put_off_and_comes_back(site: Site, console: Console) -> None:
    """At eight in the morning of the console's zone, to whoever had it."""
    (case,) = raise_cases(site, 1)
    browser = console.browser("operator")
    browser.get(at(case))
    browser.send(at(case, "assign"), to="operator-1")
    browser.send(at(case, "snooze"), until="date", date="2026-11-30")
    assert state_of(site, case) == ("snoozed", "operator-1")
    browser.get("/console/anomalies")
    assert "nothing needs a person" in browser.text
    (row,) = site.rows(schema.anomaly, schema.anomaly.c.id == case)
    site.at = row.snoozed_until
    site.run("watch")
    assert state_of(site, case) == ("assigned", "operator-1")
    assert row.snoozed_until % 86_400 == 7 * 3600  # 8:00 in Paris in winter


def test_a_held_lot_is_routed_again_from_its_case(site: Site, console: Console) -> None:
    """Or withdrawn, which needs a reason."""
    case, lot = held_case(site)
    browser = console.browser("operator")
    assert post(browser, case, "things", thing=lot, action="replay") == 200
    assert "the gateway goes on with it" in browser.text
    assert site.states(schema.lot) == ["new"]
    site.run()
    assert post(browser, case, "things", thing=lot, action="withdraw") == 422
    assert (
        post(browser, case, "things", thing=lot, action="withdraw", why="by mistake")
        == 200
    )
    assert site.states(schema.lot) == ["withdrawn"]
    assert post(browser, case, "things", thing=lot, action="now") == 409
    assert "Not behind this case, or not any more" in browser.text


def test_only_what_is_behind_a_case_is_acted_on_from_it(
    site: Site, console: Console
) -> None:
    """A lot that another case is about, or none, is told; nothing is done with the rest."""
    case, lot = held_case(site)
    (other,) = raise_cases(site, 1)
    browser = console.browser("operator")
    given = {"action": "withdraw", "why": "by mistake"}
    assert post(browser, other, "things", thing=lot, **given) == 409
    assert f"Not behind this case, or not any more: {lot}" in browser.text
    assert post(browser, case, "things", thing=[lot, "d0-1"], **given) == 409
    assert site.states(schema.lot) == ["held"]


def test_what_waits_for_a_payer_that_is_away_is_at_its_case(
    site: Site, console: Console
) -> None:
    """And can be handed over now, or said to have been carried there."""
    site.deposit(b"TOY S1\nLOT 001 P1\nINV 1 1000\n")
    site.run("split", "route", "gather")
    (dispatch,) = site.rows(schema.dispatch)
    case = site.gateway.database.write(
        "away",
        lambda tx: anomalies.raise_(
            tx,
            site.entropy,
            kind="payer-unreachable",
            severity=anomalies.WARNING,
            subject=dispatch.endpoint_id,
            payer="P1",
            words="away",
        ),
    )
    browser = console.browser("operator")
    browser.get(at(case))
    assert browser.page.xpath(f"//a[@href='/console/dispatches/{dispatch.id}']")
    actions = set(browser.page.xpath("//button[@name='action']/@value"))
    assert {"now", "delivered"} <= actions


def test_a_refused_dispatch_was_delivered_by_hand(site: Site, console: Console) -> None:
    """Reason and proof are asked for; its answers are owed then, and the case is closed."""
    site.deposit(b"TOY S1\nLOT 001 P1\nINV 1 1000\n")
    site.run("split", "route", "gather")
    (dispatch,) = site.rows(schema.dispatch)

    def refuse(tx: Any) -> str:
        tx.connection.execute(
            schema.dispatch.update().values(state="refused", cause="unclear")
        )
        return anomalies.raise_(
            tx,
            site.entropy,
            kind="dispatch-unclear",
            severity=anomalies.ERROR,
            subject=dispatch.id,
            words="may be there",
            payer="payer-P1",
        )

    case = site.gateway.database.write("refuse", refuse)
    browser = console.browser("operator")
    given = {"thing": dispatch.id, "action": "delivered"}
    assert post(browser, case, "things", **given, why="their server was down") == 422
    assert post(browser, case, "things", **given, evidence="receipt 4711") == 422
    assert browser.page.xpath("//input[@name='thing']/@checked"), "the tick is kept"
    assert post(browser, case, "things", thing=dispatch.id, action="resend") == 422
    assert (
        post(browser, case, "things", **given, why="was down", evidence="receipt 4711")
        == 200
    )
    assert site.states(schema.dispatch) == ["sent"]
    assert site.states(schema.lot) == ["sent"]
    assert {row.kind for row in site.rows(schema.expectation)} == {"arl", "payment"}
    assert state_of(site, case)[0] == "resolved"
    (said,) = site.rows(
        schema.event, schema.event.c.kind == "dispatch.delivered-outside"
    )
    assert "receipt 4711" in said.facts
    assert "operator-1" in said.facts

    def again(tx: Any) -> None:
        tx.connection.execute(schema.dispatch.update().values(state="refused"))
        anomalies.move(tx, case, AnomalyEvent.REOPEN, by="test", resolution="again")

    site.gateway.database.write("again", again)
    browser.get(f"/console/dispatches/{dispatch.id}")
    assert "sent once more, it was refused" in browser.text
    given = {"thing": dispatch.id, "action": "withdraw", "why": "it was refused"}
    assert post(browser, case, "things", **given) == 409
    assert "what has left cannot be withdrawn" in browser.text
    assert site.states(schema.lot) == ["sent"]


def test_who_only_sees_changes_nothing_and_learns_nothing(
    site: Site, console: Console
) -> None:
    """A viewer's and an auditor's forms are refused alike, there or not, and noted."""
    (case,) = raise_cases(site, 1)
    forms = ["assign", "comment", "snooze", "resolve", "reopen", "things", "agree"]
    for role in ("viewer", "auditor"):
        browser = console.browser(role)
        browser.get("/console/anomalies")
        proof = browser.page.xpath("//input[@name='proof']/@value")[0]
        for form in forms:
            there = browser.post(at(case, form), {"proof": proof}).status, browser.text
            gone = browser.post(at("a0", form), {"proof": proof}).status, browser.text
            assert there == gone
            assert there[0] == 403
    noted = site.rows(schema.event, schema.event.c.kind == "staff.refused")
    assert len(noted) == 2 * 2 * len(forms)
    assert state_of(site, case) == ("open", "")


def test_a_case_that_is_not_there_is_said(console: Console) -> None:
    """A wrong address is told as such, and so is what is sent there."""
    browser = console.browser("operator")
    browser.get("/console/anomalies")
    proof = browser.page.xpath("//input[@name='proof']/@value")[0]
    assert browser.get(at("a0123")).status == 404
    for form, fields in (("assign", {"to": "operator-1"}), ("comment", {"words": "w"})):
        sent = {"proof": proof} | fields
        assert browser.post(at("%C3%A9", form), sent).status == 404
