"""The mail channel keeps the promises of every channel."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.protocols.channels.mail_account import Fund
from tests.protocols.contract.channel_contract import LineContract


class TestMailChannel(LineContract):
    @pytest.fixture
    def payer(self, tmp_path: Path) -> Fund:
        return Fund(tmp_path)
