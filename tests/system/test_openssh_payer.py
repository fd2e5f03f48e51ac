"""The SFTP channel against a real OpenSSH server keeps every promise.

The server has its own configuration, keys and port on loopback; these tests say
so and skip where no `sshd` is installed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from protocols.channels.sftp import open_channel
from protocols.interface import Channel
from tests.protocols.contract.channel_contract import LineContract
from tests.system.openssh_payer import OpenSshPayer

pytestmark = pytest.mark.system


class RealPayer:
    """New folders for each test, on one server."""

    def __init__(self, server: OpenSshPayer, folder: Path) -> None:
        self._server = server
        self.inbox = folder / "in"
        self.outbox = folder / "out"
        self.inbox.mkdir()
        self.outbox.mkdir()

    def open(self, **changes: object) -> Channel:
        return open_channel(
            {
                "host": "127.0.0.1",
                "port": self._server.port,
                "user": self._server.user,
                "key_file": str(self._server.folder / "client_key"),
                "host_keys": [self._server.host_key],
                "send_folder": str(self.inbox),
                "collect_folder": str(self.outbox),
                **changes,
            }
        )

    def open_read_only(self) -> Channel:
        return self.open(key_file=str(self._server.folder / "reading_key"))

    def open_unreachable(self) -> Channel:
        return self.open(port=9)

    def open_with_wrong_credentials(self) -> Channel:
        return self.open(key_file=str(self._server.folder / "strange_key"))

    def stop(self) -> None:
        self._server.stop()

    def start(self) -> None:
        self._server.start()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenSshPayer]:
    running = OpenSshPayer(tmp_path_factory.mktemp("openssh"))
    yield running
    running.stop()


class TestOpenSshPayer(LineContract):
    @pytest.fixture
    def payer(self, server: OpenSshPayer, tmp_path: Path) -> RealPayer:
        server.start()
        return RealPayer(server, tmp_path)

    def test_more_sessions_than_the_server_grants(self, payer: RealPayer) -> None:
        """A server that grants fewer sessions on a line than set still serves all."""
        channel = payer.open(connections=1, channels_per_connection=10)
        channel.check()
        self.test_thirty_two_threads_at_once(channel, payer)
        channel.close()

    def test_the_extensions_are_seen(self, payer: RealPayer) -> None:
        """Renaming over an existing file and writing to the disk are asked for."""
        channel = payer.open()
        words = channel.check()
        channel.close()

        assert "posix-rename@openssh.com" in words
        assert "fsync@openssh.com" in words
