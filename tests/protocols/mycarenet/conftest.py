"""A simulated MyCareNet for each test; its certificates are made once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from protocols.channels.interface import Channel
from tests.protocols.mycarenet.simulated_mycarenet import (
    Certificates,
    SimulatedMyCareNet,
)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def payer(tmp_path: Path, certificates: Certificates) -> Iterator[SimulatedMyCareNet]:
    running = SimulatedMyCareNet(tmp_path, certificates)
    yield running
    running.stop()


@pytest.fixture
def channel(payer: SimulatedMyCareNet) -> Iterator[Channel]:
    opened = payer.open()
    yield opened
    opened.close()
