"""The folder channel keeps the promises of every channel."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.errors import ConfigErrors
from protocols.channels.folder import open_channel
from protocols.channels.interface import Channel
from tests.protocols.contract.channel_contract import (
    FolderContract,
    Payer,
    TwoFolders,
)


class FolderPayer(TwoFolders):
    """A partner on this machine."""

    def __init__(self, folder: Path) -> None:
        self.inbox = folder / "in"
        self.outbox = folder / "out"
        self.inbox.mkdir()
        self.outbox.mkdir()

    def open(self, **changes: object) -> Channel:
        return open_channel(
            {
                "send_folder": str(self.inbox),
                "collect_folder": str(self.outbox),
                **changes,
            }
        )

    def open_read_only(self) -> Channel:
        if not Path("/sys/kernel").is_dir():
            pytest.skip("no /sys here: the one folder that even root may not write")
        return self.open(send_folder="/sys/kernel")

    def open_unreachable(self) -> Channel:
        away = self.inbox.parent / "not-mounted"
        return self.open(send_folder=str(away), collect_folder=str(away))


class TestFolderChannel(FolderContract):
    @pytest.fixture
    def payer(self, tmp_path: Path) -> Payer:
        return FolderPayer(tmp_path)


def test_every_wrong_setting_is_named_at_once() -> None:
    """A folder endpoint with three mistakes is told all three."""
    with pytest.raises(ConfigErrors) as caught:
        open_channel({"send_folder": 5, "temporary_suffix": "/", "keep_files": True})

    assert [mistake.key for mistake in caught.value.mistakes] == [
        "temporary_suffix",
        "send_folder",
        "collect_folder",
        "keep_files",
    ]
