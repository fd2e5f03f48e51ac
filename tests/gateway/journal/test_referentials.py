"""Which version of the referential a client has is told alike by both engines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.directory_files import from_json
from gateway.house import note_directory
from gateway.journal import directories, referentials
from tests.engines import ENGINES, drop_database, new_database
from tests.gateway.house import House


@pytest.fixture(params=ENGINES)
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    url = new_database(request.param, tmp_path)
    made = House(url)
    try:
        yield made
    finally:
        made.close()
        drop_database(url)


def test_a_client_has_the_last_version_that_it_took(house: House) -> None:
    """Each its own; taking it twice is one event."""
    read, write = house.database.read, house.database.write
    house.client("alpha")
    house.client("beta")
    for version in ("v1", "v2", "v2"):
        write("take", referentials.take, "alpha", version, "sftp")
    assert read(referentials.taken, "alpha") == ("v2", house.now())
    assert read(referentials.has, "alpha", "v2")
    assert not read(referentials.has, "alpha", "v1")
    assert read(referentials.taken, "beta") is None


def test_a_version_is_found_by_its_beginning(house: House) -> None:
    """With the time at which it was first loaded; what never was is not found."""
    data = from_json(json.dumps({"a.toml": {}}), Path())
    house.database.write("note", note_directory, data)
    read, version = house.database.read, data.version
    assert read(directories.beginning_with, version[:12]) == version
    assert read(directories.loaded_at, version) == house.now()
    assert read(directories.beginning_with, "0123456789ab") is None
    assert read(directories.loaded_at, "0123456789ab") is None
