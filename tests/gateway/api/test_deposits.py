"""What a client reads of its own deposits, and never of another's."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, update
from twisted.trial.unittest import SynchronousTestCase

from gateway.journal import clients, schema
from tests.gateway.api.door import Door, Got
from tests.gateway.furnished import PATIENT, add_part, owes, problem, send, split
from tests.gateway.house import House


class DepositTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House()
        self.addCleanup(self.house.close)
        self.door = Door(self.house)
        self.alpha = self.house.client("alpha")
        self.beta = self.house.client("beta")
        self.token = self.house.token("alpha")

    def get(self, path: str) -> Got:
        return self.door.get(path, self.token)

    def deposit(self, content: bytes = b"x", name: str = "a.b2") -> str:
        return self.house.deposit(self.alpha, name, content).deposit

    def test_a_limit_is_a_plain_number(self) -> None:
        """What Python would take for a number, and no client means, is refused."""
        for text in ("0", "501", "x", "1_0", "%D9%A3", "+3", "-1", "9" * 40):
            got = self.get(f"/v1/deposits?limit={text}")
            assert (got.status, got.json()["code"]) == (400, "bad-parameter"), text

    def test_a_lot_is_shown_with_its_networks_own_fields(self) -> None:
        """Such as the reference by which its payer answers; none that is only ours."""
        deposit = self.deposit()
        (lot,) = split(self.house, "alpha", deposit, [1])
        fields = {"reference": "20261100000042", "union": "300", "batch": "k"}
        table = schema.lot
        self.house.database.write(
            "fields",
            lambda tx: tx.connection.execute(
                update(table)
                .where(table.c.id == lot)
                .values(destination=json.dumps(fields))
            ),
        )
        (shown,) = self.get(f"/v1/deposits/{deposit}/lots").json()["items"]
        assert shown["fields"] == {"reference": "20261100000042", "union": "300"}

    def test_a_claim_lists_its_supporting_documents(self) -> None:
        """Each with its deposit and where it stands; other claims list none of it."""
        (lot,) = split(self.house, "alpha", self.deposit(), [2])
        scan = self.deposit(b"%PDF-", "scor_991234567_1_1.pdf")
        (document,) = split(self.house, "alpha", scan, [1])
        about = {"lot_number": "001", "invoice": "000000001"}
        tied = {"lot_id": document, "about_lot": lot, "about_seq": 1, **about}
        self.house.database.write(
            "tie", lambda tx: tx.connection.execute(insert(schema.attachment), tied)
        )
        deposit = lot.rpartition("-")[0]
        first, second = self.get(f"/v1/deposits/{deposit}/claims").json()["items"]
        (shown,) = first["documents"]
        assert (shown["deposit"], shown["state"]) == (scan, "new")
        assert shown["filename"] == "scor_991234567_1_1.pdf"
        assert second["documents"] == []

    def test_a_claim_that_two_payers_owe_is_one_with_both_parts(self) -> None:
        """It asks what both are asked, and is open as long as one of them is."""
        deposit = self.deposit()
        (first,) = split(self.house, "alpha", deposit, [2])
        add_part(self.house, "alpha", deposit, seq=2)
        send(self.house, [first], [owes(self.house, 3)])
        whole, shared = self.get(f"/v1/deposits/{deposit}/claims").json()["items"]
        assert whole["parts"] == []
        assert (shared["asked"], shared["account"]) == ("14.00", "dispatched")
        parts = [(each["part"], each["asked"]) for each in shared["parts"]]
        assert parts == [("compulsory", "10.00"), ("complementary", "4.00")]
        pages = self.get(f"/v1/deposits/{deposit}/lots?limit=1").json()
        rest = self.get(f"/v1/deposits/{deposit}/lots?after={pages['next']}").json()
        (lot,), (part,) = pages["items"], rest["items"]
        assert (lot["id"], lot["part"], part["part"]) == (
            first,
            "compulsory",
            "complementary",
        )
        assert part["part_of"] == first

    def test_a_deposit_is_shown_with_all_that_became_of_it(self) -> None:
        """State, problems with record and position, lots, claims, events, accounts."""
        deposit = self.deposit()
        first, _ = split(self.house, "alpha", deposit, [2, 1], [problem(5)])
        send(self.house, [first], [owes(self.house, 3)])
        body = self.get(f"/v1/deposits/{deposit}").json()

        assert (body["state"], body["format"]) == ("split", "sesam.b2")
        assert (body["lot_count"], body["claim_count"]) == (2, 3)
        (found,) = body["problems"]["items"]
        assert (found["record"], found["position"]) == (5, 7)
        sent, waiting = body["lots"]["items"]
        assert (sent["payer"], sent["state"], sent["asked"]) == (
            "caisse-01",
            "sent",
            "20.00",
        )
        assert [each["state"] for each in sent["expectations"]] == ["open"]
        assert (waiting["state"], waiting["expectations"]) == ("new", [])
        accounts = {each["account"]: each for each in body["accounts"]}
        assert accounts["dispatched"]["claims"] == 2
        assert accounts["received"]["asked"] == "10.00"
        assert [each["account"] for each in body["claims"]["items"]] == [
            "dispatched",
            "dispatched",
            "received",
        ]
        kinds = [each["kind"] for each in body["events"]["items"]]
        assert kinds[:2] == ["deposit.received", "deposit.split"]
        assert "lot.sent" in kinds

    def test_a_deposit_of_a_test_client_says_so(self) -> None:
        """And names its network as any other does."""
        self.house.database.write(
            "client",
            lambda tx: clients.add(
                tx, "try", name="Try", vendor="", software="", test=True
            ),
        )
        token = self.house.token("try")
        deposit = self.house.deposit(House.limits("try"), "a.b2", b"x").deposit
        split(self.house, "try", deposit, [1])
        self.house.database.write(
            "scope",
            lambda tx: tx.connection.execute(
                update(schema.deposit).values(network="sandbox~try~sesam")
            ),
        )
        body = self.door.get(f"/v1/deposits/{deposit}", token).json()
        (listed,) = self.door.get("/v1/deposits", token).json()["items"]

        assert (body["test"], body["network"]) == (True, "sesam")
        assert (listed["test"], listed["network"]) == (True, "sesam")
        mine = self.deposit()
        assert self.get(f"/v1/deposits/{mine}").json()["test"] is False

    def test_nothing_of_a_patient_is_shown(self) -> None:
        """Neither what identifies a patient nor its hash leaves through the API."""
        deposit = self.deposit()
        split(self.house, "alpha", deposit, [2])
        body = self.get(f"/v1/deposits/{deposit}").body

        assert PATIENT.encode() not in body
        assert str(self.house.keys.patient_hash(PATIENT)).encode() not in body

    def test_another_clients_deposit_is_not_there(self) -> None:
        """To anyone else a deposit does not exist, in whatever way it is asked for."""
        theirs = self.house.deposit(self.beta, "b.b2", b"theirs").deposit
        split(self.house, "beta", theirs, [1], [problem(1)])
        paths = ["", "/receipt", "/report", "/lots", "/claims", "/events", "/problems"]
        for path in paths:
            got = self.get(f"/v1/deposits/{theirs}{path}")
            assert (got.status, got.json()["code"]) == (404, "not-found"), path
            assert b"theirs" not in got.body
        assert self.get("/v1/deposits").json()["items"] == []

    def test_the_receipt_is_given_again(self) -> None:
        """Byte for byte what the upload was answered with."""
        stored = self.house.deposit(self.alpha, "a.b2", b"x")
        got = self.get(f"/v1/deposits/{stored.deposit}/receipt")

        assert got.body == stored.receipt

    def test_the_report_is_there_once_the_file_was_read(self) -> None:
        """Before that it is 404; after, the bytes that SFTP shows too."""
        deposit = self.deposit()
        before = self.get(f"/v1/deposits/{deposit}/report")
        split(self.house, "alpha", deposit, [1])

        assert before.status == 404
        assert self.get(f"/v1/deposits/{deposit}/report").body == b"{}"

    def test_long_lists_of_a_deposit_go_on(self) -> None:
        """A deposit of many claims is read page by page, each claim once."""
        deposit = self.deposit()
        split(self.house, "alpha", deposit, [120, 1, 120])
        body = self.get(f"/v1/deposits/{deposit}").json()
        seen, cursor = body["claims"]["items"], body["claims"]["next"]
        while cursor:
            path = f"/v1/deposits/{deposit}/claims?limit=37&after={cursor}"
            page = self.get(path).json()
            seen, cursor = seen + page["items"], page["next"]

        numbers = [each["number"] for each in seen]
        assert len(numbers) == len(set(numbers)) == 241

    def test_a_list_that_is_none_is_named(self) -> None:
        """A misspelt list is 404 and says which there are."""
        got = self.get(f"/v1/deposits/{self.deposit()}/lotz")

        assert got.status == 404
        assert "lots" in got.json()["detail"]

    def test_the_list_can_be_narrowed(self) -> None:
        """By state, by name, and by time."""
        old = self.deposit(b"1", "old.b2")
        self.house.clock.advance(60)
        new = self.deposit(b"2", "new.b2")
        split(self.house, "alpha", old, [1])
        moment = datetime.fromtimestamp(self.house.now(), UTC).isoformat()

        def ids(query: str) -> list[str]:
            found = self.get(f"/v1/deposits?{query}").json()["items"]
            return [each["id"] for each in found]

        assert ids("") == [new, old]
        assert ids("state=split") == [old]
        assert ids("filename=new.b2") == [new]
        assert ids("since=" + moment.replace("+", "%2B")) == [new]
        assert ids("order=oldest") == [old, new]

    def test_wrong_parameters_are_named(self) -> None:
        """A state, limit, time or cursor that cannot be is refused with its name."""
        wrong = {
            "state=lost": "bad-parameter",
            "limit=0": "bad-parameter",
            "limit=many": "bad-parameter",
            "limit=501": "bad-parameter",
            "since=yesterday": "bad-parameter",
            "since=2026-11-02T08:00:00": "bad-parameter",
            "after=x": "bad-cursor",
            "after=W10": "bad-cursor",
            "state=split&nonsense=1": "bad-parameter",
        }
        for query, code in wrong.items():
            got = self.get(f"/v1/deposits?{query}")
            assert (got.status, got.json()["code"]) == (400, code), query

    def test_a_cursor_of_another_list_is_refused(self) -> None:
        """A cursor made for newest first cannot go on oldest first."""
        for number in range(3):
            self.deposit(b"%d" % number)
        cursor = self.get("/v1/deposits?limit=1").json()["next"]
        got = self.get(f"/v1/deposits?order=oldest&after={cursor}")

        assert got.json()["code"] == "bad-cursor"


@given(
    arrivals=st.lists(st.integers(0, 3), min_size=1, max_size=6),
    limit=st.integers(1, 5),
    newest=st.booleans(),
)
@settings(max_examples=8, deadline=None)
def test_pages_neither_skip_nor_repeat(
    arrivals: list[int], limit: int, newest: bool
) -> None:
    """Deposits that come while a client turns pages change no page of it.

    Newest first, the pages hold what was there at the first one; oldest first,
    they go on to what has come since.
    """
    house = House()
    try:
        door, alpha = Door(house), house.client("alpha")
        token = house.token("alpha")
        taken: list[str] = []

        def take(count: int) -> None:
            for _ in range(count):
                content = b"%d" % len(taken)
                taken.append(house.deposit(alpha, "a.b2", content).deposit)
            house.clock.advance(0.001)

        take(6)
        there = set(taken)
        seen: list[str] = []
        query = f"limit={limit}&order={'newest' if newest else 'oldest'}"
        cursor, coming = "", list(arrivals)
        while True:
            page = door.get(f"/v1/deposits?{query}&after={cursor}", token).json()
            seen += [each["id"] for each in page["items"]]
            if page["next"] is None and not coming:
                break
            if page["next"] is None and newest:
                break
            take(coming.pop() if coming else 0)
            cursor = page["next"] or page["cursor"]

        assert len(seen) == len(set(seen))
        assert set(seen) == (there if newest else set(taken))
    finally:
        house.close()
