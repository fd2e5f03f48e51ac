"""`octway client webhook` and `octway webhook`, with an endpoint on loopback."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.gateway.cli.installation import Installation
from tests.gateway.webhooks.receiver import Receiver, receiving, verified


@pytest.fixture
def receiver(installed: Installation) -> Iterator[Receiver]:
    """Give an endpoint on this machine, which the settings allow."""
    text = installed.config.read_text()
    assert "allow = []" in text
    installed.config.write_text(text.replace("allow = []", 'allow = ["127.0.0.0/8"]'))
    with receiving() as made:
        yield made


def test_from_registration_to_a_signed_call(
    installed: Installation, receiver: Receiver
) -> None:
    """Added, tested, verified, listed: all that a vendor's first hour needs."""
    added = installed.octway(
        "client", "webhook", "add", "alpha", receiver.url, "--json"
    ).facts
    webhook = added["webhook"]
    assert installed.octway("client", "webhook", "test", "alpha", webhook).status == 0
    installed.work("tell", "deliver")

    (came,) = receiver.came
    assert verified(added["secret"], came, installed.time)
    (shown,) = installed.octway("webhook", "deliveries", webhook, "--json").facts[
        "deliveries"
    ]
    assert (shown["type"], shown["state"]) == ("webhook.test", "delivered")
    (listed,) = installed.octway("client", "webhook", "list", "alpha", "--json").facts[
        "webhooks"
    ]
    assert (listed["url"], listed["state"]) == (receiver.url, "active")
    assert "secret" not in listed


def test_a_deposits_life_tells_what_its_vendor_was_told(
    installed: Installation, receiver: Receiver
) -> None:
    """`octway trace` shows the delivery among all that happened."""
    installed.octway("client", "webhook", "add", "alpha", receiver.url)
    deposit = installed.deposit("a.txt", b"no known format").deposit
    installed.work("split", "tell", "deliver")

    assert [came.json()["type"] for came in receiver.came] == ["deposit.refused"]
    told = installed.octway("trace", deposit)
    assert "was told: deposit.refused" in told.out


def test_what_waits_for_an_endpoint_is_in_the_life_too(
    installed: Installation, receiver: Receiver
) -> None:
    """What an endpoint has not taken yet is told with why; other lives lack it."""
    receiver.answers = [503]
    installed.octway("client", "webhook", "add", "alpha", receiver.url)
    deposit = installed.deposit("a.txt", b"no known format").deposit
    other = installed.deposit("b.txt", b"no known format either").deposit
    installed.work("split", "tell", "deliver")
    told = installed.octway("trace", deposit, "--json").facts["webhooks"]

    (mine,) = told
    assert (mine["type"], mine["about"]) == ("deposit.refused", deposit)
    assert (mine["url"], mine["state"]) == (receiver.url, "pending")
    assert other not in str(told)
    shown = installed.octway("trace", deposit).out
    assert "Webhooks" in shown
    assert receiver.url in shown


def test_support_replays_what_an_endpoint_missed(
    installed: Installation, receiver: Receiver
) -> None:
    """One by its id, or all since a time; what waits cannot be replayed."""
    added = installed.octway(
        "client", "webhook", "add", "alpha", receiver.url, "--json"
    ).facts
    webhook = added["webhook"]
    installed.octway("client", "webhook", "test", "alpha", webhook)
    waiting = installed.octway("webhook", "replay", webhook, f"{webhook}-1")
    assert (waiting.status, "still has in line" in waiting.err) == (1, True)
    installed.work("tell", "deliver")

    assert installed.octway("webhook", "replay", webhook, f"{webhook}-1").status == 0
    installed.work("tell", "deliver")
    since = ("--since", "2026-11-01T00:00+01:00")
    none = installed.octway("webhook", "replay", webhook, *since)
    assert none.out.startswith("0 deliveries in line")
    all_of_them = installed.octway("webhook", "replay", webhook, *since, "--all")
    assert all_of_them.out.startswith("1 delivery in line")
    installed.work("tell", "deliver")
    assert len({came.headers["webhook-id"] for came in receiver.came}) == 1
    assert len(receiver.came) == 3


def test_an_endpoint_is_paused_resumed_and_removed(
    installed: Installation, receiver: Receiver
) -> None:
    """What happened during the pause is told after it."""
    webhook = installed.octway(
        "client", "webhook", "add", "alpha", receiver.url, "--json"
    ).facts["webhook"]
    assert installed.octway("webhook", "pause", webhook).out.endswith("is paused\n")
    installed.octway("client", "webhook", "test", "alpha", webhook)
    installed.work("tell", "deliver")
    assert not receiver.came
    installed.octway("webhook", "resume", webhook)
    installed.work("tell", "deliver")
    assert len(receiver.came) == 1
    removed = installed.octway("client", "webhook", "remove", "alpha", webhook)
    assert removed.status == 0
    assert "no webhook yet" in installed.octway("webhook", "list").out


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        pytest.param(
            ("client", "webhook", "add", "alpha", "https://10.0.0.1/"),
            2,
            "private, loopback or reserved",
            id="inside",
        ),
        pytest.param(
            ("client", "webhook", "add", "alpha", "http://vendor.example/"),
            2,
            "wanted https",
            id="plain",
        ),
        pytest.param(
            ("client", "webhook", "add", "nobody", "https://vendor.example/"),
            1,
            "no client 'nobody'",
            id="nobody",
        ),
        pytest.param(
            ("client", "webhook", "test", "alpha", "w0"),
            1,
            "octway client webhook list alpha",
            id="unknown",
        ),
        pytest.param(
            ("webhook", "deliveries", "w0"), 1, "octway webhook list", id="none"
        ),
        pytest.param(
            ("webhook", "replay", "w0"), 2, "either DELIVERY or --since", id="neither"
        ),
        pytest.param(
            ("webhook", "replay", "w0", "--since", "today"),
            2,
            "no time with its zone",
            id="no-time",
        ),
    ],
)
def test_what_cannot_be_done_is_said(
    installed: Installation, arguments: tuple[str, ...], status: int, words: str
) -> None:
    """With what to do instead."""
    said = installed.octway(*arguments)
    assert said.status == status
    assert words in said.err
