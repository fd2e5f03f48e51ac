"""`/out/referential`: every client finds the newest payer directory there, until it has it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from config.directory_files import from_json
from gateway.errors import NoSuchPath
from gateway.house import note_directory
from gateway.intake.tree import ClientTree
from routing.directory import Directory
from tests.gateway.house import House

FOLDER = "/out/referential"


class ReferentialFolderTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.addCleanup(self.house.close)
        self.tree = self.house.tree(self.house.client("alpha"))

    def put_in_force(self, *payers: str) -> str:
        """Load a version with some payers, as a node does."""
        sources = {
            f"{name}.toml": {
                "payer": {"id": name, "name": name, "network": "sesam"},
                "code": [{"code": "01990"}],
            }
            for name in payers
        }
        data = from_json(json.dumps(sources), Path())
        self.house.database.write("note", note_directory, data)
        self.house.directory = Directory(data)
        return data.version

    def names(self, tree: ClientTree | None = None) -> list[str]:
        listed = (tree or self.tree).list(FOLDER)
        return [each.name for each in self.successResultOf(listed)]

    def content(self, name: str) -> list[dict[str, object]]:
        download = self.successResultOf(self.tree.open_download(f"{FOLDER}/{name}"))
        data = self.successResultOf(download.read(0, download.size))
        return [json.loads(line) for line in gzip.decompress(data).splitlines()]

    def test_the_newest_version_lies_there_whole(self) -> None:
        """Its name tells the version, its time when that was loaded, its size is true."""
        self.put_in_force("a")
        self.house.clock.advance(60)
        version = self.put_in_force("a", "b")
        assert self.names() == [f"payers-{version[:12]}.jsonl.gz"]
        (entry,) = self.successResultOf(self.tree.list(FOLDER))
        stat = self.successResultOf(self.tree.stat(f"{FOLDER}/{entry.name}"))
        assert stat == entry
        assert entry.modified == self.house.now()
        head, *lines = self.content(entry.name)
        assert head["directory"] == version
        assert [each["id"] for each in lines] == ["a", "b"]
        download = self.successResultOf(
            self.tree.open_download(f"{FOLDER}/{entry.name}")
        )
        assert download.size == entry.size

    def test_it_stands_among_the_networks(self) -> None:
        """Whoever lists /out finds it without having read about it."""
        listed = self.successResultOf(self.tree.list("/out"))
        assert [each.name for each in listed] == ["sesam", "mycarenet", "referential"]
        assert self.successResultOf(self.tree.stat(FOLDER)).is_folder

    def test_who_removes_it_has_it_until_there_is_another(self) -> None:
        """So a program that moves files away gets each version once, from any node."""
        self.put_in_force("a")
        (name,) = self.names()
        self.successResultOf(self.tree.remove(f"{FOLDER}/{name}"))
        for tree in (self.tree, self.house.tree(self.house.limits("alpha"))):
            assert self.names(tree) == []
        self.failureResultOf(self.tree.stat(f"{FOLDER}/{name}"), NoSuchPath)
        self.failureResultOf(self.tree.remove(f"{FOLDER}/{name}"), NoSuchPath)
        other = self.house.tree(self.house.client("beta"))
        assert self.names(other) == [name]
        self.put_in_force("a", "b")
        assert len(self.names()) == 1
        assert self.names() != [name]

    def test_a_version_between_listing_and_download_breaks_nothing(self) -> None:
        """The older one can be got by its name; what is none cannot."""
        self.put_in_force("a")
        (name,) = self.names()
        self.put_in_force("b")
        assert [each["id"] for each in self.content(name)[1:]] == ["a"]
        for wrong in ("payers-000000000000.jsonl.gz", "payers-.jsonl.gz", "x"):
            opened = self.tree.open_download(f"{FOLDER}/{wrong}")
            self.failureResultOf(opened, NoSuchPath)
