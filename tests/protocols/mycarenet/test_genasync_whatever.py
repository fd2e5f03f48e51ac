"""Whatever goes wrong on the way: nothing lost, nothing doubled, nothing too early.

The channel and the simulated MyCareNet, without a line between them: what a line
does to an exchange is drawn at random, and a gateway that keeps the rules (send
again only what was not handed over, ask for what is unknown unless an answer tells,
confirm what is stored) goes on until all is done.  Where nobody can tell from here, a
person asks MyCareNet by telephone in the end.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from random import Random

import pytest

from protocols.channels.interface import Arrival
from protocols.errors import (
    OutcomeUnknown,
    PayerUnavailable,
    TransferError,
)
from protocols.mycarenet.genasync import GenAsyncChannel
from protocols.mycarenet.genasync_hub import Coming, Hub
from protocols.mycarenet.genasync_hub_faults import HubFaults
from protocols.mycarenet.genasync_line import Answer, NoAnswer
from protocols.mycarenet.genasync_settings import GenAsyncSettings, read_settings
from tests.protocols.mycarenet.simulated_mycarenet import (
    NIHII,
    Certificates,
    Clock,
    name,
    sending,
)

SENDINGS = 6
FAULTS = (
    HubFaults(),
    HubFaults(),
    HubFaults(status=503),
    HubFaults(fault="Server"),
    HubFaults(garbage="html"),
    HubFaults(garbage="entities"),
    HubFaults(wrong_proof=True),
    HubFaults(other_reference=True),
    HubFaults(wrong_hash=True),
    HubFaults(not_enough_time=True),
    HubFaults(doubles_returns=True),
    HubFaults(delays_returns=500.0),
)


class Post:
    """Carries exchanges to a hub, some of them badly."""

    def __init__(self, hub: Hub, rng: Random) -> None:
        self.hub = hub
        self.rng = rng
        self.calm = False

    def exchange(self, doing: str, action: str, request: bytes) -> Answer:
        chance = 1.0 if self.calm else self.rng.random()
        if chance < 0.1:
            raise PayerUnavailable(f"{doing}: the line broke before the last byte")
        self.hub.dial(HubFaults() if self.calm else self.rng.choice(FAULTS))
        reply = self.hub.answer(action, request)
        if chance < 0.3:
            raise NoAnswer("the line broke after the last byte")
        return Answer(reply.status, reply.body)

    def close(self) -> None:
        pass


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> GenAsyncSettings:
    folder = tmp_path_factory.mktemp("settings")
    certificates = Certificates(folder)
    given = {
        "url": "https://localhost/",
        "certificate_file": str(certificates.client.certificate),
        "key_file": str(certificates.client.key),
        "ca_file": str(certificates.ours.certificate),
        "nihii": NIHII,
        "package": "Octway",
        "license_user": "octway",
        "license_password_env": "PASSWORD",
        "signer": "none",
        "max_messages": 5,
    }
    return read_settings(given, {"PASSWORD": "invented"})


@pytest.mark.parametrize("seed", range(8))
def test_every_sending_arrives_once_and_every_return_is_stored(
    settings: GenAsyncSettings, seed: int
) -> None:
    """A rule-abiding gateway on a bad line ends with everything where it belongs."""
    rng, clock = Random(seed), Clock()
    hub = Hub(
        now=clock,
        rng=rng,
        arrived=lambda union, content: [
            Coming(b"931000" + content[20:34]),
            Coming(b"920900" + content[20:34], after=300.0),
        ],
        get_interval=20.0,
    )
    post = Post(hub, rng)
    stored: set[bytes] = set()
    waiting = dict.fromkeys(range(SENDINGS), Arrival.ABSENT)
    numbers = count()
    channel = _channel(settings, post, clock, numbers)

    for turn in range(120):
        clock.now += 40
        post.calm = turn > 60
        if turn % 7 == 0:  # the program was started anew, and knows nothing
            channel = _channel(settings, post, clock, numbers)
        _send(channel, waiting, stored)
        if turn == 80:
            _telephone(hub, waiting)
        _collect(channel, hub, stored)
        if not waiting and not hub.waiting(NIHII):
            break

    assert not waiting
    assert hub.waiting(NIHII) == []
    assert sorted(reference for _, reference, _ in hub.posted) == [
        f"{number:014}" for number in range(SENDINGS)
    ]
    assert stored == {
        kind + f"{number:014}".encode()
        for kind in (b"931000", b"920900")
        for number in range(SENDINGS)
    }


def _channel(
    settings: GenAsyncSettings, post: Post, clock: Clock, numbers: Iterator[int]
) -> GenAsyncChannel:
    return GenAsyncChannel(
        settings=settings,
        line=post,
        now=clock,
        monotonic=clock,
        new_id=lambda: next(numbers),
    )


def _send(
    channel: GenAsyncChannel, waiting: dict[int, Arrival], stored: set[bytes]
) -> None:
    for number in list(waiting):
        if f"931000{number:014}".encode() in stored:
            waiting[number] = Arrival.ARRIVED
        with suppress(PayerUnavailable):
            waiting[number] = _tried(channel, number, waiting[number])
        if waiting[number] is Arrival.ARRIVED:
            del waiting[number]


def _telephone(hub: Hub, waiting: dict[int, Arrival]) -> None:
    posted = {int(reference) for _, reference, _ in hub.posted}
    for number, state in waiting.items():
        if state is Arrival.UNCLEAR:
            told = Arrival.ARRIVED if number in posted else Arrival.ABSENT
            waiting[number] = told


def _tried(channel: GenAsyncChannel, number: int, state: Arrival) -> Arrival:
    body = sending(number)
    if state is Arrival.UNCLEAR:
        return channel.ask(name(number), len(body))
    if state is Arrival.ABSENT:
        try:
            channel.send(name(number), len(body), io.BytesIO(body))
        except OutcomeUnknown:
            return Arrival.UNCLEAR
    return Arrival.ARRIVED


def _collect(channel: GenAsyncChannel, hub: Hub, stored: set[bytes]) -> None:
    with suppress(TransferError):
        for file in channel.list():
            into = io.BytesIO()
            with suppress(TransferError):
                channel.fetch(file, into)
                stored.add(into.getvalue())
                channel.remove(file)
            left = {each.content for each in hub.waiting(NIHII)}
            assert _given(hub) - left <= stored


def _given(hub: Hub) -> set[bytes]:
    """Say what was ever put into the mailbox."""
    return {
        kind + reference.encode()
        for _, reference, _ in hub.posted
        for kind in (b"931000", b"920900")
    }
