"""The room *Clients*: what staff see of each account, and who may change it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from gateway.intake.credentials import token_hash
from gateway.journal import clients, schema
from tests.engines import ON_SQLITE
from tests.gateway.console.browser import Browser, Console
from tests.gateway.steps.site import Site

pytestmark = ON_SQLITE  # what these pages ask has its own tests on both engines

GOOD = b"TOY S1 7\nLOT 001 P1\nINV a 1000\nINV b 2000\n"
MIXED = b"TOY S2 1\nLOT 001 P1 BAD\nINV a 1000\nLOT 002 P2\nINV b 3000\n"
EVIL = "=<script>alert(1)</script>\"'../{{7*7}}"
KEY = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIHRpSIYIbqLr3Y7QE3W5cN/7kD2GoGp1cpzYtSYXG3d a"
)


def cells(browser: Browser, label: str) -> list[str]:
    """Read a column of the page's tables."""
    found = browser.page.xpath(f'//td[@data-label="{label}"]')
    return [" ".join(each.text_content().split()) for each in found]


def events(site: Site, kind: str) -> list[dict[str, Any]]:
    rows = site.rows(schema.event, schema.event.c.kind == kind)
    return [json.loads(row.facts) | {"subject": row.subject} for row in rows]


def test_the_list_tells_what_each_client_sends(site: Site, console: Console) -> None:
    """Claims, those in lots with errors, and who never sent anything."""
    site.deposit(GOOD)
    site.deposit(MIXED)
    site.deposit(b"nonsense")
    site.run()
    browser = console.browser("viewer")

    browser.get("/console/clients")

    assert cells(browser, "Last deposit")[1] == "never"
    assert cells(browser, "Deposits") == ["3 1 unreadable", "0"]
    assert cells(browser, "Claims") == ["4", "0"]
    assert cells(browser, "With errors") == ["25.0 %", "–"]
    assert cells(browser, "Software")[0] == "V S"


def test_the_list_goes_on_after_a_screen(site: Site, console: Console) -> None:
    """No client is skipped and none comes twice; a name finds its own."""
    for number in range(60):
        site.client(f"c{number:02}")
    browser = console.browser("viewer")
    browser.get("/console/clients")
    first = browser.page.xpath("//tbody/tr/th/small/text()")
    browser.get(browser.page.xpath('//p[@class="pager"]/a/@href')[0])
    second = browser.page.xpath("//tbody/tr/th/small/text()")

    assert len(first) == 50
    assert [*first, *second] == ["alpha", "beta", *(f"c{n:02}" for n in range(60))]
    browser.get("/console/clients?q=C59")
    assert browser.page.xpath("//tbody/tr/th/small/text()") == ["c59"]
    browser.get("/console/clients?q=%25")
    assert "No client fits." in browser.text


def test_one_client_tells_senders_days_doors_and_problems(
    site: Site, console: Console
) -> None:
    """Each number is of its account alone, and the first example is linked."""
    site.deposit(GOOD)
    bad = site.deposit(MIXED)
    site.deposit(GOOD.replace(b"S1", b"S9"), client="beta")
    site.run()
    browser = console.browser("viewer")

    browser.get("/console/clients/alpha")

    assert browser.page.xpath('//*[@aria-labelledby="senders"]//tbody/tr/th')
    senders = browser.page.xpath('//*[@aria-labelledby="senders"]//tbody//th')
    assert [each.text_content().split()[0] for each in senders] == ["S1", "S2"]
    assert cells(browser, "Times") == ["1"]
    assert cells(browser, "First example") == [bad.deposit]
    assert "SFTP: 2 deposits" in browser.text
    assert cells(browser, "Lots")[0] == "3"


def test_what_waits_to_be_fetched_is_listed(site: Site, console: Console) -> None:
    """A return is waiting until its client has fetched it."""
    site.deposit(GOOD)
    site.settle()
    site.payer().answer("r1", b"TORETURN payment 1\nclaim S1/001/a paid 1000 S1\n")
    site.settle()
    browser = console.browser("viewer")

    browser.get("/console/clients/alpha")

    (handback,) = site.rows(schema.handback)
    assert handback.filename in browser.text
    assert "1 return to fetch" in browser.text
    browser.get("/console/clients")
    assert cells(browser, "Returns to fetch") == ["1", "0"]


def test_software_is_compared(site: Site, console: Console) -> None:
    """The software with most errors comes first."""
    site.gateway.database.write(
        "add", lambda tx: clients.add(tx, "gamma", name="", vendor="W", software="T 2")
    )
    site.deposit(GOOD)
    site.deposit(MIXED, client="gamma")
    site.run()
    browser = console.browser("viewer")

    browser.get("/console/software")

    assert browser.page.xpath("//tbody/tr/th/a/text()") == ["T 2", "S"]
    assert cells(browser, "Claims in them") == ["50.0 %", "0.0 %"]


def test_an_admin_opens_an_account_and_gives_it_a_token(
    site: Site, console: Console
) -> None:
    """The token is on the page this once; the journal has its hash, and who did it."""
    browser = console.browser("admin")
    browser.get("/console/clients")
    browser.send("/console/clients", id="cabinet-1", vendor="Acme", software="Acme 3")
    assert browser.at.endswith("/console/clients/cabinet-1")

    got = browser.send("/console/clients/cabinet-1/tokens", comment="office")

    (token,) = re.findall(r"octway_[A-Za-z0-9_-]{40,}", got.body.decode())
    assert got.headers["Cache-Control"] == "no-store"
    (key,) = site.rows(schema.client_key)
    assert (key.fingerprint, key.comment) == (token_hash(token), "office")
    assert token not in browser.get("/console/clients/cabinet-1").body.decode()
    assert {each["by"] for each in events(site, "client.by-staff")} == {"admin-1"}
    assert token not in str(site.rows(schema.event))


def test_a_name_that_cannot_be_is_said_at_its_field(
    site: Site, console: Console
) -> None:
    """What was typed is there again, and no account is opened."""
    before = len(site.rows(schema.client))
    browser = console.browser("admin")
    browser.get("/console/clients")
    for name in ("", "Cabinet", "../etc", "a b", EVIL, "alpha"):
        browser.send("/console/clients", id=name, vendor="Acme")

        assert browser.got.status == 422
        assert browser.page.xpath('//input[@id="id"]/@aria-invalid') == ["true"]
        assert browser.page.xpath('//input[@id="vendor"]/@value') == ["Acme"]
        assert len(site.rows(schema.client)) == before


def test_keys_are_added_and_taken_away(site: Site, console: Console) -> None:
    """A private key, a key of another client and nonsense are refused at the field."""
    browser = console.browser("admin")
    browser.get("/console/clients/alpha")
    browser.send("/console/clients/alpha/keys", key=KEY)
    (key,) = site.rows(schema.client_key)
    assert key.fingerprint in browser.text

    for wrong in (KEY, "nonsense", "/etc/passwd", "-----BEGIN PRIVATE KEY-----"):
        browser.get("/console/clients/beta")
        browser.send("/console/clients/beta/keys", key=wrong)
        assert browser.got.status == 422, wrong
    browser.get("/console/clients/alpha")
    browser.send("/console/clients/alpha/revoke", fingerprint=key.fingerprint)
    assert "taken away" in browser.text
    assert (
        browser.post(
            "/console/clients/alpha/revoke",
            {"fingerprint": key.fingerprint, "proof": proof(browser)},
        ).status
        == 422
    )


def proof(browser: Browser) -> str:
    return str(browser.page.xpath('//input[@name="proof"]/@value')[0])


def test_an_account_is_closed_and_opened_again(site: Site, console: Console) -> None:
    """A closed account is told as such in the list and on its page."""
    browser = console.browser("admin")
    browser.get("/console/clients/alpha")
    browser.send("/console/clients/alpha/disable")
    assert "closed to new logins" in browser.text
    browser.get("/console/clients?state=disabled")
    assert browser.page.xpath("//tbody/tr/th/small/text()") == ["alpha"]
    browser.get("/console/clients/alpha")
    browser.send("/console/clients/alpha/enable")
    assert "closed to new logins" not in browser.text


def test_a_sender_is_noted(site: Site, console: Console) -> None:
    """A number of letters and digits in a network that there is; nothing else."""
    browser = console.browser("admin")
    for number, network, status in (
        ("S1", "toy", 200),
        ("S 1", "toy", 422),
        (EVIL, "toy", 422),
        ("S1", "nowhere", 422),
    ):
        browser.get("/console/clients/alpha")
        got = browser.post(
            "/console/clients/alpha/senders",
            {
                "number": number,
                "network": network,
                "name": EVIL,
                "proof": proof(browser),
            },
        )
        assert got.status == status, number
        assert b"<script>alert" not in got.body
    assert [row.number for row in site.rows(schema.sender)] == ["S1"]


@pytest.mark.parametrize("role", ["supervisor", "auditor"])
def test_only_an_admin_changes_accounts(
    site: Site, console: Console, role: str
) -> None:
    """For others there is no form; a forged one is refused and noted, known or not."""
    browser = console.browser(role)
    browser.get("/console/clients/alpha")
    assert not browser.page.xpath('//main//form[@method="post"]')
    own = proof(browser)
    told = set()
    for path in (
        "/clients",
        *(
            f"/clients/{client}/{what}"
            for client in ("alpha", "nobody")
            for what in ("disable", "enable", "tokens", "keys", "revoke", "senders")
        ),
    ):
        browser.post(f"/console{path}", {"proof": own, "id": "x"})
        told.add((browser.got.status, browser.text))

    assert [status for status, _ in told] == [403]
    assert len(events(site, "staff.refused")) == 13
    assert events(site, "client.by-staff") == []


def test_a_client_that_is_not_there_is_a_page(console: Console) -> None:
    """A wrong name is told, whatever is in it."""
    browser = console.browser("viewer")
    for name in ("nobody", "%2e%2e%2fetc", "%3Cscript%3E", "a%0d%0ab"):
        assert browser.get(f"/console/clients/{name}").status == 404


def test_nothing_of_a_client_is_markup(site: Site, console: Console) -> None:
    """Names, software, file names and senders are shown as they are."""
    site.gateway.database.write(
        "add",
        lambda tx: clients.add(tx, "gamma", name=EVIL, vendor=EVIL, software=EVIL),
    )
    site.gateway.database.write(
        "senders", lambda tx: clients.add_senders(tx, "gamma", "toy", [("S1", EVIL)])
    )
    site.deposit(GOOD, client="gamma", name="evil.b2")
    site.run()
    browser = console.browser("admin")
    for path in ("clients", "clients/gamma", "software", "clients/gamma/report"):
        got = browser.get(f"/console/{path}")
        assert b"<script>alert" not in got.body, path
        assert b"49" not in got.body.partition(b"{{")[0][-200:]


def test_an_empty_gateway_says_so(site: Site, console: Console) -> None:
    """No client is not an error."""
    browser = console.browser("viewer")
    browser.get("/console/clients?q=nothing")
    assert "No client fits." in browser.text
    browser.get("/console/software")
    assert "Nothing was sent" in browser.text
