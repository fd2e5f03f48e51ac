"""Many cases at once: first what would happen, then it, with a second person if it is much."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from config.directory_records import CodeEntry
from gateway.journal import anomalies, case_work, schema
from tests.gateway.console.browser import Browser, Console
from tests.gateway.console.test_case import at, held_case, post
from tests.gateway.console.test_cases import raise_cases
from tests.gateway.steps.site import Site

BULK = "/console/anomalies/bulk"
DO = f"{BULK}/do"


def propose(browser: Browser, chore: str, *names: str, **fields: Any) -> int:
    """Choose cases on the list, and ask what would happen."""
    browser.get("/console/anomalies")
    return browser.send(BULK, chore=chore, case=list(names), **fields).status


def states(site: Site) -> dict[str, str]:
    return {row.id: row.state for row in site.rows(schema.anomaly)}


def test_nothing_happens_before_it_is_confirmed(site: Site, console: Console) -> None:
    """The first page says how many, and changes nothing; the second does it."""
    first, second, third = raise_cases(site, 3)
    browser = console.browser("operator")
    assert propose(browser, "resolve", first, second) == 200
    assert "2 cases" in browser.text
    assert "Nothing has been done yet" in browser.text
    assert set(states(site).values()) == {"open"}
    assert browser.send(DO).status == 422, "a reason is asked for"
    browser.send(DO, why="told by phone")
    assert "2 done" in browser.text
    assert states(site) == {first: "resolved", second: "resolved", third: "open"}


def test_all_that_fit_a_filter_are_meant(site: Site, console: Console) -> None:
    """Those on later screens, too; and none that the filter leaves out."""
    raise_cases(site, 120)
    raise_cases(site, 2, payer="payer-P2", kind="payer-silent")
    browser = console.browser("operator")
    browser.get("/console/anomalies?payer=payer-P1")
    browser.send(BULK, chore="snooze", which="all")
    assert "120 cases" in browser.text
    browser.send(DO, until="week")
    assert "120 done" in browser.text
    back = "//a[@href='/console/anomalies?payer=payer-P1']"
    assert browser.page.xpath(back), "the list is filtered as it was"
    assert sorted(set(states(site).values())) == ["open", "snoozed"]
    assert list(states(site).values()).count("snoozed") == 120


def test_a_case_that_changed_in_between_is_told_and_left(
    site: Site, console: Console
) -> None:
    """What was shown is what is done; the rest goes on."""
    first, second = raise_cases(site, 2)
    browser = console.browser("operator")
    propose(browser, "assign", first, second)
    site.gateway.database.write(
        "x", lambda tx: case_work.assign(tx, first, "lea", by="lea")
    )
    browser.send(DO, to="operator-1")
    assert "1 done" in browser.text
    assert "changed meanwhile" in browser.text
    owners = {row.id: row.assignee for row in site.rows(schema.anomaly)}
    assert owners == {first: "lea", second: "operator-1"}


def test_what_cannot_be_done_is_said_with_why(site: Site, console: Console) -> None:
    """A resolved case is not put off, and a case without lots has none to send."""
    case, _ = held_case(site)
    (bare,) = raise_cases(site, 1)
    site.gateway.database.write(
        "x", lambda tx: case_work.resolve(tx, bare, "w", by="lea")
    )
    browser = console.browser("operator")
    browser.get("/console/anomalies")
    proof = browser.page.xpath("//input[@name='proof']/@value")[0]
    sent = {"proof": proof, "case": [case, bare]}
    browser.post(BULK, sent | {"chore": "snooze"})
    assert "it is resolved" in browser.text
    browser.post(BULK, sent | {"chore": "replay"})
    assert "nothing is behind it" in browser.text
    assert "1 thing behind them" in browser.text


def test_the_lots_behind_cases_are_withdrawn_together(
    site: Site, console: Console
) -> None:
    """One reason for all; each lot by itself."""
    case, _ = held_case(site)
    site.deposit(b"TOY S2\nLOT 002 P9\nINV 1 1000\n")
    site.run()
    browser = console.browser("operator")
    propose(browser, "withdraw", case)
    assert "2 things behind them" in browser.text
    assert "3 claims" in browser.text
    browser.send(DO, why="sent by mistake")
    assert "2 done" in browser.text
    assert site.states(schema.lot) == ["withdrawn", "withdrawn"]


def test_what_comes_behind_a_case_after_it_was_shown_is_not_touched(
    site: Site, console: Console
) -> None:
    """What the first page named is what is done; a case that grew is told and left."""
    case, _ = held_case(site)
    browser = console.browser("operator")
    propose(browser, "withdraw", case)
    assert "1 thing behind them" in browser.text
    site.deposit(b"TOY S2\nLOT 002 P9\nINV 1 1000\n")
    site.run()
    browser.send(DO, why="sent by mistake")
    assert "0 done" in browser.text
    assert "was changed meanwhile" in browser.text
    assert site.states(schema.lot) == ["held", "held"]
    propose(browser, "withdraw", case)
    browser.send(DO, why="sent by mistake")
    assert "2 done" in browser.text


@pytest.fixture
def strict(site: Site) -> Console:
    """Give a console where a second person is asked above one claim."""
    house = site.gateway.house
    rules = evolve(house.settings.console, second_person_above=1)
    return Console(evolve(house, settings=evolve(house.settings, console=rules)))


def asked_for(site: Site, console: Console) -> tuple[Browser, str]:
    """Have a lot withdrawn by one who needs a second person; return the case of it."""
    case, _ = held_case(site)
    browser = console.browser("operator")
    propose(browser, "withdraw", case)
    assert "another person must agree" in browser.text
    browser.send(DO, why="sent by mistake")
    assert "waits for a second person" in browser.text
    assert site.states(schema.lot) == ["held"], "nothing is done yet"
    (row,) = site.rows(schema.anomaly, schema.anomaly.c.kind == "bulk-approval")
    return browser, row.id


def test_much_waits_for_another_person(site: Site, strict: Console) -> None:
    """It is listed on the desk; who asked cannot agree, another person can."""
    browser, waits = asked_for(site, strict)
    assert post(browser, waits, "agree") == 409
    assert "wanted another person's word" in browser.text
    other = strict.browser("supervisor")
    (asked,) = site.rows(schema.event, schema.event.c.kind == "anomaly.asked")
    assert "operator-1" in asked.facts, "who asked is in the history, too"
    other.get("/console/anomalies?kind=bulk-approval")
    assert "second person must agree to what shall be done" in other.text
    assert post(other, waits, "agree") == 200
    assert site.states(schema.lot) == ["withdrawn"]
    assert states(site)[waits] == "resolved"
    assert post(other, waits, "agree") == 409, "once only"


def test_one_lot_with_many_claims_waits_too(site: Site, strict: Console) -> None:
    """From its own case; and what waits is not done by hand, from any case."""
    case, lot = held_case(site)
    browser = strict.browser("operator")
    given = {"thing": lot, "action": "withdraw", "why": "by mistake"}
    assert post(browser, case, "things", **given) == 200
    assert "waits for a second person" in browser.text
    assert site.states(schema.lot) == ["held"]
    post(browser, case, "things", **given)
    waits = site.rows(schema.anomaly, schema.anomaly.c.kind == "bulk-approval")
    assert len(waits) == 1, "asked once"
    (asked,) = waits
    assert post(strict.browser("supervisor"), asked.id, "agree") == 200
    assert site.states(schema.lot) == ["withdrawn"]


def test_what_waits_for_a_second_person_is_not_done_by_hand(
    site: Site, strict: Console, console: Console
) -> None:
    """Not from its case where fewer claims would pass, and not by another bulk."""
    _, waits = asked_for(site, strict)
    (case,) = site.rows(schema.anomaly, schema.anomaly.c.kind == "lot-held")
    (lot,) = site.rows(schema.lot)
    browser = console.browser("supervisor")
    given = {"thing": lot.id, "action": "withdraw", "why": "by mistake"}
    assert post(browser, case.id, "things", **given) == 409
    assert f"waits in {waits} for a second person" in browser.text
    propose(browser, "withdraw", case.id)
    assert "it waits for a second person" in browser.text
    assert site.states(schema.lot) == ["held"]


def test_what_is_refused_is_not_done(site: Site, strict: Console) -> None:
    """With a reason; and nobody can agree to it any more."""
    _, waits = asked_for(site, strict)
    other = strict.browser("supervisor")
    assert post(other, waits, "refuse") == 422
    assert post(other, waits, "refuse", why="ask the fund first") == 200
    assert post(other, waits, "agree") == 409
    assert site.states(schema.lot) == ["held"]
    (row,) = site.rows(schema.anomaly, schema.anomaly.c.id == waits)
    assert row.resolution == "refused: ask the fund first"


def test_what_nobody_answers_is_withdrawn_and_can_be_asked_again(
    site: Site, strict: Console
) -> None:
    """After a week its case is closed and says so; nobody can agree to it any more."""
    _, waits = asked_for(site, strict)
    site.at += 7 * 86_400.0
    site.run("watch")
    assert states(site)[waits] == "open", "a week is waited"
    site.at += 1
    site.run("watch")
    (row,) = site.rows(schema.anomaly, schema.anomaly.c.id == waits)
    assert row.state == "resolved"
    browser = strict.browser("supervisor")
    browser.get(f"/console/anomalies/{waits}")
    assert "no second person agreed or refused in time" in browser.text
    assert post(browser, waits, "agree") == 409
    assert site.states(schema.lot) == ["held"], "nothing was done"
    (held,) = site.rows(schema.anomaly, schema.anomaly.c.kind == "lot-held")
    propose(browser, "withdraw", held.id)
    browser.send(DO, why="sent by mistake, still")
    assert list(states(site).values()).count("open") == 2, "it is asked again"


def test_what_cannot_be_done_any_more_is_kept_as_a_comment(
    site: Site, strict: Console
) -> None:
    """The lot went on before the second person came: it is told, and the case is over."""
    _, waits = asked_for(site, strict)
    site.change("P1", codes=(*site.entries["P1"].codes, *_code("P9")))
    site.run()
    assert site.states(schema.lot) == ["sent"]
    other = strict.browser("supervisor")
    assert post(other, waits, "agree") == 409
    assert "is not possible" in other.text
    (row,) = site.rows(schema.anomaly, schema.anomaly.c.id == waits)
    assert row.state == "resolved"
    assert "0 done, 1 could not be" in row.resolution


def _code(name: str) -> tuple[Any, ...]:
    return (CodeEntry(name, None, None, None),)


def test_an_order_of_nothing_or_nonsense_leads_back(
    site: Site, console: Console
) -> None:
    """No case, another chore, a forged list: nothing happens."""
    (case,) = raise_cases(site, 1)
    browser = console.browser("operator")
    browser.get("/console/anomalies")
    proof = browser.page.xpath("//input[@name='proof']/@value")[0]
    for address, fields in (
        (BULK, {}),
        (BULK, {"chore": "melt", "case": case}),
        (BULK, {"chore": "resolve", "case": "a'; DROP TABLE anomaly--"}),
        (DO, {"chore": "resolve", "cases": f"{case} {case}.", "why": "w"}),
        (DO, {"chore": "resolve", "cases": "é.\N{GREEK SMALL LETTER ALPHA}"}),
    ):
        browser.post(address, {"proof": proof} | fields)
        assert browser.at.startswith("https://door/console/anomalies"), fields
        assert browser.got.status == 200
    assert set(states(site).values()) == {"open"}
    assert browser.get(BULK).status == 200
    assert browser.get(DO).status == 200


def test_who_only_sees_orders_nothing(site: Site, console: Console) -> None:
    """The forms are not shown to a viewer, and refused from one."""
    (case,) = raise_cases(site, 1)
    browser = console.browser("viewer")
    browser.get("/console/anomalies")
    assert not browser.page.xpath(f"//form[@action='{BULK}']")
    proof = browser.page.xpath("//input[@name='proof']/@value")[0]
    for address in (BULK, DO):
        sent = {"proof": proof, "chore": "resolve", "case": case}
        assert browser.post(address, sent).status == 403
    assert browser.get(at(case)).status == 200
    assert anomalies.KINDS["claims-rejected"][1:] in browser.text
