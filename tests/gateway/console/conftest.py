"""A gateway with every step on both engines, and its console."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.gateway.console.browser import Console
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
def console(site: Site) -> Console:
    """Give its console."""
    return Console(site.gateway.house)
