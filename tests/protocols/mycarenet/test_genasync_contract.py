"""The GenAsync channel keeps the promises of every channel, over real HTTPS."""

from __future__ import annotations

import pytest

from tests.protocols.contract.channel_contract import LineContract
from tests.protocols.mycarenet.simulated_mycarenet import SimulatedMyCareNet

pytestmark = pytest.mark.system


class TestGenAsyncChannel(LineContract):
    @pytest.fixture(autouse=True)
    def _payer(self, payer: SimulatedMyCareNet) -> None:
        """The simulated MyCareNet of this folder."""
