"""Fixtures: a vendor's endpoints on a journal of either engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.gateway.house import House
from tests.gateway.webhooks.vendor import Vendor


@pytest.fixture
def house(url: str) -> Iterator[House]:
    """Give a house with two clients."""
    made = House(url)
    made.client("alpha")
    made.client("beta")
    yield made
    made.close()


@pytest.fixture
def vendor(house: House) -> Vendor:
    """Give endpoints and the steps that tell them."""
    return Vendor(house)
