"""Receipts over HTTPS: in the order of the chain, none skipped; roots for everybody."""

from __future__ import annotations

import json
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from gateway.intake import receipt_check
from tests.gateway.api.door import Door, Got
from tests.gateway.furnished import give_back, split
from tests.gateway.house import House

DAY = 86_400


class ReceiptTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.addCleanup(self.house.close)
        self.door = Door(self.house)
        self.alpha, self.beta = self.house.client("alpha"), self.house.client("beta")
        self.token = self.house.token("alpha")

    def get(self, path: str) -> Got:
        return self.door.get(path, self.token)

    def listed(self, query: str = "") -> Any:
        return self.get(f"/v1/receipts?{query}").json()

    def ids(self, query: str = "") -> list[str]:
        return [each["id"] for each in self.listed(query)["items"]]

    def deposit(self, number: int) -> str:
        return self.house.deposit(self.alpha, f"{number}.b2", b"%d" % number).deposit

    def breaks(self, *documents: bytes) -> Any:
        named = [(str(at), each) for at, each in enumerate(documents)]
        key = self.house.receipt_key.public_key()
        return receipt_check.check(named, [key]).breaks

    def test_a_cursor_neither_skips_nor_repeats(self) -> None:
        """Pages of one, with receipts chained in between, give each of them once."""
        first = [self.deposit(1), self.deposit(2)]
        assert self.ids() == []  # they are listed once they are chained
        self.house.seal()
        page = self.listed("limit=1")
        second = self.deposit(3)
        self.house.seal()
        rest = self.listed(f"after={page['next']}")
        assert [page["items"][0]["id"], *(each["id"] for each in rest["items"])] == [
            *first,
            second,
        ]
        again = self.listed(f"after={rest['cursor']}")
        assert again == {"items": [], "next": None, "cursor": rest["cursor"]}
        assert [each["entry"] for each in self.listed()["items"]] == [
            "chain-1",
            "chain-1",
            "chain-2",
        ]

    def test_everything_that_is_listed_can_be_fetched_and_checked(self) -> None:
        """Receipts, the entry that covers them, and the proof of the day hold together."""
        deposit = self.deposit(1)
        (lot,) = split(self.house, "alpha", deposit, [1])
        returned = give_back(self.house, "alpha", "r.noe", b"r", [lot])
        self.house.seal()
        self.house.clock.advance(DAY)
        self.house.seal()
        items = self.listed()["items"]
        assert [(each["kind"], each["about"]) for each in items] == [
            ("deposit", deposit),
            ("answer", returned),
        ]
        assert self.ids("kind=answer") == [items[1]["id"]]
        names = [*(each["id"] for each in items), "chain-1", "root-2026-11-18"]
        documents = [self.get(f"/v1/receipts/{name}") for name in names]
        assert [each.status for each in documents] == [200] * 4
        assert self.breaks(*(each.body for each in documents)) == []

    def test_a_root_is_public_and_names_nobody(self) -> None:
        """Whoever asks gets the root that a client's proof leads to."""
        self.deposit(1)
        self.house.seal()
        self.house.clock.advance(DAY)
        self.house.seal()
        root = self.door.get("/receipts/roots/2026-11-18")
        proof = self.get("/v1/receipts/root-2026-11-18").json()
        assert (root.status, root.json()) == (200, proof["root"])
        assert "alpha" not in json.dumps(root.json())
        for day in ("2026-11-19", "2026-11-17", "yesterday", "2026-13-01"):
            assert self.door.get(f"/receipts/roots/{day}").status == 404

    def test_another_clients_documents_are_not_there(self) -> None:
        """One's own entry 1 is given under its name, and nothing of the other's."""
        theirs = self.house.deposit(self.beta, "b.b2", b"b").deposit
        self.deposit(1)
        self.house.seal()
        assert theirs not in self.ids()
        assert self.get(f"/v1/receipts/{theirs}").status == 404
        assert self.get("/v1/receipts/chain-1").json()["client"] == "alpha"

    def test_names_of_nothing_are_not_found(self) -> None:
        """Neither large numbers nor odd names do harm."""
        self.deposit(1)
        self.house.seal()
        for name in ("chain-2", "chain-01", "chain-" + "9" * 30, "root-x", "%00", "d"):
            assert self.get(f"/v1/receipts/{name}").status == 404, name

    def test_a_forged_cursor_is_refused(self) -> None:
        """Cursors of other lists mean nothing here."""
        assert self.get("/v1/receipts?after=x").json()["code"] == "bad-cursor"
        assert self.get("/v1/receipts?kind=x").json()["code"] == "bad-parameter"
