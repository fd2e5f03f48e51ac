"""A second factor: set up by oneself, asked for at each login, used once."""

from __future__ import annotations

import re
from base64 import b32decode

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from tests.gateway.console.browser import PASSWORD, Browser, Console
from tests.gateway.steps.site import Site


@pytest.fixture
def engine() -> str:
    """Ask one engine only: what a password costs to check is slow on purpose."""
    return "sqlite"


pytestmark = pytest.mark.usefixtures("checked")


class Authenticator:
    """What a person has on the telephone."""

    def __init__(self, secret: str) -> None:
        self._totp = TOTP(b32decode(secret.replace(" ", "")), 6, SHA1(), 30)

    def code(self, now: float) -> str:
        return self._totp.generate(int(now)).decode()


@pytest.fixture
def browser(console: Console) -> Browser:
    """Give the browser of a person who set nothing up yet."""
    return console.browser("operator")


def set_up(site: Site, browser: Browser) -> tuple[Authenticator, list[str]]:
    """Set a second factor up; return the telephone and the recovery codes."""
    browser.get("/console/account/code")
    (secret,) = browser.page.xpath("//main//ol//code/text()")
    telephone = Authenticator(secret)
    browser.send(
        "/console/account/code", code=telephone.code(site.at), password=PASSWORD
    )
    assert browser.got.status == 200
    return telephone, browser.page.xpath("//main//li/text()")


def test_a_login_asks_for_a_code(
    site: Site, console: Console, browser: Browser
) -> None:
    """Name and password alone open nothing any more."""
    telephone, _ = set_up(site, browser)
    other = console.browser()
    other.login("operator-1")
    assert "/console/login/code" in other.at
    other.get("/console")
    assert "/console/login" in other.at

    site.at += 60
    other.login("operator-1")
    other.send("/console/login/code", code=telephone.code(site.at))

    assert other.at == "https://door/console"


def test_a_code_works_once(site: Site, console: Console, browser: Browser) -> None:
    """Who looked over a shoulder cannot use the code that was typed."""
    telephone, _ = set_up(site, browser)
    site.at += 60
    code = telephone.code(site.at)
    first, second = console.browser(), console.browser()
    for each in (first, second):
        each.login("operator-1")
        each.send("/console/login/code", code=code)

    assert first.at == "https://door/console"
    assert second.got.status == 401


def test_recovery_codes_work_once_each(
    site: Site, console: Console, browser: Browser
) -> None:
    """A lost telephone does not keep its owner out."""
    _, codes = set_up(site, browser)
    assert len(codes) == 10
    statuses = []
    for _ in range(2):
        other = console.browser()
        other.login("operator-1")
        statuses.append(other.send("/console/login/code", code=codes[3]).status)

    assert statuses == [200, 401]


def test_codes_cannot_be_tried_without_end(
    site: Site, console: Console, browser: Browser
) -> None:
    """Who has the password and guesses codes has to wait longer and longer."""
    set_up(site, browser)
    other = console.browser()
    other.login("operator-1")
    statuses = [
        other.send("/console/login/code", code=f"{number:06}").status
        for number in range(12)
    ]

    assert statuses[0] == 401
    assert statuses[-1] == 429


def test_the_secret_is_not_kept_in_the_clear(site: Site, browser: Browser) -> None:
    """Neither the page's hidden field nor the row shows it to who can read them."""
    browser.get("/console/account/code")
    (secret,) = browser.page.xpath("//main//ol//code/text()")
    plain = secret.replace(" ", "")
    (kept,) = browser.page.xpath("//input[@name='kept']/@value")
    assert plain not in kept
    assert re.fullmatch(r"k1:[A-Za-z0-9+/=]+", kept)


def test_it_needs_the_password_to_turn_it_off(site: Site, browser: Browser) -> None:
    """An unlocked screen is not enough."""
    set_up(site, browser)
    browser.get("/console/account")
    assert (
        browser.send("/console/account/code/off", password="wrong password").status
        == 422
    )
    browser.send("/console/account/code/off", password=PASSWORD)
    assert "off" in browser.text


def test_a_new_password_ends_the_other_sessions(
    console: Console, browser: Browser
) -> None:
    """Who had logged in as somebody is out once the password is changed."""
    other = console.browser()
    other.login("operator-1")
    browser.get("/console/account")
    browser.send(
        "/console/account/password",
        old=PASSWORD,
        new="another long password",
        again="another long password",
    )

    assert browser.get("/console").status == 200
    other.get("/console")
    assert "/console/login" in other.at
