"""What every channel promises, tested alike on each of them.

A test class takes `ChannelContract` (and `LineContract` where there is a
connection that can be lost) and gives a fixture `payer`: the far side as only
the payer's own people see it.
"""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol, cast

import pytest
from paramiko import Transport

from protocols.errors import (
    CredentialsRefused,
    PayerRefused,
    PayerUnavailable,
    TransferError,
    UntrustedHost,
)
from protocols.interface import Arrival, Channel, RemoteFile

BODY = bytes(range(256)) * 80  # 20 kB: an ordinary dispatch, one block
LARGE = bytes(range(256)) * 1200 + b"end"  # several blocks, and an odd length


class Payer(Protocol):
    """The far side: its folders, and how a channel to it is opened."""

    inbox: Path
    outbox: Path

    def open(self, **changes: object) -> Channel:
        """Open a channel, with some settings changed."""
        ...

    def open_read_only(self) -> Channel:
        """Open a channel to a place where nothing may be written."""
        ...

    def open_unreachable(self) -> Channel:
        """Open a channel to a place that is not there."""
        ...


class LinePayer(Payer, Protocol):
    """A far side with a server that can be stopped, and doors that can refuse."""

    def stop(self) -> None:
        """Stop the server, and every line to it."""
        ...

    def start(self) -> None:
        """Start it again in the same place."""
        ...

    def open_with_wrong_credentials(self) -> Channel:
        """Open a channel as somebody the payer does not know."""
        ...


class ChannelContract:
    """Whatever carries it: whole files under their final names, or a clear error."""

    @pytest.fixture
    def channel(self, payer: Payer) -> Iterator[Channel]:
        opened = payer.open()
        yield opened
        opened.close()

    @pytest.mark.parametrize("body", [b"", b"x", BODY, LARGE], ids=len)
    def test_a_file_arrives_whole(
        self, channel: Channel, payer: Payer, body: bytes
    ) -> None:
        """What was handed over is there byte for byte, and nothing beside it."""
        sent = channel.send("B2-001", len(body), io.BytesIO(body))

        assert (payer.inbox / "B2-001").read_bytes() == body
        assert os.listdir(payer.inbox) == ["B2-001"]
        assert sent.reference.endswith("B2-001")
        assert str(len(body)) in sent.note

    def test_sending_again_is_harmless(self, channel: Channel, payer: Payer) -> None:
        """A file sent twice under one name is there once, whole."""
        for _ in range(2):
            channel.send("B2-001", len(BODY), io.BytesIO(BODY))

        assert os.listdir(payer.inbox) == ["B2-001"]
        assert (payer.inbox / "B2-001").read_bytes() == BODY

    def test_what_was_left_of_an_earlier_try_is_overwritten(
        self, channel: Channel, payer: Payer
    ) -> None:
        """A longer rest under the temporary name does not get into the file."""
        (payer.inbox / "B2-001.tmp").write_bytes(LARGE)

        channel.send("B2-001", len(BODY), io.BytesIO(BODY))

        assert os.listdir(payer.inbox) == ["B2-001"]
        assert (payer.inbox / "B2-001").read_bytes() == BODY

    @pytest.mark.parametrize("said", [len(LARGE) + 1, len(LARGE) - 1, 10])
    def test_a_body_of_another_size_is_not_handed_over(
        self, channel: Channel, payer: Payer, said: int
    ) -> None:
        """A stored file that is shorter or longer than the journal says stays here."""
        with pytest.raises(TransferError, match="in place of") as caught:
            channel.send("B2-001", said, io.BytesIO(LARGE))

        assert not caught.value.retryable
        assert os.listdir(payer.inbox) == []

    @pytest.mark.parametrize("readable", [0, 200_000])
    def test_a_body_that_cannot_be_read_is_not_the_payers_fault(
        self, channel: Channel, payer: Payer, readable: int
    ) -> None:
        """An error of our own storage comes through, and the payer sees no part."""
        body = cast(BinaryIO, _Failing(b"x" * readable))

        with pytest.raises(OSError, match="our own disk"):
            channel.send("B2-001", 300_000, body)

        assert os.listdir(payer.inbox) == []
        channel.send("B2-001", len(BODY), io.BytesIO(BODY))

    @pytest.mark.parametrize("name", ["../B2", "a/b", "", "..", "a\\b", "a\nb"])
    def test_no_name_leads_out_of_the_folder(self, channel: Channel, name: str) -> None:
        """A name with a path in it is refused before anything is done."""
        with pytest.raises(TransferError, match="no plain name"):
            channel.send(name, 1, io.BytesIO(b"x"))
        with pytest.raises(TransferError, match="no plain name"):
            channel.fetch(RemoteFile(name, 1, 0), io.BytesIO())

    def test_a_folder_that_may_not_be_written_is_a_refusal(self, payer: Payer) -> None:
        """The payer's no is told with the path, and is not tried for ever."""
        with (
            _closing(payer.open_read_only()) as channel,
            pytest.raises(PayerRefused, match="B2-001") as caught,
        ):
            channel.send("B2-001", len(BODY), io.BytesIO(BODY))

        assert not caught.value.retryable

    def test_a_payer_out_of_reach_can_be_tried_again(self, payer: Payer) -> None:
        """Nothing is there to answer: every call says so, and may be repeated."""
        with _closing(payer.open_unreachable()) as channel:
            for call in _every_call(channel):
                with pytest.raises(PayerUnavailable) as caught:
                    call()
                assert caught.value.retryable

    def test_asking_for_what_has_arrived(self, channel: Channel) -> None:
        """A file under its final name with its size has arrived; another size not."""
        channel.send("B2-001", len(BODY), io.BytesIO(BODY))

        assert channel.ask("B2-001", len(BODY)) is Arrival.ARRIVED
        assert channel.ask("B2-001", len(BODY) + 1) is Arrival.UNCLEAR

    def test_asking_finishes_what_was_whole(
        self, channel: Channel, payer: Payer
    ) -> None:
        """A whole file under its temporary name gets its final one: it has arrived."""
        (payer.inbox / "B2-001.tmp").write_bytes(BODY)

        assert channel.ask("B2-001", len(BODY)) is Arrival.ARRIVED
        assert os.listdir(payer.inbox) == ["B2-001"]

    def test_asking_removes_what_was_not_whole(
        self, channel: Channel, payer: Payer
    ) -> None:
        """A part under the temporary name goes: the file may surely be sent again."""
        (payer.inbox / "B2-001.tmp").write_bytes(BODY[:-1])

        assert channel.ask("B2-001", len(BODY)) is Arrival.ABSENT
        assert os.listdir(payer.inbox) == []

    def test_nothing_there_means_what_the_payer_does_with_files(
        self, channel: Channel, payer: Payer
    ) -> None:
        """A payer that takes files away may have taken it; one that keeps them not."""
        assert channel.ask("B2-001", 5) is Arrival.UNCLEAR
        with _closing(payer.open(keeps_files=True)) as keeping:
            assert keeping.ask("B2-001", 5) is Arrival.ABSENT

    def test_the_list_holds_everything_whole_however_old(
        self, channel: Channel, payer: Payer
    ) -> None:
        """Old files are listed like new ones; work in progress and folders are not."""
        for name in ("new", "old", "a.tmp", "b.TMP", "c.part", "d.filepart", ".e"):
            (payer.outbox / name).write_bytes(name.encode())
        os.utime(payer.outbox / "old", (1_000_000_000, 1_000_000_000))
        (payer.outbox / "folder").mkdir()

        listed = channel.list()

        assert [(file.name, file.size) for file in listed] == [("new", 3), ("old", 3)]
        assert listed[1].modified == 1_000_000_000

    def test_a_long_list_is_whole(self, channel: Channel, payer: Payer) -> None:
        """A mailbox with more files than one answer holds is listed to its end."""
        names = [f"return-{number:04}" for number in range(700)]
        for name in names:
            (payer.outbox / name).touch()

        assert [file.name for file in channel.list()] == names

    def test_own_patterns_of_what_is_not_whole(self, payer: Payer) -> None:
        """A payer with another way to mark unfinished files is understood."""
        for name in ("a.lock", "b"):
            (payer.outbox / name).touch()

        with _closing(payer.open(skip=["*.lock"])) as channel:
            assert [file.name for file in channel.list()] == ["b"]

    @pytest.mark.parametrize("body", [b"", BODY, LARGE * 9], ids=len)
    def test_a_return_is_fetched_whole(
        self, channel: Channel, payer: Payer, body: bytes
    ) -> None:
        """What is fetched is what lay there, and it still lies there."""
        (payer.outbox / "return").write_bytes(body)
        into = io.BytesIO()

        (file,) = channel.list()
        assert channel.fetch(file, into) == len(body)

        assert into.getvalue() == body
        assert (payer.outbox / "return").exists()

    @pytest.mark.parametrize("now", [BODY[:-1], BODY + b"x", b""], ids=len)
    def test_a_file_that_changes_is_not_taken(
        self, channel: Channel, payer: Payer, now: bytes
    ) -> None:
        """A return that has another size than when listed is left for later."""
        path = payer.outbox / "return"
        path.write_bytes(BODY)
        (file,) = channel.list()
        path.write_bytes(now)

        with pytest.raises(PayerUnavailable, match="still being written"):
            channel.fetch(file, io.BytesIO())
        with pytest.raises(PayerUnavailable, match="replaced since"):
            channel.remove(file)
        assert path.read_bytes() == now

    def test_no_room_of_our_own_is_not_the_payers_fault(
        self, channel: Channel, payer: Payer
    ) -> None:
        """An error while we store comes through as it is, and the file can be had."""
        (payer.outbox / "return").write_bytes(LARGE)
        (file,) = channel.list()

        with pytest.raises(OSError, match="our own disk"):
            channel.fetch(file, cast(BinaryIO, _Failing(b"")))
        assert channel.fetch(file, io.BytesIO()) == len(LARGE)

    def test_a_confirmed_return_is_gone_and_may_be_confirmed_again(
        self, channel: Channel, payer: Payer
    ) -> None:
        """Removing twice is silent: the first answer may have been lost."""
        (payer.outbox / "return").write_bytes(BODY)
        (file,) = channel.list()

        channel.remove(file)
        channel.remove(file)

        assert channel.list() == []

    def test_a_return_that_is_gone_cannot_be_fetched(self, channel: Channel) -> None:
        """Fetching what somebody took away is an error, never an empty file."""
        into = io.BytesIO()

        with pytest.raises(TransferError):
            channel.fetch(RemoteFile("return", 3, 0), into)
        assert into.getvalue() == b""

    def test_the_check_looks_at_both_folders(
        self, channel: Channel, payer: Payer
    ) -> None:
        """`octway payer test` says what it saw, or which folder is missing."""
        assert "are there" in channel.check()
        with (
            _closing(payer.open(collect_folder="/nowhere/at-all")) as astray,
            pytest.raises(TransferError, match="nowhere"),
        ):
            astray.check()

    def test_thirty_two_threads_at_once(self, channel: Channel, payer: Payer) -> None:
        """Threads share a channel: each file arrives whole, under its own name."""

        def work(number: int) -> None:
            body = f"{number:05}".encode() * 4000
            channel.send(f"B2-{number}", len(body), io.BytesIO(body))
            assert channel.ask(f"B2-{number}", len(body)) is Arrival.ARRIVED
            assert channel.list() == []

        with ThreadPoolExecutor(32) as threads:
            list(threads.map(work, range(64)))

        assert sorted(os.listdir(payer.inbox)) == sorted(f"B2-{n}" for n in range(64))
        for number in range(64):
            body = f"{number:05}".encode() * 4000
            assert (payer.inbox / f"B2-{number}").read_bytes() == body


class LineContract(ChannelContract):
    """What a channel promises besides, when its line can be lost or refused."""

    def test_wrong_credentials_are_told_apart(self, payer: LinePayer) -> None:
        """Not being let in is its own error, for it closes the payer's circuit."""
        with _closing(payer.open_with_wrong_credentials()) as channel:
            for call in _every_call(channel):
                with pytest.raises(CredentialsRefused):
                    call()

    def test_a_strange_host_is_told_nothing(
        self, payer: LinePayer, tmp_path: Path
    ) -> None:
        """A host key that is not pinned ends it, and both keys are named."""
        with _closing(payer.open(host_keys=[_STRANGE_KEY])) as channel:
            for call in _every_call(channel):
                with pytest.raises(UntrustedHost, match=r"SHA256:.*pinned is.*SHA256:"):
                    call()

    def test_a_restarted_server_is_found_again(
        self, channel: Channel, payer: LinePayer
    ) -> None:
        """Lines that died with the server are replaced without an error."""
        _send_at_once(channel, 4)
        payer.stop()
        payer.start()

        channel.send("after", len(BODY), io.BytesIO(BODY))

        assert (payer.inbox / "after").read_bytes() == BODY

    def test_lines_are_used_again(self, payer: LinePayer) -> None:
        """Many files in a row and at once need no more lines than the setting says."""
        with _closing(payer.open(connections=2, channels_per_connection=1)) as channel:
            before = _lines()
            for _ in range(3):
                channel.send("one", len(BODY), io.BytesIO(BODY))
            assert len(_lines() - before) == 1
            _send_at_once(channel, 8)
            assert 1 <= len(_lines() - before) <= 2

    def test_an_outage_leaves_nothing_behind(
        self, channel: Channel, payer: LinePayer
    ) -> None:
        """No thread and no socket stays after a server went away and we closed."""
        threads, handles = set(threading.enumerate()), _sockets()
        _send_at_once(channel, 8)
        payer.stop()
        for call in _every_call(channel) * 3:
            with pytest.raises(PayerUnavailable):
                call()
        channel.close()

        for thread in set(threading.enumerate()) - threads:
            thread.join(10)
        assert set(threading.enumerate()) <= threads
        assert _sockets() <= handles

    def test_a_closed_channel_says_so(self, payer: LinePayer) -> None:
        """After closing, a late call is an error that may be repeated elsewhere."""
        channel = payer.open()
        channel.check()
        channel.close()

        with pytest.raises(PayerUnavailable, match="closed"):
            channel.list()


class _Failing(io.RawIOBase):
    """A file of our own that gives or takes so much, and then fails."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self._content = io.BytesIO(content)

    def read(self, size: int = -1) -> bytes:
        block = self._content.read(size)
        if not block:
            raise OSError("our own disk")
        return block

    def write(self, block: object) -> int:
        raise OSError("our own disk")


@contextmanager
def _closing(channel: Channel) -> Iterator[Channel]:
    try:
        yield channel
    finally:
        channel.close()


def _every_call(channel: Channel) -> list[Callable[[], object]]:
    file = RemoteFile("return", 3, 0)
    return [
        channel.check,
        channel.list,
        lambda: channel.send("B2-001", len(BODY), io.BytesIO(BODY)),
        lambda: channel.ask("B2-001", 3),
        lambda: channel.fetch(file, io.BytesIO()),
    ]


def _send_at_once(channel: Channel, files: int) -> None:
    start = threading.Barrier(files)

    def work(number: int) -> None:
        start.wait(30)
        channel.send(f"at-once-{number}", len(BODY), io.BytesIO(BODY))

    with ThreadPoolExecutor(files) as threads:
        list(threads.map(work, range(files)))


def _lines() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if isinstance(thread, Transport)}


def _sockets() -> int:
    held = 0
    for handle in os.listdir("/proc/self/fd"):
        try:
            held += os.readlink(f"/proc/self/fd/{handle}").startswith("socket:")
        except FileNotFoundError:
            continue
    return held


_STRANGE_KEY = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPW8FCDNL3xgNDPBw4YLjZ8l7gl+KTOWG5kEZPaUfW3k"
)
