"""Who gets into the console, and how a session ends."""

from __future__ import annotations

import pytest

from gateway.console import cookies
from tests.gateway.console.browser import PASSWORD, Console
from tests.gateway.steps.site import Site


@pytest.fixture
def engine() -> str:
    """Ask one engine only: what a password costs to check is slow on purpose."""
    return "sqlite"


def test_a_page_asks_for_a_login_and_leads_back(console: Console) -> None:
    """Who opens a link from a message logs in and is where the link led."""
    console.account("lea", "viewer")
    browser = console.browser()
    browser.get("/console/anomalies?payer=payer-P1")
    assert browser.at.startswith("https://door/console/login?next=")

    browser.send("/console/login", name="lea", password=PASSWORD)

    assert browser.at == "https://door/console/anomalies?payer=payer-P1"
    assert browser.got.status == 200


def test_a_wrong_password_and_an_unknown_name_look_alike(console: Console) -> None:
    """Nobody learns which accounts there are."""
    console.account("lea", "viewer")
    known, unknown = console.browser(), console.browser()

    first = known.login("lea", "not the password").status, known.text
    second = unknown.login("nobody", "not the password").status, unknown.text

    assert first == second
    assert first[0] == 401


def test_a_login_leads_nowhere_else(console: Console, checked: list[str]) -> None:
    """A link to the login page cannot send a person to another site."""
    console.account("lea", "viewer")
    for target in (
        "https://evil.example/",
        "//evil.example",
        "/v1/deposits",
        "/console\\@e",
    ):
        browser = console.browser()
        browser.get("/console/login")
        browser.send("/console/login", name="lea", password=PASSWORD, next=target)
        assert browser.at == "https://door/console", target


def test_a_session_ends_with_the_log_out_the_account_and_time(
    site: Site, console: Console
) -> None:
    """A cookie that somebody kept is of no use afterwards."""
    browser = console.browser("viewer")
    browser.get("/console")
    kept = dict(browser.cookies)
    browser.send("/console/logout")
    browser.cookies = dict(kept)
    browser.get("/console")
    assert "/console/login" in browser.at

    browser.login("viewer-1")
    assert browser.get("/console").status == 200
    site.at += 3600
    browser.get("/console")
    assert "/console/login" in browser.at


def test_a_form_from_elsewhere_changes_nothing(console: Console) -> None:
    """Neither another site, nor a form without the session's proof, acts for a person."""
    browser = console.browser("viewer")
    token = browser.cookies[cookies.SESSION]
    proof = {"proof": cookies.proof_of(token)}

    foreign = browser.post("/console/logout", proof, Sec_Fetch_Site="cross-site")
    bare = browser.post("/console/logout", {})
    forged = browser.post("/console/logout", {"proof": "0" * 64})

    assert [each.status for each in (foreign, bare, forged)] == [403, 403, 403]
    assert browser.get("/console").status == 200


def test_guessing_is_slowed_down(console: Console, checked: list[str]) -> None:
    """After some wrong tries from a network even the right password has to wait."""
    console.account("lea", "viewer")
    browser = console.browser()
    for _ in range(12):
        browser.login("lea", "not the password")

    assert browser.login("lea").status == 429


def test_the_language_is_kept(console: Console) -> None:
    """What a person chose wins over what the browser asks for."""
    browser = console.browser("viewer", **{"Accept-Language": "fr-FR,fr;q=0.9"})
    browser.get("/console")
    assert "Aujourd" in browser.text

    browser.post(
        "/console/language",
        {"language": "en", "proof": cookies.proof_of(browser.cookies[cookies.SESSION])},
    )
    browser.get("/console")
    assert "Today" in browser.text


@pytest.mark.parametrize(
    "path",
    [
        "/console/anomalies?kind=lot-held&payer=p",
        "/console/lots?sender=S%201&state=held",
    ],
)
def test_another_language_keeps_what_is_looked_at(console: Console, path: str) -> None:
    """A filter that went away unseen would have a bulk act on other cases."""
    browser = console.browser("operator")
    browser.get(path)

    browser.send("/console/language", language="fr")

    assert browser.at == f"https://door{path}"


def test_what_is_not_there_is_a_page(console: Console) -> None:
    """A wrong address says so, with a way back, to everybody alike."""
    stranger, viewer = console.browser(), console.browser("viewer")
    for browser in (stranger, viewer):
        got = browser.get("/console/nothing")
        assert (got.status, got.headers["Content-Type"]) == (
            404,
            "text/html; charset=utf-8",
        )


def test_pages_load_nothing_from_elsewhere(console: Console) -> None:
    """The policy allows this server only; the style and the script are there."""
    browser = console.browser()
    got = browser.get("/console/login")
    assert "default-src 'none'" in got.headers["Content-Security-Policy"]
    wanted = browser.page.xpath("//script/@src | //link/@href")
    assert len(wanted) == 4
    for address in wanted:
        got = browser.get(address)
        assert got.status == 200
        assert "immutable" in got.headers["Cache-Control"]
