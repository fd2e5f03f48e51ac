"""Fixtures of the journal: every test that asks for `url` runs on both engines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engines import ENGINES, drop_database, new_database
from tests.gateway.journal.desk import Desk


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Name one of the two engines."""
    return str(request.param)


@pytest.fixture
def url(engine: str, tmp_path: Path) -> Iterator[str]:
    """Give an empty journal of today's schema."""
    made = new_database(engine, tmp_path)
    yield made
    drop_database(made)


@pytest.fixture
def desk(url: str) -> Iterator[Desk]:
    """Give a database that writes where it is called, under a clock of the test."""
    made = Desk(url)
    yield made
    made.close()
