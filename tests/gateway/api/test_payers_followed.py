"""Software that follows the payers over cursors, while others publish new versions."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from gateway.house import note_directory
from routing.directory import Directory
from tests.engines import drop_database, new_database
from tests.gateway.api.door import Door
from tests.gateway.api.test_payers import payer, version_of
from tests.gateway.house import House


class Node:
    """A node on the database that several share, with its own word of what holds."""

    def __init__(self, url: str) -> None:
        self.house = House(url)
        self.door = Door(self.house)

    def publish(self, data: Any) -> None:
        """Load a version, as at a reload: noted first, then in force."""
        self.house.database.write("note", note_directory, data)
        self.house.directory = Directory(data)

    def whole(self, token: str) -> dict[str, Any]:
        """Take the whole set that is in force here."""
        got = self.door.get("/v1/payers/all.jsonl.gz", token)
        lines = map(json.loads, gzip.decompress(got.body).splitlines()[1:])
        return {each["id"]: each for each in lines}


@pytest.fixture(params=["sqlite", "postgresql"])
def nodes(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[tuple[Node, Node]]:
    """Two nodes on one database."""
    url = new_database(request.param, tmp_path)
    both = Node(url), Node(url)
    yield both
    for each in both:
        each.house.close()
    if request.param == "postgresql":
        drop_database(url)


def test_whatever_is_published_meanwhile_nothing_is_skipped(
    nodes: tuple[Node, Node],
) -> None:
    """Pages come from either node, versions change between any two of them.

    A copy that is kept from cursors alone is what is in force once it has caught up,
    and no payer is taken away that it does not have.
    """
    rng = random.Random(5)
    nodes[0].house.client("alpha")
    token = nodes[0].house.token("alpha")
    copy: dict[str, Any] = {}
    known = ""

    def publish() -> None:
        names = rng.sample(range(12), rng.randrange(1, 12))
        payers = [
            evolve(payer(f"p{each:02}", "sesam", None), name=f"N{rng.randrange(3)}")
            for each in sorted(names)
        ]
        data = version_of(payers, {})
        for node in rng.sample(nodes, rng.choice((1, 2))):
            node.publish(data)

    def follow(*, quiet: bool) -> str:
        after: str | None = ""
        version = ""
        path = f"/v1/payers?limit=2&since={known}" if known else "/v1/payers?limit=2"
        while after is not None:
            if not quiet and rng.random() < 0.5:
                publish()
            node = nodes[0] if quiet else rng.choice(nodes)
            page = node.door.get(
                f"/v1/payers?after={after}&limit=2" if after else path, token
            ).json()
            for each in page["items"]:
                del each["codes"]
                copy[each["id"]] = each
            for gone in page["removed"]:
                del copy[gone]
            after, version = page["next"], page["directory"]
        return version

    publish()
    for node in nodes:
        node.publish(version_of([payer("p00", "sesam", None)], {}))
    for _ in range(12):
        known = follow(quiet=False)
    follow(quiet=True)
    assert copy == nodes[0].whole(token)
