"""A gateway with every step on both engines, and its console."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gateway.console import account, login
from tests.gateway.console.browser import PASSWORD, Console
from tests.gateway.steps.site import Site


@pytest.fixture
def site(engine: str) -> Iterator[Site]:
    """Give a gateway that has two clients, and whose books balance at the end."""
    made = Site(engine)
    try:
        made.client("alpha")
        made.client("beta")
        yield made
        made.check()
    finally:
        made.close()


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Have passwords compared instead of hashed; list the hash of each that was."""
    found: list[str] = []

    def fits(password: bytes, kept: str) -> bool:
        found.append(kept)
        return bool(kept) and password == PASSWORD.encode()

    for room in (login, account):
        monkeypatch.setattr(room, "password_fits", fits)
    return found


@pytest.fixture
def console(site: Site) -> Console:
    """Give its console."""
    return Console(site.gateway.house)
