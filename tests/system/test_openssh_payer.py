"""The SFTP channel against a real OpenSSH server keeps every promise.

The server has its own configuration, keys and port on loopback; these tests say
so and skip where no `sshd` is installed.
"""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from protocols.channels.interface import Channel
from protocols.channels.sftp import open_channel
from protocols.errors import PayerRefused
from tests.protocols.contract.channel_contract import BODY, TwoFolders
from tests.protocols.contract.ssh_contract import STRANGE_KEY, SshContract
from tests.system.openssh_payer import OpenSshPayer

pytestmark = pytest.mark.system


class RealPayer(TwoFolders):
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

    def open_to_stranger(self) -> Channel:
        return self.open(host_keys=[STRANGE_KEY])

    def stop(self) -> None:
        self._server.stop()

    def start(self) -> None:
        self._server.start()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenSshPayer]:
    running = OpenSshPayer(tmp_path_factory.mktemp("openssh"))
    yield running
    running.stop()


@pytest.fixture
def payer(server: OpenSshPayer, tmp_path: Path) -> RealPayer:
    server.start()
    return RealPayer(server, tmp_path)


@pytest.fixture
def changed(server: OpenSshPayer) -> Iterator[Callable[..., None]]:
    """Change how the server is set, for one test."""
    yield server.restart
    server.restart()


class TestOpenSshPayer(SshContract):
    @pytest.fixture(autouse=True)
    def _server(self, payer: RealPayer) -> None:
        """The payer of this module."""

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


def _send(payer: RealPayer, name: str = "B2-001") -> str:
    with closing(payer.open()) as channel:
        return channel.send(name, len(BODY), io.BytesIO(BODY)).note


@pytest.mark.parametrize(
    ("denied", "asked"),
    [
        ("open", "open B2-001.tmp for writing"),
        ("write", "write it to its disk"),
        ("stat", "say how large B2-001.tmp is"),
        ("rename,posix-rename", "rename B2-001.tmp"),
    ],
)
def test_a_refusal_names_what_was_asked(
    payer: RealPayer, changed: Callable[..., None], denied: str, asked: str
) -> None:
    """A right that our account lacks is named, and nothing is left behind."""
    changed(Subsystem=f"sftp internal-sftp -P {denied}")

    with pytest.raises(PayerRefused) as caught:
        _send(payer)

    for words in (f"asked to {asked}", "Permission denied", "give our account"):
        assert words in str(caught.value)
    assert os.listdir(payer.inbox) == []


def test_a_server_without_extensions_takes_files(
    payer: RealPayer, changed: Callable[..., None]
) -> None:
    """Without posix-rename and fsync a file is handed over all the same, once."""
    changed(Subsystem="sftp internal-sftp -P posix-rename,fsync")

    assert "seen under the final name" in _send(payer)
    assert "there under this name already" in _send(payer)
    assert os.listdir(payer.inbox) == ["B2-001"]


def test_an_account_without_sftp_is_told(
    payer: RealPayer, changed: Callable[..., None]
) -> None:
    """A payer that opens no SFTP, or no session at all, is named with its answer."""
    changed(Subsystem="sftp /bin/false")
    with pytest.raises(PayerRefused, match="offers no SFTP to this account;"):
        _send(payer)

    changed(MaxSessions="0")
    with pytest.raises(PayerRefused, match="opens no session for us;"):
        _send(payer)


def test_one_session_on_a_line_serves_many_at_once(
    payer: RealPayer, changed: Callable[..., None]
) -> None:
    """A server that grants one session on a line still takes many files at once."""
    changed(MaxSessions="1")

    with closing(payer.open()) as channel, ThreadPoolExecutor(24) as pool:
        sent = pool.map(
            lambda number: channel.send(f"{number}", len(BODY), io.BytesIO(BODY)),
            range(48),
        )
        assert len(list(sent)) == 48

    assert {path.read_bytes() for path in payer.inbox.iterdir()} == {BODY}


def test_what_a_payer_closed_while_idle_is_opened_anew(
    payer: RealPayer, changed: Callable[..., None]
) -> None:
    """A payer that closes idle connections sooner than we do costs no attempt."""
    changed(ChannelTimeout="session=1s", UnusedConnectionTimeout="1s")

    with closing(payer.open()) as channel:
        channel.send("first", len(BODY), io.BytesIO(BODY))
        time.sleep(3)
        channel.send("second", len(BODY), io.BytesIO(BODY))

    assert sorted(os.listdir(payer.inbox)) == ["first", "second"]


def test_names_of_any_letters_and_a_long_list(payer: RealPayer) -> None:
    """Spaces and accents come through both ways, and thousands of files are listed."""
    assert "seen" in _send(payer, "réponse du 3 août")
    for number in range(5000):
        (payer.outbox / f"réponse {number:04d}").touch()

    with closing(payer.open()) as channel:
        found = channel.list()

    assert os.listdir(payer.inbox) == ["réponse du 3 août"]
    assert [file.name for file in found] == sorted(os.listdir(payer.outbox))
