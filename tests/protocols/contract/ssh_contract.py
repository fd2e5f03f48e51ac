"""What a channel over SSH promises besides: a pinned key, and few lines."""

from __future__ import annotations

import io
import threading
from contextlib import closing

import pytest
from paramiko import Transport

from protocols.errors import UntrustedHost
from tests.protocols.contract.channel_contract import (
    BODY,
    FolderContract,
    LineContract,
    LinePayer,
    send_at_once,
)

STRANGE_KEY = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPW8FCDNL3xgNDPBw4YLjZ8l7gl+KTOWG5kEZPaUfW3k"
)


class SshContract(LineContract, FolderContract):
    """Two folders behind an SSH server."""

    def test_a_strange_host_key_is_named(self, payer: LinePayer) -> None:
        """A host key that is not pinned ends it, and both keys are named."""
        with (
            closing(payer.open_to_stranger()) as channel,
            pytest.raises(UntrustedHost, match=r"SHA256:.*pinned is.*SHA256:"),
        ):
            channel.check()

    def test_lines_are_used_again(self, payer: LinePayer) -> None:
        """Many files in a row and at once need no more lines than the setting says."""
        opened = payer.open(connections=2, channels_per_connection=1)
        with closing(opened) as channel:
            before = _lines()
            for _ in range(3):
                channel.send("one", len(BODY), io.BytesIO(BODY))
            assert len(_lines() - before) == 1
            send_at_once(channel, payer, 8)
            assert 1 <= len(_lines() - before) <= 2


def _lines() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if isinstance(thread, Transport)}
