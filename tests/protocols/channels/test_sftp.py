"""The SFTP channel against simulated payers: every promise, and every fault."""

from __future__ import annotations

import io
import os
import socket
import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from protocols.channels.interface import Arrival, Channel, RemoteFile
from protocols.channels.sftp import open_channel
from protocols.errors import (
    CredentialsRefused,
    OutcomeUnknown,
    PayerRefused,
    PayerUnavailable,
)
from tests.protocols.channels.simulated_payer import SimulatedPayers
from tests.protocols.contract.channel_contract import BODY, LARGE, TwoFolders
from tests.protocols.contract.ssh_contract import STRANGE_KEY, SshContract

pytestmark = pytest.mark.system
_numbers = count(1)


class SimulatedPayer(TwoFolders):
    """One account of a simulated payer host, with folders of its own."""

    def __init__(self, folder: Path, host: SimulatedPayers) -> None:
        self._folder = folder
        self.host = host
        self.account = f"payer-{next(_numbers)}"
        self._password = folder / f"{self.account}.password"
        self._password.write_text("an invented password\n")
        self.open_account()
        self.inbox = folder / self.account / "in"
        self.outbox = folder / self.account / "out"

    def open_account(self) -> None:
        self.host.order(self.account, password="an invented password")

    def dial(self, **faults: object) -> None:
        self.host.order(self.account, faults=faults)

    def open(self, **changes: object) -> Channel:
        return open_channel(
            {
                "host": "127.0.0.1",
                "port": self.host.port,
                "user": self.account,
                "password_file": str(self._password),
                "host_keys": [self.host.host_key],
                **changes,
            }
        )

    def open_read_only(self) -> Channel:
        self.dial(read_only=True)
        return self.open()

    def open_unreachable(self) -> Channel:
        return self.open(port=9)

    def open_with_wrong_credentials(self) -> Channel:
        wrong = self._folder / "wrong.password"
        wrong.write_text("another password\n")
        return self.open(password_file=str(wrong))

    def open_to_stranger(self) -> Channel:
        return self.open(host_keys=[STRANGE_KEY])

    def stop(self) -> None:
        self.host.stop()

    def start(self) -> None:
        self.host.start()
        self.open_account()


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedPayers]:
    running = SimulatedPayers(tmp_path_factory.mktemp("payers"))
    yield running
    running.stop()


@pytest.fixture
def payer(host: SimulatedPayers) -> SimulatedPayer:
    host.start()
    return SimulatedPayer(host.folder, host)


class TestSftpChannel(SshContract):
    @pytest.fixture(autouse=True)
    def _host(self, payer: SimulatedPayer) -> None:
        """The payer of this module."""


@pytest.fixture
def channel(payer: SimulatedPayer) -> Iterator[Channel]:
    opened = payer.open()
    yield opened
    opened.close()


def test_cut_in_the_middle_the_file_was_not_handed_over(
    payer: SimulatedPayer, channel: Channel
) -> None:
    """A line cut among the blocks may be tried again; no part has the final name."""
    payer.dial(drop_after_bytes=100_000)

    with pytest.raises(PayerUnavailable):
        channel.send("B2-001", len(LARGE), io.BytesIO(LARGE))

    assert not (payer.inbox / "B2-001").exists()
    payer.dial()
    channel.send("B2-001", len(LARGE), io.BytesIO(LARGE))
    assert os.listdir(payer.inbox) == ["B2-001"]
    assert (payer.inbox / "B2-001").read_bytes() == LARGE


@pytest.mark.parametrize("fault", ["drop_before_rename", "drop_after_rename"])
def test_cut_at_the_renaming_the_outcome_is_asked(
    payer: SimulatedPayer, channel: Channel, fault: str
) -> None:
    """Cut before or after the renaming looks alike; asking finds it arrived, once."""
    payer.dial(**{fault: True})

    with pytest.raises(OutcomeUnknown) as caught:
        channel.send("B2-001", len(BODY), io.BytesIO(BODY))

    assert not caught.value.retryable
    payer.dial()
    assert channel.ask("B2-001", len(BODY)) is Arrival.ARRIVED
    assert os.listdir(payer.inbox) == ["B2-001"]
    assert (payer.inbox / "B2-001").read_bytes() == BODY


def test_taken_at_once_after_the_cut_is_unclear(
    payer: SimulatedPayer, channel: Channel
) -> None:
    """A payer that took the file before we asked: it must not be sent twice."""
    payer.dial(drop_after_rename=True)
    with pytest.raises(OutcomeUnknown):
        channel.send("B2-001", len(BODY), io.BytesIO(BODY))
    payer.dial()
    (payer.inbox / "B2-001").unlink()

    assert channel.ask("B2-001", len(BODY)) is Arrival.UNCLEAR


def test_a_return_cut_on_its_way_is_never_taken(
    payer: SimulatedPayer, channel: Channel
) -> None:
    """A short file is an error, and is whole at the next try."""
    (payer.outbox / "return").write_bytes(LARGE)
    (file,) = channel.list()
    payer.dial(drop_after_bytes=100_000)

    with pytest.raises(PayerUnavailable):
        channel.fetch(file, io.BytesIO())

    payer.dial()
    into = io.BytesIO()
    channel.fetch(file, into)
    assert into.getvalue() == LARGE


@pytest.mark.parametrize("body", [BODY, LARGE], ids=len)
def test_a_full_disk_is_a_refusal(
    payer: SimulatedPayer, channel: Channel, body: bytes
) -> None:
    """The payer's words are told, its part is removed, and the line is used again."""
    payer.dial(disk_full=True)

    with pytest.raises(PayerRefused, match="no space left"):
        channel.send("B2-001", len(body), io.BytesIO(body))

    assert os.listdir(payer.inbox) == []
    payer.dial()
    channel.send("B2-001", len(body), io.BytesIO(body))


def test_a_payer_that_does_not_answer_is_not_waited_for_longer_than_set(
    payer: SimulatedPayer,
) -> None:
    """A slow payer is served; one slower than the setting counts as away."""
    channel = payer.open(operation_timeout="500ms")
    payer.dial(delay=0.01)
    channel.send("B2-001", len(BODY), io.BytesIO(BODY))
    payer.dial(delay=30)

    with pytest.raises(PayerUnavailable, match="no answer in time"):
        channel.send("B2-002", len(BODY), io.BytesIO(BODY))

    payer.dial()
    channel.send("B2-002", len(BODY), io.BytesIO(BODY))
    channel.close()


def test_a_server_that_accepts_and_says_nothing_counts_as_away(
    payer: SimulatedPayer,
) -> None:
    """A port that opens and stays silent is given up in time, with its thread."""
    before = set(threading.enumerate())
    with socket.create_server(("127.0.0.1", 0)) as silent:
        channel = payer.open(port=silent.getsockname()[1], connect_timeout="200ms")
        with pytest.raises(PayerUnavailable):
            channel.list()
        channel.close()

    assert set(threading.enumerate()) <= before


def test_a_closed_account_is_a_matter_of_credentials(
    payer: SimulatedPayer, channel: Channel
) -> None:
    """A payer that lets us in no longer is told apart from one that is away."""
    payer.dial(refuse_login=True)

    with pytest.raises(CredentialsRefused, match="did not let us in"):
        channel.list()


def test_a_hidden_mailbox_looks_empty(payer: SimulatedPayer, channel: Channel) -> None:
    """A payer whose mailbox shows nothing gives nothing, without an error."""
    (payer.outbox / "return").write_bytes(BODY)
    payer.dial(hide_outbox=True)

    assert channel.list() == []


def test_names_that_are_not_utf_8_are_collected(
    payer: SimulatedPayer, channel: Channel
) -> None:
    """A payer that names its files in Latin-1 gets them fetched and confirmed."""
    odd = os.fsencode(payer.outbox) + b"/pay\xe9"
    with open(odd, "wb") as file:
        file.write(BODY)

    (listed,) = channel.list()
    into = io.BytesIO()
    channel.fetch(listed, into)
    channel.remove(listed)

    assert listed.name == "payé"
    assert into.getvalue() == BODY
    assert not os.path.exists(odd)


def test_the_account_sees_its_own_folder_only(payer: SimulatedPayer) -> None:
    """A simulated payer's account cannot be left by a path with dots."""
    channel = payer.open(collect_folder="/../../out")
    (payer.outbox / "return").write_bytes(BODY)

    assert channel.list() == [
        RemoteFile("return", len(BODY), channel.list()[0].modified)
    ]
    channel.close()
