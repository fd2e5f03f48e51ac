"""The Belgian network keeps what every network promises, its simulation too."""

from __future__ import annotations

import pytest

from protocols.interface import Network
from protocols.mycarenet.network import MYCARENET
from protocols.mycarenet.returns import RETURN_FORMATS
from tests.protocols.contract.network_contract import NetworkContract
from tests.protocols.contract.simulation_contract import SimulationContract


@pytest.fixture
def network() -> Network:
    return MYCARENET


@pytest.fixture
def code() -> str:
    return "300"


class TestMyCareNet(NetworkContract):
    pass


class TestMyCareNetSimulation(SimulationContract):
    pass


def test_every_format_that_it_reads_has_a_title() -> None:
    """What `octway inspect` may meet of this network is put into words."""
    assert set(MYCARENET.titles) == {"mycarenet.920000", *RETURN_FORMATS}
