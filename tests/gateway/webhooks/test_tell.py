"""What endpoints are told: each thing once, none left out, and nobody else's."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import select

from gateway.committing import Tx
from gateway.journal import expectations, schema, webhook_events
from gateway.webhooks.kinds import KINDS, MEMBERS
from routing.lifecycle import ExpectationEvent
from tests.gateway.furnished import PATIENT, give_back, owes, send, split
from tests.gateway.house import House
from tests.gateway.webhooks.vendor import Vendor


def told(house: House) -> list[Any]:
    """Read what was written down to be told, oldest first."""
    table = schema.webhook_event
    query = select(table.c.body).order_by(table.c.at, table.c.id)
    bodies = house.database.read(lambda each: each.execute(query).scalars().all())
    return [json.loads(body) for body in bodies]


def late(house: House) -> None:
    """Have every answer be late."""

    def write(tx: Tx) -> None:
        for row in tx.connection.execute(select(schema.expectation)).all():
            expectations.move(tx, row, ExpectationEvent.LAPSE)

    house.database.write("late", write)


def test_a_life_is_told_step_by_step(house: House, vendor: Vendor) -> None:
    """Read, sent, late, and answered: with ids, counts and links, and no patient."""
    vendor.add("alpha")
    deposit = house.deposit(house.limits("alpha"), "a.b2", b"x").deposit
    house.clock.advance(1)
    (lot,) = split(house, "alpha", deposit, [2])
    house.clock.advance(1)
    send(house, [lot], [owes(house, 3)])
    house.clock.advance(1)
    late(house)
    house.clock.advance(1)
    returned = give_back(house, "alpha", "r.noe", b"r", [lot])

    vendor.work()

    assert vendor.told() == [
        "deposit.read",
        "lot.sent",
        "answer.late",
        "return.available",
    ]
    for kind, (_, came) in zip(vendor.told(), vendor.endpoints.came, strict=True):
        members = (*MEMBERS[KINDS[kind].about], *KINDS[kind].facts)
        assert set(came.json()["data"]) == set(members)
    read, sent, owed, back = (came.json() for _, came in vendor.endpoints.came)
    assert read["data"] == {
        "deposit": deposit,
        "lots": 1,
        "claims": 2,
        "errors": 0,
        "link": f"/v1/deposits/{deposit}",
    }
    assert sent["data"]["lot"] == lot
    assert (owed["data"]["kind"], owed["data"]["claims"]) == ("payment", 2)
    assert back["data"]["return"] == returned
    assert back["data"]["link"] == f"/v1/returns/{returned}"
    assert read["timestamp"] < sent["timestamp"] < owed["timestamp"]
    assert PATIENT not in str([came.body for _, came in vendor.endpoints.came])


def test_each_is_told_once_however_often_it_is_looked_for(
    house: House, vendor: Vendor
) -> None:
    """The place in the history moves with what was made of it."""
    vendor.add("alpha")
    for number in range(3):
        deposit = house.deposit(house.limits("alpha"), f"{number}.b2", b"%d" % number)
        split(house, "alpha", deposit.deposit, [1])
        vendor.tell.run_once()
        vendor.tell.run_once()

    found = told(house)
    assert [each["type"] for each in found] == ["deposit.read"] * 3
    assert len({each["id"] for each in found}) == 3


def test_two_nodes_look_through_one_history(house: House, vendor: Vendor) -> None:
    """Who comes second to a chain finds its place moved, and tells nothing twice."""
    vendor.add("alpha")
    deposit = house.deposit(house.limits("alpha"), "a.b2", b"x").deposit
    split(house, "alpha", deposit, [1])
    other = Vendor(house)

    first = vendor.tell.run_once(), other.tell.run_once()

    assert first[0]
    assert len(told(house)) == 1


def test_an_endpoint_is_told_what_it_asked_for_since_it_is_there(
    house: House, vendor: Vendor
) -> None:
    """Neither other kinds, nor what was before, nor another client's."""
    first = house.deposit(house.limits("alpha"), "a.b2", b"a").deposit
    split(house, "alpha", first, [1])
    house.clock.advance(1)
    vendor.add("alpha", "lot.sent", "lot.held", url="https://some.example")
    vendor.add("beta", url="https://other.example")
    second = house.deposit(house.limits("alpha"), "b.b2", b"b").deposit
    (lot,) = split(house, "alpha", second, [1])
    send(house, [lot], [owes(house, 3)])

    vendor.work()

    assert [(url, came.json()["type"]) for url, came in vendor.endpoints.came] == [
        ("https://some.example", "lot.sent")
    ]


def test_every_kind_comes_from_an_event_that_is_said(house: House) -> None:
    """The sources in the table are kinds of the history, each for one kind."""
    sources = [kind.source for kind in KINDS.values()]
    assert len(set(sources)) == len(sources)
    assert all(kind.about in {"deposit", "lot", "return"} for kind in KINDS.values())


def test_a_history_that_nobody_listens_to_is_passed_by(
    house: House, vendor: Vendor
) -> None:
    """Without an endpoint nothing is read; the first one need not wade through it."""

    def say(tx: Tx) -> None:
        for _ in range(webhook_events.SKIP + 10):
            tx.say("test.said", "nothing")

    house.database.write("say", say)
    assert not vendor.tell.run_once()

    def place(connection: Any) -> Any:
        table = schema.webhook_place
        return connection.execute(select(table.c.seq)).scalar_one()

    assert house.database.read(place) > webhook_events.SKIP
