"""What guessing leads to: waits, lines in the history, and nobody else kept out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select
from twisted.internet.defer import Deferred, maybeDeferred

from gateway.console import cookies
from gateway.intake import credentials
from gateway.journal import schema, staff
from tests.gateway.api.door import Line, head
from tests.gateway.console.browser import PASSWORD, Browser, Console
from tests.gateway.console.test_second_factor import set_up
from tests.gateway.steps.site import Site

_FORM = "name=lea&password=wrong"


@pytest.fixture
def engine() -> str:
    """Ask one engine only: what is counted here is no row."""
    return "sqlite"


def guessed(console: Console) -> list[str]:
    """List whom the history says that somebody guessed at."""
    table = schema.event
    query = select(table.c.subject).where(table.c.kind == "staff.guessed")
    return console.house.database.read(lambda c: list(c.execute(query).scalars()))


def at(console: Console, address: str) -> Browser:
    """Return a browser in another network."""
    browser = console.browser()
    browser.address = address
    return browser


def test_a_name_that_is_not_there_costs_what_a_wrong_password_does(
    console: Console, checked: list[str]
) -> None:
    """A password is checked and a line written, so no time tells which names exist."""
    console.account("lea", "viewer")
    console.account("max", "viewer")
    console.house.database.write("off", lambda tx: staff.disable(tx, "max", by="test"))

    for name in ("lea", "max", "nobody"):
        assert console.browser().login(name, "not the password").status == 401

    assert [bool(kept) for kept in checked] == [True, False, False]
    assert guessed(console) == ["lea", "(no account)", "(no account)"]


class Slow:
    """Runs nothing until it is told to."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Deferred[Any], Callable[[], Any]]] = []
        self.held = False

    def __call__(self, call: Callable[[], Any], /) -> Deferred[Any]:
        if not self.held:
            return maybeDeferred(call)
        made: Deferred[Any] = Deferred()
        self.waiting.append((made, call))
        return made

    def let_go(self) -> None:
        """Run what waits, and what comes of it."""
        while self.waiting:
            made, call = self.waiting.pop(0)
            made.callback(call())


def test_tries_at_once_are_no_more_than_one_after_the_other(
    site: Site, checked: list[str]
) -> None:
    """A burst from one network has no more than ten passwords looked at."""
    slow = Slow()
    console = Console(site.gateway.house, slow)
    console.account("lea", "viewer")
    sent = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Sec-Fetch-Site": "same-origin",
    }
    request = head("POST", "/console/login", len(_FORM), sent) + _FORM.encode()
    lines = [Line(console.door) for _ in range(30)]

    slow.held = True
    for line in lines:
        line.send(request)
    slow.let_go()

    statuses = [line.answer("POST").status for line in lines]
    assert {*statuses} == {401, 429}
    assert statuses.count(401) == len(checked) <= 10


def test_a_right_password_is_not_counted(console: Console, checked: list[str]) -> None:
    """Many people of one network who log in keep nobody waiting."""
    console.account("lea", "viewer")
    statuses = [console.browser().login("lea").status for _ in range(12)]
    assert {*statuses} == {200}


def test_one_account_from_many_networks_is_bounded_and_its_owner_is_not_kept_out(
    console: Console, checked: list[str]
) -> None:
    """Strangers wait; the account's own browser and its own network do not."""
    console.account("lea", "viewer")
    owner = at(console, "192.0.2.1")
    owner.login("lea")
    for _ in range(100):
        console.backoff.failed("account lea")

    stranger = at(console, "198.51.100.1")
    moved, at_home = at(console, "203.0.113.1"), at(console, "192.0.2.1")
    moved.cookies[cookies.DEVICE] = owner.cookies[cookies.DEVICE]

    assert stranger.login("lea").status == 429
    assert moved.login("lea").status == 200
    assert at_home.login("lea").status == 200


def test_wrong_codes_from_elsewhere_do_not_keep_the_owner_out(
    site: Site, console: Console, checked: list[str]
) -> None:
    """Codes are counted by account and network; a right recovery code never waits."""
    _, recovery = set_up(site, console.browser("operator"))
    site.at += 60
    thief, owner = at(console, "198.51.100.1"), at(console, "192.0.2.1")
    thief.login("operator-1")
    for number in range(11):
        thief.send("/console/login/code", code=f"{number:06}")
    assert thief.got.status == 429

    owner.login("operator-1")
    assert owner.send("/console/login/code", code="000000").status == 401
    assert thief.send("/console/login/code", code="not-a-recovery-code").status == 429
    assert thief.send("/console/login/code", code=recovery[0]).status == 200


def test_codes_from_everywhere_are_bounded_too(
    site: Site, console: Console, checked: list[str]
) -> None:
    """Who has the password and many addresses does not get to try every code."""
    set_up(site, console.browser("operator"))
    for _ in range(100):
        console.backoff.failed("code operator-1")
    thief = at(console, "198.51.100.1")
    thief.login("operator-1")
    assert thief.send("/console/login/code", code="000000").status == 429


@pytest.mark.parametrize(
    ("form", "fields"),
    [
        ("password", {"old": "wrong", "new": "x" * 12, "again": "x" * 12}),
        ("code/off", {"password": "wrong"}),
    ],
)
def test_an_open_session_is_no_place_to_guess_the_password(
    console: Console, checked: list[str], form: str, fields: dict[str, str]
) -> None:
    """Wrong ones stand in the history, and after ten even the right one waits."""
    browser = console.browser("operator")
    proof = {"proof": cookies.proof_of(browser.cookies[cookies.SESSION])}
    address = f"/console/account/{form}"

    statuses = [browser.post(address, fields | proof).status for _ in range(11)]
    right = {name: PASSWORD for name in fields if name in {"old", "password"}}

    assert statuses == [*[422] * 10, 429]
    assert browser.post(address, fields | right | proof).status == 429
    assert guessed(console) == ["operator-1"] * 10


def test_the_first_unknown_name_of_a_node_takes_no_longer_either(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What unknown names are compared with is made by the first check of any name."""
    made: list[str] = []
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("right")

    def decoy() -> str:
        made.append(cheap)
        return cheap

    monkeypatch.setattr(credentials, "_decoy", decoy)

    assert credentials.password_fits(b"right", cheap)
    assert not credentials.password_fits(b"right", "")
    assert len(made) == 2
