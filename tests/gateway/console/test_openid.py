"""Logging in with a provider of OpenID Connect, against a real one on loopback."""

from __future__ import annotations

import subprocess
import sys
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import pytest
import requests
from attrs import evolve

from config.sections import OpenId
from gateway.console import cookies
from gateway.console.openid import Provider, Refused
from gateway.journal import staff
from tests.gateway.api.door import Line, head
from tests.gateway.console.browser import Browser, Console
from tests.gateway.console.test_guesses import Slow
from tests.gateway.console.test_second_factor import set_up
from tests.gateway.steps.site import Site


@pytest.fixture
def engine() -> str:
    """Ask one engine only: what a password costs to check is slow on purpose."""
    return "sqlite"


_PROVIDER = """
import sys, oidc_provider_mock
with oidc_provider_mock.run_server_in_thread() as server:
    print(server.server_port, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """Run a provider in a process of its own; give its address."""
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", _PROVIDER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield f"http://localhost:{process.stdout.readline().strip()}"
        process.communicate("")


@pytest.fixture
def console(site: Site, provider: str, tmp_path: Path) -> Console:
    """Give a console whose staff log in with the provider, or a password."""
    house = site.gateway.house
    secret = tmp_path / "openid.secret"
    secret.write_text("agreed with the provider\n")
    openid = OpenId(issuer=provider, client_id="octway", client_secret_file=secret)
    return Console(evolve(house, settings=evolve(house.settings, openid=openid)))


def known(provider: str, sub: str, **claims: object) -> None:
    """Have the provider know a person."""
    answer = requests.put(f"{provider}/users/{sub}", json=claims, timeout=5)
    answer.raise_for_status()


def log_in(browser: Browser, sub: str, **changed: str) -> None:
    """Go to the provider, log in there, and come back."""
    address = browser.leave("/console/login/openid?next=/console/anomalies")
    answer = requests.post(address, data={"sub": sub}, allow_redirects=False, timeout=5)
    back = answer.headers["Location"]
    for old, new in changed.items():
        back = back.replace(old, new)
    browser.get(urljoin(browser.at, back))


def test_who_the_provider_knows_gets_the_account_of_the_claim(
    console: Console, provider: str
) -> None:
    """The verified address names the account; the role is the account's own."""
    console.account("lea@clinic.example", "viewer")
    known(provider, "lea", email="lea@clinic.example", email_verified=True)
    browser = console.browser()

    log_in(browser, "lea")

    assert browser.at == "https://door/console/anomalies"
    assert browser.got.status == 200


def test_nobody_else_gets_in_by_the_same_name(console: Console, provider: str) -> None:
    """An account stays with the person who logged in first, whatever the name becomes."""
    console.account("max@clinic.example", "viewer")
    known(provider, "max", email="max@clinic.example", email_verified=True)
    known(provider, "other", email="max@clinic.example", email_verified=True)
    first, second = console.browser(), console.browser()

    log_in(first, "max")
    log_in(second, "other")

    assert first.got.status == 200
    assert second.got.status == 401


@pytest.mark.parametrize("verified", [False, None])
def test_an_unverified_address_names_nobody(
    console: Console, provider: str, verified: bool | None
) -> None:
    """Anybody may claim an address; only a verified one counts."""
    console.account("eva@clinic.example", "admin")
    claims = {"email": "eva@clinic.example"}
    known(
        provider,
        "eva",
        **claims,
        **({} if verified is None else {"email_verified": verified}),
    )
    browser = console.browser()

    log_in(browser, "eva")

    assert browser.got.status == 401


def test_a_login_that_was_not_begun_here_is_refused(
    console: Console, provider: str
) -> None:
    """A link that brings somebody else's login into a browser does nothing."""
    console.account("zoe@clinic.example", "viewer")
    known(provider, "zoe", email="zoe@clinic.example", email_verified=True)
    mine, theirs = console.browser(), console.browser()
    address = theirs.leave("/console/login/openid")
    back = requests.post(
        address, data={"sub": "zoe"}, allow_redirects=False, timeout=5
    ).headers["Location"]

    stolen = mine.get(urljoin(mine.at, back))
    forged = theirs.get(urljoin(theirs.at, back.replace("state=", "state=x")))

    assert (stolen.status, forged.status) == (401, 401)


def test_a_provider_that_is_away_leaves_passwords(site: Site) -> None:
    """The login page says that the provider does not answer, and is still there."""
    house = site.gateway.house
    away = OpenId(issuer="http://127.0.0.1:9", client_id="octway")
    console = Console(evolve(house, settings=evolve(house.settings, openid=away)))
    console.account("lea", "viewer")
    browser = console.browser()
    assert browser.get("/console/login/openid").status == 401
    assert browser.login("lea").status == 200


def test_the_provider_does_not_stand_for_the_second_factor(
    site: Site, console: Console, provider: str, checked: list[str]
) -> None:
    """An account that has one is asked for its code, whichever way it comes."""
    console.account("ida@clinic.example", "viewer")
    known(provider, "ida", email="ida@clinic.example", email_verified=True)
    browser, other = console.browser(), console.browser()
    browser.cookies[cookies.SESSION] = console.session("ida@clinic.example")
    telephone, _ = set_up(site, browser)
    site.at += 60

    log_in(other, "ida")
    assert other.at == "https://door/console/login/code?next=/console/anomalies"
    other.send("/console/login/code", code="000000")
    assert other.got.status == 401
    other.send("/console/login/code", code=telephone.code(site.at))

    assert other.at == "https://door/console/anomalies"


def test_an_account_is_tied_once_its_code_was_right(
    site: Site, console: Console, provider: str, checked: list[str]
) -> None:
    """Who has the address but not the telephone does not shut its owner out for good."""
    name = "mia@clinic.example"
    console.account(name, "viewer")
    for sub in ("thief", "mia"):
        known(provider, sub, email=name, email_verified=True)
    browser, thief, owner = console.browser(), console.browser(), console.browser()
    browser.cookies[cookies.SESSION] = console.session(name)
    telephone, _ = set_up(site, browser)
    site.at += 60

    def subject() -> str:
        accounts = console.house.database.read(staff.every)
        return str({each.id: each.subject for each in accounts}[name])

    log_in(thief, "thief")
    thief.send("/console/login/code", code="000000")
    assert thief.got.status == 401
    assert subject() == ""

    log_in(owner, "mia")
    owner.send("/console/login/code", code=telephone.code(site.at))
    assert owner.at == "https://door/console/anomalies"
    assert subject().endswith(" mia")

    site.at += 60
    thief.send("/console/login/code", code=telephone.code(site.at))
    assert thief.at == "https://door/console/login"
    assert "There is no account here for that person" in thief.text
    log_in(thief, "thief")
    assert thief.got.status == 401


AWAY = OpenId(issuer="http://127.0.0.1:9", client_id="octway")


def test_a_provider_that_failed_is_not_asked_again_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Others who come meanwhile are told so, and hold no thread until it times out."""
    asked, now = [], [1000.0]

    def get(address: str, **_: object) -> None:
        asked.append(address)
        raise requests.ConnectTimeout("no answer")

    monkeypatch.setattr(requests, "get", get)
    provider = Provider(AWAY, lambda: now[0])
    for wanted in (requests.ConnectTimeout, Refused):
        with pytest.raises(wanted):
            provider.begin("https://door/back", "state", "nonce", "v" * 43)
    assert len(asked) == 1

    now[0] += 15
    with pytest.raises(requests.ConnectTimeout):
        provider.begin("https://door/back", "state", "nonce", "v" * 43)
    assert len(asked) == 2


def test_a_slow_provider_holds_two_threads_at_most(site: Site) -> None:
    """The threads that the doors share stay theirs, however many want to log in."""
    slow = Slow()
    slow.held = True
    house = site.gateway.house
    console = Console(evolve(house, settings=evolve(house.settings, openid=AWAY)), slow)
    lines = [Line(console.door, f"192.0.2.{number}") for number in range(40)]
    for line in lines:
        line.send(head("GET", "/console/login/openid", 0, {}))

    assert len(slow.waiting) == 2
    assert sum(bool(line.transport.value()) for line in lines) == 8  # told to try again


@pytest.mark.parametrize(
    "kept",
    [b"[" * 3000, b"\xff\xfe", b"{}", b"&" * 3000],
    ids=["deep", "no-text", "other", "many"],
)
def test_a_cookie_that_was_changed_is_no_login(site: Site, kept: bytes) -> None:
    """It is refused as one that was not begun here, and is no fault of the server."""
    house = site.gateway.house
    console = Console(evolve(house, settings=evolve(house.settings, openid=AWAY)))
    browser = console.browser()
    browser.cookies[cookies.OPENID] = urlsafe_b64encode(kept).decode().rstrip("=")
    got = browser.get("/console/login/openid/back?state=x&code=y")
    assert got.status == 401
