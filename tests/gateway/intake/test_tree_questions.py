"""How often a client's tree asks the journal for the requests that come in numbers."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from gateway.errors import NoSuchPath
from tests.gateway.house import House


class TreeQuestionTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.addCleanup(self.house.close)
        self.asked = 0
        self.count("read")
        self.count("look")
        self.tree = self.house.tree(self.house.client())

    def count(self, method: str) -> None:
        ask = getattr(self.house.database, method)

        def counted(*args: Any, **kwargs: Any) -> Any:
            self.asked += 1
            return ask(*args, **kwargs)

        self.patch(self.house.database, method, counted)

    def test_a_look_at_a_name_is_one_question(self) -> None:
        """Clients ask it of every file before they put it."""
        self.failureResultOf(self.tree.stat("/in/a.b2"), NoSuchPath)
        assert self.asked == 1

    def test_a_file_that_begins_in_the_inbox_asks_nothing(self) -> None:
        """Nothing that the journal knows could change what it does."""
        for name in ("a.b2", "a.b2.part"):
            upload = self.successResultOf(
                self.tree.open_upload(f"/in/{name}", resume=False)
            )
            upload.abandon()
        assert self.asked == 0

    def test_a_file_in_a_folder_asks_for_the_folder(self) -> None:
        """One that is not there is refused."""
        opened = self.tree.open_upload("/in/nowhere/a.b2", resume=False)
        self.failureResultOf(opened, NoSuchPath)
        assert self.asked > 0
