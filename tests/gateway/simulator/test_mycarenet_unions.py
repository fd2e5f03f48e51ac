"""A sending's whole way through a simulated MyCareNet: posted, answered, settled."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from gateway.simulator.mycarenet_unions import Unions
from protocols.channels.interface import Channel
from protocols.mycarenet.network import MYCARENET
from protocols.mycarenet.payer_simulator import Faults
from protocols.sending import Addressee, Emitter, LotPart
from tests.protocols.mycarenet.simulated_mycarenet import (
    Certificates,
    SimulatedMyCareNet,
)

pytestmark = pytest.mark.system
DAY = "2027-01-15"  # the day of the clock


@pytest.fixture
def payer(tmp_path: Path) -> Iterator[SimulatedMyCareNet]:
    made = SimulatedMyCareNet(tmp_path, Certificates(tmp_path))
    unions = Unions(
        now=made.clock, rng=Random(3), faults=Faults(), day=10.0, soonest=1.0
    )
    made.comes = unions.arrived
    yield made
    made.stop()


def _composed(union: str, seed: int) -> tuple[str, bytes]:
    sample, into = io.BytesIO(), io.BytesIO()
    MYCARENET.sample(
        union, {}, rng=Random(seed), day=DAY, sender="", lots=1, claims=3, into=sample
    )
    part = LotPart(lambda: io.BytesIO(sample.getvalue()), "", "", 3)
    composed = MYCARENET.compose(
        [part],
        addressee=Addressee(payer=union, code=union),
        emitter=Emitter(number="", kind="", name=""),
        number=0,
        day=DAY,
        into=into,
    )
    return composed.name, into.getvalue()


def _collected(channel: Channel) -> list[tuple[str, str]]:
    """Fetch, read and confirm everything; say which file brought which format."""
    found = []
    for file in channel.list():
        into = io.BytesIO()
        channel.fetch(file, into)
        format = MYCARENET.recognise(into.getvalue()[:4096]) or ""
        into.seek(0)
        reading = MYCARENET.read_return(into, format)
        assert list(reading.answers())
        channel.remove(file)
        found.append((file.name.rpartition("-")[0], format))
    return sorted(found)


def test_a_sending_is_received_judged_and_settled(payer: SimulatedMyCareNet) -> None:
    """Each union answers what was sent to it, in its own time, with its own names."""
    with closing(payer.open()) as channel:
        references = {}
        for seed, union in enumerate(("300", "900")):
            name, content = _composed(union, seed)
            channel.send(name, len(content), io.BytesIO(content))
            references[union] = name.split("-")[2]
        assert _collected(channel) == []

        payer.clock.now += 1
        assert _collected(channel) == [
            (f"HCPFAC-{union}-{reference}", "mycarenet.931000")
            for union, reference in references.items()
        ]

        payer.clock.now += 20 * 10
        later = _collected(channel)
    assert ("HCPAFD-300-" + references["300"], "mycarenet.920900") in later
    assert {name.split("-")[1] for name, _ in later} == {"300", "900"}
    assert payer.waiting() == []
    assert payer.hub.tacks("41234567001") == []


def test_a_sending_that_comes_twice_is_refused_as_a_double(
    payer: SimulatedMyCareNet,
) -> None:
    """The unions notice what the line doubled; the second one is a reject."""
    name, content = _composed("300", 1)
    with closing(payer.open()) as channel:
        for _ in range(2):
            channel.send(name, len(content), io.BytesIO(content))
        payer.clock.now += 1

        assert [
            (file.split("-")[0], format) for file, format in _collected(channel)
        ] == [
            ("HCPFAC", "mycarenet.931000"),
            ("HCPVWR", "mycarenet.920999"),
        ]
