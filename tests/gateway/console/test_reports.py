"""The completeness report: every claim of a month once, to read, print or send."""

from __future__ import annotations

import csv
import io

import pytest
from sqlalchemy import insert

from gateway.committing import Tx
from gateway.journal import clients, schema
from tests.engines import ON_SQLITE
from tests.gateway.console.browser import Browser, Console
from tests.gateway.steps.site import Site

pytestmark = ON_SQLITE  # what these pages ask has its own tests on both engines

MIXED = (
    b"TOY S1 1\nLOT 001 P1\nINV a 1000\nINV b 500\nINV c 70\n"
    b"LOT 002 P2\nINV d 3000\nLOT 003 P2 BAD\nINV e 9\n"
)
EVIL = "=<script>alert(1)</script>"
HERE = "/console/clients/alpha/report"
MONTH = "2026-11"


@pytest.fixture
def answered(site: Site) -> Site:
    """A month in which one payer paid two of three, and the other said nothing."""
    site.deposit(MIXED)
    site.deposit(b"nonsense")
    site.settle()
    site.payer().answer(
        "r1",
        b"TORETURN payment 1\nclaim S1/001/a paid 1000 S1\nclaim S1/001/b rejected 0 S1\n",
    )
    site.settle()
    site.at += 4 * 3600.0
    site.settle()
    return site


def rows(browser: Browser) -> dict[str, dict[str, str]]:
    """Read the table of payers."""
    found = {}
    for row in browser.page.xpath('//*[@aria-labelledby="by-payer"]//tr[td]'):
        name = " ".join(row.xpath("./th")[0].text_content().split())
        found[name] = {
            each.get("data-label"): each.text_content().strip()
            for each in row.xpath("./td")
        }
    return found


def test_each_claim_is_counted_once(answered: Site, console: Console) -> None:
    """By payer: what was answered, what is owed, what never left; and the late lots."""
    browser = console.browser("viewer")
    browser.get(f"{HERE}?month={MONTH}")

    found = rows(browser)
    one, total = found["P1 payer-P1"], found["All"]
    assert (one["Claims"], one["paid"], one["rejected by the payer"]) == ("3", "1", "1")
    assert one["No answer"] == "33.3 %"
    assert total["Claims"] == "5"
    assert total["refused for its content"] == "1"
    assert total["Paid amount"] == "10.00"
    standings = [
        int(value)
        for label, value in total.items()
        if label not in {"Lots", "Claims", "Asked", "Paid amount"} and "%" not in value
    ]
    assert sum(standings) == 5
    assert "2, 1 of them could not be read" in browser.text
    late = browser.page.xpath('//*[@aria-labelledby="late"]//tbody//th/a/@href')
    assert len(late) == 2


def test_what_tracking_did_is_told(answered: Site, console: Console) -> None:
    """Claims that came only after a remedy would be unanswered without it."""
    lot = answered.rows(schema.lot)[0]
    dispatch = answered.rows(schema.dispatch)[0]

    def write(tx: Tx) -> None:
        tx.connection.execute(
            insert(schema.remedy),
            {
                "id": "x1",
                "lot_id": lot.id,
                "dispatch_id": dispatch.id,
                "payer_id": "payer-P1",
                "flow": "billing",
                "kind": "ask-return",
                "state": "brought",
                "brought": 1,
                "at": tx.now,
            },
        )

    answered.gateway.database.write("remedy", write)
    browser = console.browser("viewer")
    browser.get(f"{HERE}?month={MONTH}")

    assert rows(browser)["P1 payer-P1"]["Had nothing been done"] == "66.7 %"
    assert "1 claim was answered only after something was done for it" in browser.text


def test_the_page_to_send_needs_nothing_else(answered: Site, console: Console) -> None:
    """It loads nothing, leads nowhere and has its own style; in the reader's language."""
    browser = console.browser("viewer", **{"Accept-Language": "fr"})
    got = browser.get(f"{HERE}/page.html?month={MONTH}")

    name = f'attachment; filename="completeness-alpha-{MONTH}.html"'
    assert got.headers["Content-Disposition"] == name
    assert browser.page.get("lang") == "fr"
    assert not browser.page.xpath("//@href | //@src | //script")
    assert "Complétude" in got.body.decode()
    assert "@page" in got.body.decode()


def test_the_sheets_add_up(answered: Site, console: Console) -> None:
    """The last line is the total; what is late has a sheet of its own."""
    browser = console.browser("viewer")
    got = browser.get(f"{HERE}/payers.csv?month={MONTH}")
    lines = list(csv.DictReader(io.StringIO(got.body.decode())))
    names = [line["payer"] for line in lines]
    assert names == ["none", "payer-P1", "payer-P2", "total"]
    assert int(lines[-1]["claims"]) == sum(int(line["claims"]) for line in lines[:-1])

    late = browser.get(f"{HERE}/late.csv?month={MONTH}").body.decode()
    assert len(late.splitlines()) == 3


def test_another_month_and_no_month(answered: Site, console: Console) -> None:
    """An empty month says so; what is no month is said at its field."""
    browser = console.browser("viewer")
    browser.get(f"{HERE}?month=2026-10")
    assert "Nothing came in." in browser.text
    for wrong in ("", "2026-13", "2026-1", EVIL, "2026-11-01", "1899-01"):
        for place in ("", "/page.html"):
            got = browser.get(f"{HERE}{place}?month={wrong}")
            assert got.status == 422, wrong
            assert b"<script>alert" not in got.body
    assert browser.get("/console/clients/nobody/report?month=2026-11").status == 404


def test_a_sheet_holds_no_formula(site: Site, console: Console) -> None:
    """A number that a vendor chose is a text in a spreadsheet, and in a page."""
    site.gateway.database.write(
        "add",
        lambda tx: clients.add(tx, "gamma", name=EVIL, vendor=EVIL, software=EVIL),
    )
    site.deposit(b"TOY =S1\nLOT =1+1 P1\nINV a 10\n", client="gamma")
    site.settle()
    site.at += 4 * 3600.0
    site.settle()
    browser = console.browser("viewer")
    got = browser.get(f"/console/clients/gamma/report/late.csv?month={MONTH}")
    (line,) = csv.DictReader(io.StringIO(got.body.decode()))
    assert (line["number"], line["sender"]) == ("'=1+1", "'=S1")
    got = browser.get(f"/console/clients/gamma/report/page.html?month={MONTH}")
    assert b"<script>" not in got.body


def test_no_patient_is_in_a_report(answered: Site, console: Console) -> None:
    """Neither the page nor a sheet names whom a claim is for."""
    browser = console.browser("viewer")
    patients = {str(row.patient) for row in answered.rows(schema.claim)}
    for place in ("", "/page.html", "/payers.csv", "/late.csv"):
        body = browser.get(f"{HERE}{place}?month={MONTH}").body.decode()
        assert not [each for each in patients if each in body]
