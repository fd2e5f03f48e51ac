"""What stands under a name is told alike by both engines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.journal import names, parts, tree
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


def find(house: House, client: str, path: str) -> names.Standing | None:
    return house.database.read(names.standing, client, path)


def test_each_kind_of_name_is_found(house: House) -> None:
    """A deposit, a folder, and nothing; each client sees its own."""
    alpha = house.client("alpha")
    house.client("beta")
    now = house.now()
    house.deposit(alpha, "a.b2", b"content")
    house.database.write("folder", tree.make_folder, "alpha", "/in/folder")
    assert find(house, "alpha", "/in/a.b2") == names.Standing(False, 7, now)
    assert find(house, "alpha", "/in/folder") == names.Standing(True, 0, now)
    assert find(house, "alpha", "/in/b.b2") is None
    assert find(house, "beta", "/in/a.b2") is None


def test_work_in_progress_hides_a_deposit(house: House) -> None:
    """Its size is where a resumed upload goes on."""
    house.deposit(house.client("alpha"), "a.b2", b"content")
    house.clock.advance(10)
    part = parts.Part(
        id="p1", client="alpha", path="/in/a.b2", size=3, key_id="k", wrapped_key=b"w"
    )
    house.database.write("keep", parts.keep, part)
    assert find(house, "alpha", "/in/a.b2") == names.Standing(False, 3, house.now())
