"""The collect step on a simulated MyCareNet: confirmed after the commit, never before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

import pytest
from attrs import define
from sqlalchemy import select

from gateway.journal import circuits, schema
from gateway.steps.collect import Collect
from protocols.channels.interface import Arrival, Channel, RemoteFile, Sent
from protocols.errors import PayerRefused
from routing.retry import CircuitState
from tests.gateway.house import House
from tests.protocols.mycarenet.simulated_mycarenet import (
    Certificates,
    SimulatedMyCareNet,
)

pytestmark = pytest.mark.system
ENDPOINT = "mycarenet"


class Crash(BaseException):
    """The program ends here."""


@define
class Ending:
    """A channel in whose middle the program ends."""

    inner: Channel
    before: bool = False
    after: bool = False

    def list(self) -> Sequence[RemoteFile]:
        return self.inner.list()

    def fetch(self, file: RemoteFile, into: BinaryIO) -> int:
        return self.inner.fetch(file, into)

    def remove(self, file: RemoteFile) -> None:
        if self.before:
            raise Crash
        self.inner.remove(file)
        if self.after:
            raise Crash

    def send(self, name: str, size: int, body: BinaryIO) -> Sent:
        return self.inner.send(name, size, body)

    def ask(self, name: str, size: int) -> Arrival:
        return self.inner.ask(name, size)

    def check(self) -> str:
        return self.inner.check()

    def close(self) -> None:
        self.inner.close()


class Site:
    """What outlives a crash: the house, and MyCareNet."""

    def __init__(self, folder: Path, house: House) -> None:
        self.house = house
        self.payer = SimulatedMyCareNet(folder, Certificates(folder))

    def collect(self, channel: Channel) -> bool:
        step = Collect(
            database=self.house.database,
            payloads=self.house.payloads,
            channel=lambda endpoint: channel,
            directory=lambda: pytest.fail("no directory is needed for one outbox"),
            entropy=self.house.entropy,
            now=self.house.now,
            worker="w1",
            lease=60.0,
        )
        return step.empty(ENDPOINT, "mycarenet")

    def stored(self) -> dict[bytes, bool]:
        """Say what is journaled, and whether it is confirmed."""
        database, returned = self.house.database, schema.payer_return
        query = select(schema.payload, returned.c.confirmed_at).join(
            returned, returned.c.payload_id == schema.payload.c.id
        )
        found = []
        for row in database.read(lambda connection: connection.execute(query).all()):
            with self.house.payloads.open_row(row) as stream:
                found.append((stream.read(), row.confirmed_at is not None))
        assert len(found) == len(dict(found))
        return dict(found)


@pytest.fixture
def site(tmp_path: Path, url: str) -> Iterator[Site]:
    made = Site(tmp_path, House(url))
    yield made
    made.payer.stop()
    made.house.close()


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_around_the_confirmation_neither_loses_nor_doubles(
    site: Site, when: str
) -> None:
    """What was stored when the program ended is journaled once, and confirmed."""
    for content in (b"931000", b"920900"):
        site.payer.put(content)
    ending = Ending(site.payer.open(), before=when == "before", after=when == "after")
    with closing(ending), pytest.raises(Crash):
        site.collect(ending)
    assert list(site.stored().values()) == [False]
    assert len(site.payer.waiting()) == (2 if when == "before" else 1)

    with closing(site.payer.open()) as channel:
        site.collect(channel)

    assert set(site.stored()) == {b"931000", b"920900"}
    assert site.payer.waiting() == []
    if when == "before":
        assert all(site.stored().values())


def test_a_mailbox_that_is_looked_at_often_is_no_failure(site: Site) -> None:
    """A collect interval shorter than MyCareNet's pause opens no circuit."""
    site.payer.limit(30.0)
    site.payer.put(b"931000")
    with closing(site.payer.open(get_interval="30s")) as channel:
        for _ in range(10):
            site.collect(channel)

    assert site.stored() == {b"931000": True}
    found = site.house.database.read(circuits.every)
    assert [row.state for row in found] in ([], [CircuitState.CLOSED])


@define
class Poisoned(Ending):
    """A channel that cannot take what one file holds."""

    poison: str = ""

    def fetch(self, file: RemoteFile, into: BinaryIO) -> int:
        if file.name == self.poison:
            raise PayerRefused(f"fetching {file.name}: its content is not its hash's")
        return self.inner.fetch(file, into)


def test_one_message_that_cannot_be_taken_does_not_stall_the_mailbox(
    site: Site,
) -> None:
    """It stays there and a person is told; all unions share the one endpoint."""
    site.payer.put(b"920900")
    with closing(site.payer.open()) as channel:
        (bad,) = channel.list()
        poisoned = Poisoned(channel, poison=bad.name)
        for number in range(8):
            site.payer.put(b"931000 of %d" % number)
            site.collect(poisoned)

    assert len(site.stored()) == 8
    assert site.payer.waiting() == [b"920900"]
    found = site.house.database.read(circuits.every)
    assert [row.state for row in found] in ([], [CircuitState.CLOSED])
    (told,) = site.house.database.read(
        lambda connection: connection.execute(select(schema.anomaly)).all()
    )
    assert (told.kind, told.subject) == ("return-stuck", ENDPOINT)
