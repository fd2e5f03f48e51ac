"""How endpoints are told: signed, in order, again until they say yes, or given up."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

import pytest
from sqlalchemy import select

from gateway.committing import Tx
from gateway.errors import LostRace
from gateway.journal import (
    clients,
    schema,
    webhook_deliveries,
    webhook_events,
    webhooks,
    work,
)
from gateway.storage.rewrap import rewrap
from gateway.storage.vault import KeyRing
from gateway.webhooks import signature
from gateway.webhooks.line import Outcome
from routing.webhook import WebhookEvent
from tests.gateway.house import House
from tests.gateway.webhooks.receiver import verified
from tests.gateway.webhooks.vendor import BROKEN, GIVE_UP, OK, WAITS, Vendor

SECRET = signature.shown(b"s" * 32)
DAY = 86_400.0


def put_tests(house: House, vendor: Vendor, webhook: str, count: int = 1) -> None:
    """Put tests in line."""
    row = vendor.row(webhook)
    for _ in range(count):
        house.database.write(
            "test", lambda tx: webhook_events.add_test(tx, house.entropy, row)
        )


def move(house: House, vendor: Vendor, webhook: str, event: WebhookEvent) -> None:
    """Have a client pause its endpoint, or go on."""
    row = vendor.row(webhook)
    house.database.write("move", lambda tx: webhooks.move(tx, row, event, by="client"))


def test_what_is_sent_is_signed(house: House, vendor: Vendor) -> None:
    """The signature fits secret, id, time and body, and nothing else."""
    webhook = vendor.add("alpha")
    put_tests(house, vendor, webhook)
    vendor.work()
    ((_, came),) = vendor.endpoints.came

    assert verified(SECRET, came, house.now())
    assert not verified(signature.shown(b"t" * 32), came, house.now())
    assert not verified(SECRET, came, house.now() + 301)
    assert came.headers["Octway-Event-Id"] == came.json()["id"]
    assert came.headers["webhook-id"] == came.json()["id"]
    assert vendor.states(webhook) == ["delivered"]


def test_two_secrets_sign_while_one_is_changed(house: House, vendor: Vendor) -> None:
    """A receiver that knows either secret verifies; later only the new one signs."""
    webhook = vendor.add("alpha")
    row = vendor.row(webhook)
    sealed = signature.seal(house.keys, webhook, b"t" * 32)
    house.database.write(
        "secret",
        lambda tx: webhooks.new_secret(
            tx, row, sealed, old_until=tx.now + DAY, by="client"
        ),
    )
    put_tests(house, vendor, webhook)
    vendor.work()
    house.clock.advance(DAY)
    put_tests(house, vendor, webhook)
    vendor.work()

    (_, during), (_, after) = vendor.endpoints.came
    fresh = signature.shown(b"t" * 32)
    assert verified(SECRET, during, house.now() - DAY)
    assert verified(fresh, during, house.now() - DAY)
    assert not verified(SECRET, after, house.now())
    assert verified(fresh, after, house.now())


def test_what_failed_is_tried_again_with_longer_pauses(
    house: House, vendor: Vendor
) -> None:
    """The same event with the same id, after 5 seconds, then 5 minutes."""
    webhook = vendor.add("alpha")
    put_tests(house, vendor, webhook)
    vendor.endpoints.answers = [BROKEN, Outcome(None, "no answer"), OK]

    vendor.work()
    assert len(vendor.endpoints.came) == 1
    house.clock.advance(WAITS[0] - 0.1)
    vendor.work()
    assert len(vendor.endpoints.came) == 1
    house.clock.advance(0.2)
    vendor.work()
    assert len(vendor.endpoints.came) == 2
    house.clock.advance(WAITS[1])
    vendor.work()

    assert len({came.headers["webhook-id"] for _, came in vendor.endpoints.came}) == 1
    assert len({came.body for _, came in vendor.endpoints.came}) == 1
    assert vendor.counted.outcomes == ["failed", "failed", "delivered"]
    (row,) = house.database.read(webhook_deliveries.listed, webhook, limit=9)
    assert (row.state, row.attempts, row.status) == ("delivered", 3, 204)
    assert (vendor.row(webhook).failures, vendor.row(webhook).failing_since) == (
        0,
        None,
    )


def test_an_endpoint_is_told_in_order(house: House, vendor: Vendor) -> None:
    """What comes behind one that failed waits for it."""
    webhook = vendor.add("alpha")
    put_tests(house, vendor, webhook, 3)
    vendor.endpoints.answers = [OK, BROKEN]
    vendor.work()
    assert vendor.states(webhook) == ["delivered", "pending", "pending"]
    house.clock.advance(WAITS[0])
    vendor.work()

    first, second, again, third = (
        came.headers["webhook-id"] for _, came in vendor.endpoints.came
    )
    assert len({first, second, third}) == 3
    assert again == second


def test_a_slow_endpoint_has_its_turn_and_no_more(house: House, vendor: Vendor) -> None:
    """With much waiting for it, another client's endpoint is told within seconds."""
    slow = vendor.add("alpha", url="https://slow.example")
    put_tests(house, vendor, slow, 40)
    house.clock.advance(0.1)
    quick = vendor.add("beta", url="https://quick.example")
    put_tests(house, vendor, quick)
    began = house.now()
    vendor.endpoints.takes = lambda url: house.clock.advance(
        2.5 if url == "https://slow.example" else 0.0
    )
    told: dict[str, float] = {}
    while "pending" in vendor.states(slow):
        vendor.deliver.run_once()
        if vendor.states(quick) == ["delivered"]:
            told.setdefault("quick", house.now() - began)
    assert told["quick"] < 10


def test_what_an_endpoint_cannot_stomach_starves_nobody(
    house: House, vendor: Vendor
) -> None:
    """Refused twice while the next is taken, it steps aside, comes again, and is given up."""
    webhook = vendor.add("alpha")
    put_tests(house, vendor, webhook, 4)
    bad = house.database.read(webhook_deliveries.listed, webhook, limit=9)[-1].event_id
    vendor.endpoints.refused = {bad}
    vendor.work()
    house.clock.advance(WAITS[0] * 1.2)
    vendor.work()
    assert vendor.states(webhook) == ["pending"] * 4
    house.clock.advance(WAITS[1] * 1.2)
    vendor.work()
    assert vendor.states(webhook) == ["pending", *["delivered"] * 3]
    assert vendor.row(webhook).failures == 0

    put_tests(house, vendor, webhook)
    vendor.work()
    assert vendor.states(webhook)[-1] == "delivered"  # at once
    for pause in WAITS[1:]:
        house.clock.advance(pause * 1.2)
        vendor.work()
    assert vendor.states(webhook)[0] == "dead"
    tries = [came.headers["webhook-id"] for _, came in vendor.endpoints.came]
    assert tries.count(bad) == len(WAITS) + 1
    assert vendor.row(webhook).due_at is None


def test_an_endpoint_that_refused_all_is_told_all_at_once(
    house: House, vendor: Vendor
) -> None:
    """The second is tried to see who is at fault; once mended nothing waits longer."""
    webhook = vendor.add("alpha")
    put_tests(house, vendor, webhook, 3)
    vendor.endpoints.broken = {vendor.row(webhook).url}
    for pause in (0.0, *WAITS):
        house.clock.advance(pause * 1.2)
        vendor.work()
    vendor.endpoints.broken.clear()
    vendor.endpoints.came.clear()
    house.clock.advance(WAITS[-1] * 1.2)
    vendor.work()
    listed = house.database.read(webhook_deliveries.listed, webhook, limit=9)
    came = [came.headers["webhook-id"] for _, came in vendor.endpoints.came]
    assert came[-1] == listed[0].event_id
    assert sorted(came) == sorted(each.event_id for each in listed)


def test_one_that_fails_holds_up_no_other(house: House, vendor: Vendor) -> None:
    """Endpoints do not wait for one another."""
    bad = vendor.add("alpha", url="https://bad.example")
    good = vendor.add("beta", url="https://good.example")
    vendor.endpoints.broken = {"https://bad.example"}
    put_tests(house, vendor, bad)
    put_tests(house, vendor, good)
    vendor.work()

    assert (vendor.states(bad), vendor.states(good)) == (["pending"], ["delivered"])


def exhaust(house: House, vendor: Vendor) -> None:
    """Let every try of one delivery fail."""
    for pause in (*WAITS, 0.0):
        vendor.work()
        house.clock.advance(pause)


def test_what_is_never_taken_is_given_up_and_can_be_replayed(
    house: House, vendor: Vendor
) -> None:
    """A dead letter is listed with its last error; replayed it keeps its id."""
    webhook = vendor.add("alpha")
    put_tests(house, vendor, webhook)
    vendor.endpoints.broken = {"https://vendor.example"}
    exhaust(house, vendor)

    (row,) = house.database.read(
        webhook_deliveries.listed, webhook, limit=9, state="dead"
    )
    assert (row.attempts, row.status, row.error) == (4, 500, BROKEN.words)
    assert vendor.counted.outcomes == ["failed"] * 3 + ["dead"]
    assert vendor.events("webhook.d") == ["webhook.dead"]

    vendor.endpoints.broken = set()
    events = house.database.read(
        webhook_deliveries.to_replay, webhook, 0.0, all_states=False, most=9
    )
    house.database.write(
        "replay", lambda tx: webhook_deliveries.replay(tx, webhook, events, "client")
    )
    house.clock.advance(WAITS[-1])
    vendor.work()
    assert vendor.states(webhook) == ["dead", "delivered"]
    assert len({came.headers["webhook-id"] for _, came in vendor.endpoints.came}) == 1
    assert not house.database.read(
        webhook_deliveries.to_replay, webhook, 0.0, all_states=False, most=9
    )


def test_an_endpoint_that_fails_for_days_is_disabled_and_told_of(
    house: House, vendor: Vendor
) -> None:
    """Nothing is lost by it: once back in use it is told all that waited, in order."""
    webhook = vendor.add("alpha")
    put_tests(house, vendor, webhook, 2)
    vendor.endpoints.broken = {"https://vendor.example"}
    vendor.work()
    house.clock.advance(GIVE_UP)
    vendor.work()
    assert vendor.row(webhook).state == "disabled"
    assert "failed for 5.0 days; the last: it answered 500" in vendor.row(webhook).why
    ((kind, state),) = anomalies(house)
    assert (kind, state) == ("webhook-disabled", "open")

    put_tests(house, vendor, webhook)
    house.clock.advance(DAY)
    tries = len(vendor.endpoints.came)
    vendor.work()
    assert len(vendor.endpoints.came) == tries

    vendor.endpoints.broken = set()
    move(house, vendor, webhook, WebhookEvent.RESUME)
    vendor.work()
    assert vendor.states(webhook) == ["delivered"] * 3
    assert anomalies(house) == [("webhook-disabled", "resolved")]


def anomalies(house: House) -> list[Any]:
    """List kinds and states of anomalies."""
    table = schema.anomaly
    query = select(table.c.kind, table.c.state)
    return house.database.read(lambda each: [tuple(row) for row in each.execute(query)])


def test_an_endpoint_that_says_gone_is_disabled_at_once(
    house: House, vendor: Vendor
) -> None:
    """410 means that it wants nothing any more; what waits is kept."""
    webhook = vendor.add("alpha")
    put_tests(house, vendor, webhook)
    vendor.endpoints.answers = [Outcome(410, "it answered 410; wanted 2xx")]
    vendor.work()

    assert vendor.row(webhook).state == "disabled"
    assert vendor.states(webhook) == ["pending"]


def test_a_paused_endpoint_is_told_later(house: House, vendor: Vendor) -> None:
    """What happens during a pause waits."""
    webhook = vendor.add("alpha")
    move(house, vendor, webhook, WebhookEvent.PAUSE)
    put_tests(house, vendor, webhook)
    vendor.work()
    assert not vendor.endpoints.came
    move(house, vendor, webhook, WebhookEvent.RESUME)
    vendor.work()
    assert vendor.states(webhook) == ["delivered"]


def test_a_disabled_account_is_not_called(house: House, vendor: Vendor) -> None:
    """Nothing leaves for a client whose account is closed, until it is open again."""
    webhook = vendor.add("alpha")
    put_tests(house, vendor, webhook)
    house.database.write("off", lambda tx: clients.disable(tx, "alpha"))
    vendor.work()
    assert not vendor.endpoints.came
    house.database.write("on", lambda tx: clients.disable(tx, "alpha", back=True))
    vendor.work()
    assert vendor.states(webhook) == ["delivered"]


class Meanwhile:
    """An endpoint during whose call something happens; satisfies `Calls`."""

    def __init__(self, happens: Any) -> None:
        self.happens = happens

    def call(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        self.happens()
        return OK


def test_two_workers_never_tell_one_endpoint_at_once(
    house: House, vendor: Vendor
) -> None:
    """While one has it the other finds nothing; a lease that ran out is taken over."""
    webhook = vendor.add("alpha")
    put_tests(house, vendor, webhook)
    seen: list[bool] = []
    slow = vendor.worker(
        "w2", Meanwhile(lambda: seen.append(vendor.deliver.run_once()))
    )
    assert slow.run_once()
    assert seen == [False]
    assert vendor.states(webhook) == ["delivered"]

    put_tests(house, vendor, webhook)

    def overtaken() -> None:
        house.clock.advance(1000)
        vendor.work()

    with pytest.raises(LostRace):
        vendor.worker("w2", Meanwhile(overtaken)).run_once()
    assert vendor.states(webhook) == ["delivered"] * 2


def test_a_worker_that_died_leaves_the_endpoint_to_the_next(
    house: House, vendor: Vendor
) -> None:
    """At least once: what may have been taken is told again, under the same id."""
    webhook = vendor.add("alpha")
    put_tests(house, vendor, webhook)

    def dies() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        vendor.worker("w1", Meanwhile(dies)).run_once()
    assert not vendor.deliver.run_once()
    house.database.write("abandon", work.abandon_all, "w1")
    vendor.work()
    assert vendor.states(webhook) == ["delivered"]


def test_an_endpoint_removed_during_its_call_is_forgotten(
    house: House, vendor: Vendor
) -> None:
    """Nothing of it is left, and no worker trips over it for good."""
    webhook = vendor.add("alpha")
    put_tests(house, vendor, webhook)
    remove = Meanwhile(
        lambda: house.database.write("rm", webhooks.remove, webhook, "client")
    )
    with pytest.raises(LostRace):
        vendor.worker("w2", remove).run_once()
    assert vendor.row(webhook) is None
    assert not vendor.deliver.run_once()


def test_old_deliveries_are_given_up_then_forgotten(
    house: House, vendor: Vendor
) -> None:
    """Nothing that waits vanishes: it is listed as given up before it goes."""
    webhook = vendor.add("alpha")
    put_tests(house, vendor, webhook, 2)
    vendor.endpoints.answers = [OK]
    move(house, vendor, webhook, WebhookEvent.PAUSE)
    house.clock.advance(31 * DAY)

    def tidy(tx: Tx) -> int:
        return webhook_deliveries.tidy(tx, tx.now - 30 * DAY)

    assert house.database.write("tidy", tidy) == 2
    assert vendor.states(webhook) == ["dead", "dead"]
    house.clock.advance(31 * DAY)
    assert house.database.write("tidy", tidy) == 2
    assert vendor.states(webhook) == []
    query = select(schema.webhook_event)
    assert not house.database.read(lambda each: each.execute(query).all())


def test_secrets_outlive_a_change_of_keys(house: House, vendor: Vendor) -> None:
    """`octway key rotate` wraps secrets anew too; the old key is not needed then."""
    webhook = vendor.add("alpha")
    row = vendor.row(webhook)
    old = signature.seal(house.keys, webhook, b"o" * 32)
    house.database.write(
        "secret",
        lambda tx: webhooks.new_secret(
            tx, row, old, old_until=tx.now + DAY, by="client"
        ),
    )
    keys = {"k1": Random(1).randbytes(32), "k2": b"2" * 32}  # the first: the house's
    house.payloads.keys = KeyRing(keys, "k2", b"", house.entropy)
    assert house.database.write("rewrap", rewrap, house.payloads.keys, 100) == 2
    after = vendor.row(webhook)
    assert (after.key_id, after.old_key_id) == ("k2", "k2")
    alone = KeyRing({"k2": b"2" * 32}, "k2", b"", house.entropy)
    opened = signature.unseal(alone, webhook, after.key_id, after.wrapped_key)
    assert opened == b"o" * 32
