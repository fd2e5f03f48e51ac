"""Sites for the steps' tests, on both engines unless a test says otherwise."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.gateway.steps.site import Site


@pytest.fixture
def site(engine: str) -> Iterator[Site]:
    """Give a gateway with every step; at the end the books must balance."""
    made = Site(engine)
    try:
        made.client("alpha")
        made.client("beta")
        yield made
        made.check()
    finally:
        made.close()
