"""The demo's unions are reached as real ones are: through a (simulated) MyCareNet."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from contextlib import closing
from random import Random

import pytest

from protocols.channels.interface import Arrival
from protocols.errors import CredentialsRefused, OutcomeUnknown, TransferError
from protocols.mycarenet.genasync import open_channel
from protocols.mycarenet.simulated_host import MyCareNetForDemo
from protocols.simulation import LineFault
from tests.protocols.mycarenet.simulated_mycarenet import marked, sending

pytestmark = pytest.mark.system

BODY = sending(7)
Taken = list[tuple[str, str, bytes]]


@pytest.fixture(scope="module")
def taken() -> Taken:
    return []


@pytest.fixture(scope="module")
def host(
    tmp_path_factory: pytest.TempPathFactory, taken: Taken
) -> Iterator[MyCareNetForDemo]:
    def took(code: str, name: str, content: bytes) -> None:
        taken.append((code, name, content))

    folder = tmp_path_factory.mktemp("host")
    with closing(
        MyCareNetForDemo(folder, took=took, now=time.time, rng=Random(1))
    ) as made:
        yield made


def test_a_file_is_taken_and_its_return_fetched(
    host: MyCareNetForDemo, taken: Taken
) -> None:
    """Under the name that it was sent by; a return lies there until it is confirmed."""
    with closing(open_channel(host.place)) as channel:
        channel.send(marked(BODY), len(BODY), io.BytesIO(BODY))
        assert taken[-1] == ("300", marked(BODY), BODY)
        name = host.give("300", b"a return")
        (file,) = channel.list()
        assert host.waiting() == {name}
        channel.remove(file)
        assert not host.waiting()


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (LineFault.CUT_LATE, OutcomeUnknown),
        (LineFault.CUT_EARLY, TransferError),
        (LineFault.LOCKED_OUT, CredentialsRefused),
    ],
)
def test_its_line_fails_as_it_is_dialled(
    host: MyCareNetForDemo, fault: LineFault, error: type[TransferError]
) -> None:
    """A cut line leaves the outcome open, and the good one answers again."""
    with closing(open_channel(host.place)) as channel:
        host.dial(fault)
        with pytest.raises(error):
            channel.send(marked(BODY), len(BODY), io.BytesIO(BODY))
        host.dial(None)
        channel.send(marked(BODY), len(BODY), io.BytesIO(BODY))
        assert channel.ask(marked(BODY), len(BODY)) is Arrival.ARRIVED
