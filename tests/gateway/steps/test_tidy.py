"""Housekeeping removes work in progress that is old, and nothing else."""

from __future__ import annotations

import os

from twisted.trial.unittest import SynchronousTestCase

from config.directory_records import DirectoryData
from gateway.journal import parts
from gateway.steps.tidy import KEEP_PARTS, Tidy
from routing.directory import Directory
from tests.gateway.house import House

NO_PAYERS = DirectoryData(payers=(), endpoints=(), tables={}, sources={})


class TidyTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.addCleanup(self.house.close)
        self.tree = self.house.tree(self.house.client())
        self.tidy = Tidy(
            database=self.house.database,
            payloads=self.house.payloads,
            keep_webhooks=30 * 86_400.0,
            directory=lambda: Directory(NO_PAYERS),
            entropy=self.house.entropy,
            now=self.house.now,
        )
        self.staging = self.house.storage.folder / "staging"

    def cut(self, name: str) -> None:
        upload = self.successResultOf(self.tree.open_upload(name, resume=False))
        upload.write(0, b"half of it")
        upload.abandon()

    def test_a_cut_upload_can_be_resumed_for_a_week_and_then_goes(self) -> None:
        """A part stays as long as is promised, then row and bytes are gone."""
        self.cut("/in/a.b2")
        self.house.clock.advance(KEEP_PARTS - 1)
        self.tidy.run_once()
        assert self.successResultOf(self.tree.stat("/in/a.b2")).size == 10

        self.house.clock.advance(2)
        assert self.tidy.run_once()

        assert self.house.database.read(parts.all_ids) == set()
        assert [each.name for each in self.staging.iterdir()] == [".now"]

    def test_staging_files_of_uploads_under_way_stay(self) -> None:
        """Only files that nobody has touched for a day are strays."""
        fresh, old = self.staging / "pfresh", self.staging / "pold"
        fresh.write_bytes(b"x")
        old.write_bytes(b"x")
        os.utime(old, (1_000_000, 1_000_000))

        self.tidy.run_once()

        assert fresh.exists()
        assert not old.exists()

    def test_a_whole_file_replaces_the_part_of_its_name(self) -> None:
        """Sending a file anew from the beginning leaves no stale part in the listing."""
        self.cut("/in/a.b2")
        upload = self.successResultOf(self.tree.open_upload("/in/a.b2", resume=False))
        upload.write(0, b"all of it, from the beginning")
        self.successResultOf(upload.close())
        (entry,) = self.successResultOf(self.tree.list("/in"))
        assert entry.size == 29
