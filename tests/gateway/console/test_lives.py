"""One thing's life in the console, the records behind it, search and lists."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.journal import looks, schema
from tests.gateway.console.browser import Browser, Console
from tests.gateway.steps import toy
from tests.gateway.steps.site import Site

_TWO = toy.deposit("S1", "001 P1: 1=1000 2=2000", "002 P2: 3=500")
_EVIL = "<script>alert(1)</script>\"'=cmd|x.b2"


def sent(site: Site, content: bytes = _TWO, name: str = "facture.b2") -> str:
    """Deposit a file, send it, and let the first payer answer."""
    deposit = site.deposit(content, name=name).deposit
    site.run()
    for file in site.payer("P1").files().values():
        site.payer("P1").answer("arl", toy.acknowledge(file))
        site.payer("P1").answer("pay", toy.pay(file))
    site.run()
    return deposit


def events(site: Site, kind: str) -> list[dict[str, Any]]:
    rows = site.rows(schema.event, schema.event.c.kind == kind)
    return [json.loads(row.facts) | {"subject": row.subject} for row in rows]


def purpose(**more: str) -> dict[str, str]:
    return {"purpose": "support", "words": "the client asks"} | more


def test_a_deposit_is_told_from_the_vendor_to_the_money(
    site: Site, console: Console
) -> None:
    """Who sent it, where its money stands, what is owed, what happened, what is next."""
    deposit = sent(site)
    browser = console.browser("viewer")

    browser.get(f"/console/deposits/{deposit}")

    assert browser.got.status == 200
    for words in (
        "facture.b2",
        "alpha",
        "paid",
        "30.00 EUR",
        "What is owed",
        "received",
    ):
        assert words in browser.text, words
    hrefs = set(browser.page.xpath("//main//a/@href"))
    for row in (*site.rows(schema.lot), *site.rows(schema.dispatch)):
        assert any(row.id in each for each in hrefs)


def test_what_happened_twice_to_one_thing_is_told_twice(
    site: Site, console: Console
) -> None:
    """Each at its place, within one minute too, and never as two things."""
    sent(site)
    dispatch = site.rows(schema.dispatch)[0].id
    for said in ("dispatch.replayed", "dispatch.outside", "dispatch.replayed"):
        site.at += 1.0
        site.gateway.database.write(
            "twice", lambda tx, said=said: tx.say(said, dispatch, by="lea")
        )
    browser = console.browser("viewer")

    browser.get(f"/console/dispatches/{dispatch}")

    steps = [
        " ".join(each.text_content().split()) for each in browser.page.xpath("//ol/li")
    ]
    told = [each for each in steps if "replayed by lea" in each or "outside" in each]
    assert ["outside" in each for each in told] == [False, True, False]
    assert "2 dispatches" not in browser.text


@pytest.mark.parametrize("language", ["en", "fr"])
def test_everything_in_a_life_leads_on(
    site: Site, console: Console, language: str
) -> None:
    """From a deposit one gets to lots, invoices, dispatches and returns, and back."""
    deposit = sent(site)
    browser = console.browser("auditor", **{"Accept-Language": language})
    seen: set[str] = set()
    queue = [f"/console/deposits/{deposit}"]
    while queue:
        address = queue.pop()
        got = browser.get(address)
        assert got.status == 200, address
        for each in browser.page.xpath("//main//a/@href"):
            ours = each.startswith(_OURS) and "/receipt" not in each
            if ours and each not in seen:
                seen.add(each)
                queue.append(each)
    for folder in ("lots/", "claims/", "dispatches/", "returns/", "/records"):
        assert any(folder in each for each in seen), folder


_OURS = tuple(
    f"/console/{each}"
    for each in ("deposits", "lots", "claims", "dispatches", "returns", "owed")
)


def test_what_fell_due_meanwhile_is_next_and_not_in_the_past(
    site: Site, console: Console
) -> None:
    """A node that has not looked since tells no moment that is over."""
    deposit = site.deposit(_TWO).deposit
    site.run()
    site.at += 3 * 86_400
    browser = console.browser("viewer")

    browser.get(f"/console/deposits/{deposit}")

    assert "are due, and become late next" in browser.text
    assert "become late at" not in browser.text


def test_a_thing_that_is_not_there_is_said_so(site: Site, console: Console) -> None:
    """An id of another kind, an old link or a guess all lead to the same page."""
    deposit = sent(site)
    browser = console.browser("viewer")
    for path in (
        "deposits/d999",
        f"lots/{deposit}",
        f"claims/{deposit}/1",
        "claims/x/-1",
        "claims/x/99999999999999999999",
        "returns/%2e%2e%2fetc",
    ):
        assert browser.get(f"/console/{path}").status == 404, path


def test_what_a_payer_writes_shows_no_number_of_a_person(
    site: Site, console: Console
) -> None:
    """Its label is told, and a number in it, in one piece or in groups, is not."""
    deposit = sent(site)
    said = [["X1", "NIR 269054958815780 ou 2 69 05 49 588 157 80 inconnu"]]
    answered = schema.answer.update().values(remarks=json.dumps(said))
    site.gateway.database.write("x", lambda tx: tx.connection.execute(answered))
    browser = console.browser("viewer")
    browser.get(f"/console/lots/{deposit}-1")
    assert "NIR … ou … inconnu" in browser.text
    assert "69054958815780" not in browser.text
    assert "588 157" not in browser.text


def test_records_are_shown_with_patients_masked(site: Site, console: Console) -> None:
    """Whoever may see a file sees what stands in it, but for who the patient is."""
    sent(site)
    (lot, *_) = sorted(site.rows(schema.lot), key=lambda row: row.number)
    browser = console.browser("viewer")

    browser.get(f"/console/claims/{lot.id}/2/records")

    assert "001 P1" in browser.text  # the lot's head
    assert "•••" in browser.text
    assert "2 2000" not in browser.text
    assert "INV" in browser.text
    assert not browser.page.xpath("//form[contains(@action, '/records')]")


def test_patients_are_shown_for_a_purpose_that_is_kept(
    site: Site, console: Console
) -> None:
    """A supervisor says why; who looked, when and why stands in the thing's history."""
    deposit = sent(site)
    browser = console.browser("supervisor")
    path = f"/console/deposits/{deposit}/records"
    browser.get(path)

    browser.send(path, what="records")
    assert browser.got.status == 422
    assert "Choose what it is for" in browser.text
    assert events(site, looks.SEEN) == []
    browser.send(path, what="records", **purpose())

    assert "1 1000" in browser.text
    assert "•••" not in browser.text
    (event,) = events(site, looks.SEEN)
    assert event["subject"] == deposit
    assert (event["by"], event["purpose"]) == ("supervisor-1", "support")
    auditor = console.browser("auditor")
    auditor.get(f"/console/deposits/{deposit}")
    assert "the client asks" in auditor.text
    assert "a client asks about this file" in auditor.text
    browser.get(f"/console/deposits/{deposit}")
    assert "the client asks" not in browser.text.partition("Who looked")[0]


def test_a_purged_file_says_since_when_and_its_life_stays(
    site: Site, console: Console
) -> None:
    """Records and bytes are gone, with words for a person and no error."""
    deposit = sent(site)
    gone = {"purged_at": site.at, "key_id": "", "wrapped_key": b""}
    change = schema.payload.update().values(gone)
    site.gateway.database.write(
        "purge", lambda tx: tx.connection.execute(change) and None
    )
    browser = console.browser("viewer")

    got = browser.get(f"/console/deposits/{deposit}/records")

    assert got.status == 410
    assert "The file was purged on" in browser.text
    assert browser.get(f"/console/deposits/{deposit}").status == 200


def test_bytes_come_as_a_file_and_are_kept_in_the_history(
    site: Site, console: Console
) -> None:
    """What is taken is what came, to the byte; a browser does not show it."""
    deposit = sent(site)
    browser = console.browser("auditor")
    browser.get(f"/console/deposits/{deposit}/records")

    got = browser.post(
        f"/console/deposits/{deposit}/records",
        purpose(what="bytes", proof=proof(browser)),
    )

    assert got.body == _TWO
    assert got.headers["Content-Type"] == "application/octet-stream"
    assert got.headers["Content-Disposition"].startswith("attachment")
    assert [each["what"] for each in events(site, looks.SEEN)] == ["bytes"]


def proof(browser: Browser) -> str:
    return str(browser.page.xpath("//input[@name='proof']/@value")[0])


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_who_may_not_see_patients_learns_nothing(
    site: Site, console: Console, role: str
) -> None:
    """A refusal is the same for what is there and what is not, and is journaled."""
    deposit = sent(site)
    browser = console.browser(role)
    browser.get("/console")
    told = []
    for name in (deposit, "d-nothing"):
        fields = purpose(what="bytes", proof=proof(browser))
        got = browser.post(f"/console/deposits/{name}/records", fields)
        told.append((got.status, browser.text))
        browser.get("/console")
    told.append((browser.get("/console/search/patient").status, browser.text))

    assert {status for status, _ in told} == {403}
    assert len(set(told)) == 1
    assert len(events(site, "staff.refused")) == 3


def test_a_file_that_nobody_can_read_is_told_and_its_bytes_are_there(
    site: Site, console: Console
) -> None:
    """What is in no known format has no records, and can be taken as it came."""
    deposit = site.deposit(b"\x00\x01 what is this").deposit
    site.run()
    browser = console.browser("supervisor")

    browser.get(f"/console/deposits/{deposit}/records")

    assert browser.got.status == 200
    assert "in no format that is known" in browser.text
    assert "Take the bytes" in browser.text


def test_nothing_of_a_client_is_markup(site: Site, console: Console) -> None:
    """A file name that is a script stays a name on every page that shows it."""
    deposit = sent(site, name=_EVIL)
    browser = console.browser("supervisor")
    for path in ("deposits", f"deposits/{deposit}", f"deposits/{deposit}/records"):
        browser.get(f"/console/{path}")
        assert browser.got.status == 200
        assert b"<script>alert" not in browser.got.body, path


@pytest.mark.parametrize(
    "what", ["lot", "invoice", "file", "hash", "deposit", "dispatch", "return"]
)
def test_one_hit_is_gone_to(site: Site, console: Console, what: str) -> None:
    """Whatever a person has in hand leads straight to the one thing it names."""
    deposit = sent(site)
    lot = site.row(schema.lot, schema.lot.c.number == "001")
    dispatch = site.row(schema.dispatch, schema.dispatch.c.payer_id == "payer-P1")
    row = site.row(schema.deposit)
    assert lot is not None
    assert dispatch is not None
    assert row is not None
    typed, leads = {
        "lot": ("002", "/console/lots/"),
        "invoice": ("2", f"/console/claims/{lot.id}/2"),
        "file": ("facture.b2", f"/console/deposits/{deposit}"),
        "hash": (row.sha256[:12], f"/console/deposits/{deposit}"),
        "deposit": (deposit, f"/console/deposits/{deposit}"),
        "dispatch": (dispatch.filename, f"/console/dispatches/{dispatch.id}"),
        "return": ("pay", "/console/returns/"),
    }[what]
    if what == "invoice":
        typed = f"{lot.id}/2"
    browser = console.browser("viewer")

    browser.get(f"/console/search?q={typed}")

    assert browser.at.removeprefix("https://door").startswith(leads)
    assert browser.got.status == 200


def test_several_hits_are_a_list_by_kind(site: Site, console: Console) -> None:
    """A number of many things is shown with state, client and payer of each."""
    sent(site)
    browser = console.browser("viewer")

    browser.get("/console/search?q=alpha")
    assert browser.at.endswith("/console/clients/alpha")
    browser.get("/console/search?q=1")

    assert "It may mean several things" in browser.text
    assert "Invoices" in browser.text
    assert "payer-P1" in browser.text


def test_nothing_found_says_how_to_write_it(site: Site, console: Console) -> None:
    """Whoever finds nothing learns what was looked for."""
    browser = console.browser("viewer")
    for what in ("nothing-like-that", "%27%20OR%201=1--", "%00", "x" * 3000, "%", "_"):
        browser.get(f"/console/search?q={what}")
        assert browser.got.status == 200, what
        assert "Nothing is called that" in browser.text, what


def test_a_sender_is_found_by_number_and_name(site: Site, console: Console) -> None:
    """Zeros in front do not matter, nor which part of the name is typed."""
    sent(site)
    site.gateway.database.write(
        "senders",
        lambda tx: tx.connection.execute(
            schema.sender.insert().values(
                network="toy",
                number="S1",
                client_id="alpha",
                name="Cabinet des Tilleuls",
                created_at=1.0,
            )
        ),
    )
    browser = console.browser("viewer")
    browser.get("/console/search?q=tilleuls")
    assert browser.at.endswith("/console/lots?sender=S1")
    assert "001" in browser.text
    browser.get("/console/search?q=S1")  # which begins the lots' references as well
    assert browser.page.xpath("//a[@href='/console/lots?sender=S1']")


def test_a_patient_is_found_without_a_trace_of_the_number(
    site: Site, console: Console
) -> None:
    """The number is in no address and no event; the look is in the history."""
    sent(site, toy.deposit("S1", "001 P1: 7777=1000"))
    browser = console.browser("supervisor")
    browser.get("/console/search/patient")

    browser.send("/console/search/patient", number="S17777", **purpose())

    assert "7777" in browser.text  # the invoice's number
    assert browser.at.endswith("/console/search/patient")
    (event,) = events(site, looks.SEEN)
    assert event["subject"] == looks.SEARCH
    assert "S17777" not in json.dumps(event)
    browser.send("/console/search/patient", number="S19999", **purpose())
    assert "need the day of birth as well" in browser.text
    browser.send(
        "/console/search/patient", number="S19999", born="1970-01-01", **purpose()
    )
    assert "No invoice is of that patient" in browser.text
    for said in (
        {"purpose": ""},
        {"words": ""},
        {"words": "....."},
        {"words": "12 345"},
    ):
        browser.send("/console/search/patient", number="S17777", **purpose() | said)
        assert browser.got.status == 422, said


@pytest.mark.parametrize(
    "query",
    [
        "deposits?since=today",
        "deposits?client=alpha&state=split",
        "lots?payer=payer-P1",
        "lots?state=answered&sender=S1",
        "dispatches?payer=payer-P1&state=answered",
        "dispatches?state=waiting",
        "returns?payer=payer-P1",
        "owed?payer=payer-P2&state=open",
        "owed?state=open&kind=payment",
        "owed?state=open&client=alpha",
        "owed?state=open&client=beta",
        "deposits?since=not-a-day&state=%3Cscript%3E",
        "owed?state=met",
    ],
)
def test_lists_are_filtered(site: Site, console: Console, query: str) -> None:
    """What a number of Today links to is a list, whatever stands in the address."""
    sent(site)
    browser = console.browser("viewer")

    browser.get(f"/console/{query}")

    assert browser.got.status == 200
    rows = len(browser.page.xpath("//tbody/tr"))
    empty = "waiting" in query or "script" in query or "met" in query or "beta" in query
    assert (rows == 0) == empty


def test_a_long_list_neither_skips_nor_repeats(site: Site, console: Console) -> None:
    """Screens follow one another by cursor, while more comes in."""
    for number in range(120):
        site.deposit(b"TOY S1 %d\n" % number)
    browser = console.browser("viewer")
    browser.get("/console/deposits")
    names: list[str] = []
    for _ in range(3):
        names += browser.page.xpath("//tbody//th/a/@href")
        site.deposit(b"TOY S2 %d\n" % len(names))
        following = browser.page.xpath("//a[text()='Next screen']/@href")
        if following:
            browser.get(following[0])
    assert len(names) == len(set(names)) == 120


def test_a_forged_cursor_is_refused_in_words(console: Console) -> None:
    """A cursor that nobody made, or of another list, leads to a page and no error."""
    browser = console.browser("viewer")
    for cursor in ("x", "WyJsb3RzIiwxLCJ4Il0", "%00", "9" * 900):
        assert browser.get(f"/console/deposits?after={cursor}").status == 400, cursor


@pytest.mark.parametrize(
    ("language", "advice", "link"),
    [
        ("en", "send it as a new lot", "To its case"),
        ("fr", "l’envoyer dans un nouveau lot", "Voir son dossier"),
    ],
    ids=["en", "fr"],
)
def test_what_a_person_has_to_do_leads_to_where_it_is_done(
    site: Site, console: Console, language: str, advice: str, link: str
) -> None:
    """The advice names no command; the case behind it has the buttons."""
    deposit = sent(site, toy.deposit("S1", "001 P1 BAD: 1=100"))
    browser = console.browser("viewer", **{"Accept-Language": language})

    browser.get(f"/console/deposits/{deposit}")

    (todo,) = browser.page.xpath("//section[h2/@id='todo']//li")
    assert advice in todo.text_content()
    assert "octway" not in todo.text_content()
    (case,) = site.rows(schema.anomaly)
    (to_case,) = todo.xpath(".//a")
    assert to_case.text_content() == link
    assert to_case.get("href") == f"/console/anomalies/{case.id}"
