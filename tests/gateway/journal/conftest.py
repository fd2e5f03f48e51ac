"""Desks that a property test works at again and again, one per engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engines import ENGINES, drop_database, new_database
from tests.gateway.journal.desk import Desk


@pytest.fixture(scope="module")
def desks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Desk]]:
    """Give a desk on each engine for all examples of a module."""
    folder: Path = tmp_path_factory.mktemp("desks")
    made = {engine: Desk(new_database(engine, folder)) for engine in ENGINES}
    yield made
    for desk in made.values():
        desk.close()
        drop_database(desk.url)
