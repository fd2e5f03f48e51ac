"""The French network keeps what its simulation promises."""

from __future__ import annotations

import pytest

from protocols.interface import Network
from protocols.sesam.network import SESAM
from tests.protocols.contract.simulation_contract import SimulationContract


class TestSesamSimulation(SimulationContract):
    @pytest.fixture
    def network(self) -> Network:
        return SESAM
