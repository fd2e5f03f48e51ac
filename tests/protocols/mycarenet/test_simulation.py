"""The Belgian network keeps what its simulation promises."""

from __future__ import annotations

import pytest

from protocols.interface import Network
from protocols.mycarenet.network import MYCARENET
from tests.protocols.contract.simulation_contract import SimulationContract


class TestMyCareNetSimulation(SimulationContract):
    @pytest.fixture
    def network(self) -> Network:
        return MYCARENET
