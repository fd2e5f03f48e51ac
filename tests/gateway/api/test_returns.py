"""Returns over HTTPS: in order, at least once, until acknowledged."""

from __future__ import annotations

from typing import Any

from sqlalchemy import update
from twisted.trial.unittest import SynchronousTestCase

from gateway.committing import Tx
from gateway.journal import schema
from tests.gateway.api.door import Door, Got, head, login
from tests.gateway.furnished import give_back, split
from tests.gateway.house import House


def _purge(tx: Tx) -> None:
    values = {"purged_at": tx.now, "key_id": "", "wrapped_key": b""}
    tx.connection.execute(update(schema.payload).values(values))


class ReturnTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.addCleanup(self.house.close)
        self.door = Door(self.house)
        self.alpha, self.beta = self.house.client("alpha"), self.house.client("beta")
        self.token = self.house.token("alpha")

    def get(self, path: str) -> Got:
        return self.door.get(path, self.token)

    def listed(self, query: str = "") -> Any:
        return self.get(f"/v1/returns?{query}").json()

    def ids(self, query: str = "") -> list[str]:
        return [each["id"] for each in self.listed(query)["items"]]

    def back(self, number: int, content: bytes = b"") -> str:
        self.house.clock.advance(1)
        content = content or b"return %d" % number
        return give_back(self.house, "alpha", f"r{number}.noe", content, [])

    def state(self, name: str) -> str:
        return str(self.get(f"/v1/returns/{name}").json()["state"])

    def test_returns_are_listed_in_order_until_acknowledged(self) -> None:
        """What is not acknowledged is listed again and again, oldest first."""
        first, second = self.back(1), self.back(2)
        before = self.ids()
        again = self.ids()
        acknowledged = self.door.post(f"/v1/returns/{first}/ack", b"", self.token)

        assert before == again == [first, second]
        assert (acknowledged.status, acknowledged.json()["state"]) == (
            200,
            "acknowledged",
        )
        assert self.ids() == [second]
        assert self.ids("acknowledged=true") == [first, second]

    def test_a_cursor_gives_only_what_is_new(self) -> None:
        """A client that keeps the cursor sees each return once."""
        first = self.back(1)
        page = self.listed()
        nothing = self.listed(f"after={page['cursor']}")
        second = self.back(2)

        assert [each["id"] for each in page["items"]] == [first]
        assert nothing == {"items": [], "next": None, "cursor": page["cursor"]}
        assert self.ids(f"after={nothing['cursor']}") == [second]

    def test_a_whole_download_marks_the_return_fetched(self) -> None:
        """The bytes come with their name, and the fetch is proof in the journal."""
        content = bytes(range(256)) * 2000
        name = self.back(1, content)
        before = self.state(name)
        got = self.get(f"/v1/returns/{name}/content")

        assert (got.status, got.body) == (200, content)
        assert got.headers["Content-Disposition"] == 'attachment; filename="r1.noe"'
        assert (before, self.state(name)) == ("ready", "fetched")

    def test_looking_is_not_fetching(self) -> None:
        """HEAD tells the size and marks nothing."""
        name = self.back(1)
        line = self.door.line()
        got = line.request(
            "HEAD", f"/v1/returns/{name}/content", headers=login(self.token)
        )

        assert got.headers["Content-Length"] == "8"
        assert self.state(name) == "ready"

    def test_a_download_that_is_cut_is_not_fetched(self) -> None:
        """A client that lost the line half way finds the return ready again."""
        name = self.back(1, b"x" * 600_000)
        line = self.door.line()
        write = line.transport.write

        def full(data: bytes) -> None:
            write(data)
            line.channel.pauseProducing()

        line.transport.write = full  # type: ignore[method-assign]
        line.send(head("GET", f"/v1/returns/{name}/content", 0, login(self.token)))
        half = len(line.transport.value())
        line.cut()

        assert 0 < half < 600_000
        assert self.state(name) == "ready"

    def test_a_slow_client_gets_all_of_it(self) -> None:
        """Bytes are read no faster than they are taken, and none is lost."""
        content = b"0123456789" * 70_000
        name = self.back(1, content)
        line = self.door.line()
        write = line.transport.write

        def full(data: bytes) -> None:
            write(data)
            line.channel.pauseProducing()

        line.transport.write = full  # type: ignore[method-assign]
        line.send(head("GET", f"/v1/returns/{name}/content", 0, login(self.token)))
        rounds = 0
        while self.state(name) == "ready":
            rounds += 1
            line.channel.resumeProducing()

        assert rounds > 1
        assert line.answer().body == content

    def test_an_acknowledgement_may_be_repeated(self) -> None:
        """A retry after a lost answer is no error, and the content stays."""
        name = self.back(1)
        for _ in range(2):
            got = self.door.post(f"/v1/returns/{name}/ack", b"", self.token)
            assert got.status == 200
        assert self.get(f"/v1/returns/{name}/content").body == b"return 1"
        assert self.state(name) == "acknowledged"

    def test_a_purged_return_is_gone_and_says_since_when(self) -> None:
        """410 with a stable code; what is known of it is still told."""
        name = self.back(1)
        kept = self.get(f"/v1/returns/{name}").json()["purged_at"]
        self.house.database.write("purge", _purge)
        got = self.get(f"/v1/returns/{name}/content")

        assert (kept, got.status, got.json()["code"]) == (None, 410, "purged")
        assert "was purged on 20" in got.json()["detail"]
        assert self.get(f"/v1/returns/{name}").json()["purged_at"].startswith("20")

    def test_another_clients_returns_are_not_there(self) -> None:
        """Neither listed, shown, fetched nor acknowledged."""
        theirs = give_back(self.house, "beta", "b.noe", b"theirs", [])
        asked = [
            self.get(f"/v1/returns/{theirs}"),
            self.get(f"/v1/returns/{theirs}/content"),
            self.get(f"/v1/returns/{theirs}/answers"),
            self.door.post(f"/v1/returns/{theirs}/ack", b"", self.token),
        ]

        assert [each.status for each in asked] == [404] * 4
        assert self.ids() == []
        other = self.door.get(f"/v1/returns/{theirs}", self.house.token("beta"))
        assert other.json()["state"] == "ready"

    def test_answers_name_the_claims_they_are_about(self) -> None:
        """What a payer says is read without knowing its format."""
        deposit = self.house.deposit(self.alpha, "a.b2", b"x").deposit
        (lot,) = split(self.house, "alpha", deposit, [1])
        name = give_back(self.house, "alpha", "r.noe", b"r", [lot])
        (answer,) = self.get(f"/v1/returns/{name}/answers").json()["items"]

        assert answer["deposit"] == deposit
        assert answer["claim"] == f"{deposit[-4:]}-1-1"
        assert (answer["outcome"], answer["paid"]) == ("paid", "9.50")
