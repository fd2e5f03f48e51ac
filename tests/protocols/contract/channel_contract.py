"""What every channel promises, tested alike on each of them.

A test class takes `ChannelContract`, `FolderContract` where the far side is two
folders, and `LineContract` where there is a connection that can be lost.  It gives
a fixture `payer`: the far side as only the payer's own people see it.
"""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import BinaryIO, Protocol, cast

import pytest

from protocols.channels.interface import Arrival, Channel, RemoteFile
from protocols.errors import (
    CredentialsRefused,
    PayerRefused,
    PayerUnavailable,
    TransferError,
    UntrustedHost,
)

BODY = bytes(range(256)) * 80  # 20 kB: an ordinary dispatch, one block
LARGE = bytes(range(256)) * 1200 + b"end"  # several blocks, and an odd length


class Payer(Protocol):
    """The far side: what it has and gives, and how a channel to it is opened."""

    def name(self, number: int) -> str:
        """Name a file as this payer takes it."""
        ...

    def body(self, number: int, filling: bytes) -> bytes:
        """Make the content of the file of that name, around something."""
        ...

    def arrived(self) -> dict[str, bytes]:
        """Say what it has received, whole, by name."""
        ...

    def put(self, content: bytes) -> None:
        """Put a return into its outbox."""
        ...

    def waiting(self) -> list[bytes]:
        """Say what lies in its outbox."""
        ...

    def open(self, **changes: object) -> Channel:
        """Open a channel, with some settings changed."""
        ...

    def open_read_only(self) -> Channel:
        """Open a channel to a place where nothing may be written."""
        ...

    def open_unreachable(self) -> Channel:
        """Open a channel to a place that is not there."""
        ...


class FolderPayer(Payer, Protocol):
    """A far side of two folders."""

    inbox: Path
    outbox: Path


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

    def open_to_stranger(self) -> Channel:
        """Open a channel that takes the payer's server for somebody else."""
        ...


class TwoFolders:
    """What a far side of two folders says of itself."""

    inbox: Path
    outbox: Path

    def name(self, number: int) -> str:
        return f"B2-{number:03}"

    def body(self, number: int, filling: bytes) -> bytes:
        return filling

    def arrived(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.inbox.iterdir()}

    def put(self, content: bytes) -> None:
        number = len(list(self.outbox.iterdir()))
        (self.outbox / f"return-{number:04}").write_bytes(content)

    def waiting(self) -> list[bytes]:
        return [path.read_bytes() for path in sorted(self.outbox.iterdir())]


class ChannelContract:
    """Whatever carries it: whole files under their final names, or a clear error."""

    @pytest.fixture
    def channel(self, payer: Payer) -> Iterator[Channel]:
        opened = payer.open()
        yield opened
        opened.close()

    @pytest.mark.parametrize("filling", [b"", b"x", BODY, LARGE], ids=len)
    def test_a_file_arrives_whole(
        self, channel: Channel, payer: Payer, filling: bytes
    ) -> None:
        """What was handed over is there byte for byte, and nothing beside it."""
        body = payer.body(1, filling)

        sent = channel.send(payer.name(1), len(body), io.BytesIO(body))

        assert payer.arrived() == {payer.name(1): body}
        assert sent.reference
        assert str(len(body)) in sent.note

    def test_sending_again_is_harmless(self, channel: Channel, payer: Payer) -> None:
        """A file sent twice under one name is there under that name alone, whole."""
        for _ in range(2):
            _send(channel, payer, 1)

        assert payer.arrived() == {payer.name(1): payer.body(1, BODY)}

    @pytest.mark.parametrize("off", [1, -1, -1000])
    def test_a_body_of_another_size_is_not_handed_over(
        self, channel: Channel, payer: Payer, off: int
    ) -> None:
        """A stored file that is shorter or longer than the journal says stays here."""
        body = payer.body(1, LARGE)
        with pytest.raises(TransferError, match="in place of") as caught:
            channel.send(payer.name(1), len(body) + off, io.BytesIO(body))

        assert not caught.value.retryable
        assert payer.arrived() == {}

    @pytest.mark.parametrize("readable", [0, 200_000])
    def test_a_body_that_cannot_be_read_is_not_the_payers_fault(
        self, channel: Channel, payer: Payer, readable: int
    ) -> None:
        """An error of our own storage comes through, and the payer sees no part."""
        body = cast(BinaryIO, _Failing(payer.body(1, b"x" * 250_000)[:readable]))

        with pytest.raises(OSError, match="our own disk"):
            channel.send(payer.name(1), 300_000, body)

        assert payer.arrived() == {}
        _send(channel, payer, 1)

    @pytest.mark.parametrize("name", ["../B2", "a/b", "", "..", "a\\b", "a\nb"])
    def test_no_name_leads_out_of_the_folder(self, channel: Channel, name: str) -> None:
        """A name with a path in it is refused before anything is done."""
        with pytest.raises(TransferError, match="no plain name"):
            channel.send(name, 1, io.BytesIO(b"x"))
        with pytest.raises(TransferError, match="no plain name"):
            channel.fetch(RemoteFile(name, 1, 0), io.BytesIO())

    def test_a_payer_that_takes_nothing_is_a_refusal(self, payer: Payer) -> None:
        """The payer's no is told with the file, and is not tried for ever."""
        with (
            closing(payer.open_read_only()) as channel,
            pytest.raises(PayerRefused, match=payer.name(1)) as caught,
        ):
            _send(channel, payer, 1)

        assert not caught.value.retryable
        assert payer.arrived() == {}

    def test_a_payer_out_of_reach_can_be_tried_again(self, payer: Payer) -> None:
        """Nothing is there to answer: every call says so, and may be repeated."""
        with closing(payer.open_unreachable()) as channel:
            for call in _every_call(channel, payer):
                with pytest.raises(PayerUnavailable) as caught:
                    call()
                assert caught.value.retryable

    def test_asking_for_what_has_arrived(self, channel: Channel, payer: Payer) -> None:
        """A file that was sent has arrived; of one that was not, nobody can tell."""
        _send(channel, payer, 1)

        size = len(payer.body(1, BODY))
        assert channel.ask(payer.name(1), size) is Arrival.ARRIVED
        assert channel.ask(payer.name(2), size) is Arrival.UNCLEAR

    def test_a_long_list_is_whole(self, channel: Channel, payer: Payer) -> None:
        """A mailbox with more files than one answer holds is listed to its end."""
        for number in range(700):
            payer.put(b"%d" % number)

        listed = channel.list()

        assert len({file.name for file in listed}) == 700
        assert sum(file.size for file in listed) == sum(map(len, payer.waiting()))

    @pytest.mark.parametrize("body", [b"", BODY, LARGE * 9], ids=len)
    def test_a_return_is_fetched_whole(
        self, channel: Channel, payer: Payer, body: bytes
    ) -> None:
        """What is fetched is what lay there, and it still lies there."""
        payer.put(body)
        into = io.BytesIO()

        (file,) = channel.list()
        assert channel.fetch(file, into) == len(body)

        assert into.getvalue() == body
        assert payer.waiting() == [body]

    def test_no_room_of_our_own_is_not_the_payers_fault(
        self, channel: Channel, payer: Payer
    ) -> None:
        """An error while we store comes through as it is, and the file can be had."""
        payer.put(LARGE)
        (file,) = channel.list()

        with pytest.raises(OSError, match="our own disk"):
            channel.fetch(file, cast(BinaryIO, _Failing(b"")))
        assert channel.fetch(file, io.BytesIO()) == len(LARGE)

    def test_a_confirmed_return_is_gone_and_may_be_confirmed_again(
        self, channel: Channel, payer: Payer
    ) -> None:
        """Removing twice is silent: the first answer may have been lost."""
        payer.put(BODY)
        (file,) = channel.list()

        channel.remove(file)
        channel.remove(file)

        assert channel.list() == []
        assert payer.waiting() == []

    def test_a_return_that_is_gone_cannot_be_fetched(self, channel: Channel) -> None:
        """Fetching what somebody took away is an error, never an empty file."""
        into = io.BytesIO()

        with pytest.raises(TransferError):
            channel.fetch(RemoteFile("return", 3, 0), into)
        assert into.getvalue() == b""

    def test_thirty_two_threads_at_once(self, channel: Channel, payer: Payer) -> None:
        """Threads share a channel: each file arrives whole, under its own name."""
        bodies = {n: payer.body(n, f"{n:05}".encode() * 4000) for n in range(64)}

        def work(number: int) -> None:
            body = bodies[number]
            channel.send(payer.name(number), len(body), io.BytesIO(body))
            assert channel.ask(payer.name(number), len(body)) is Arrival.ARRIVED
            assert channel.list() == []

        with ThreadPoolExecutor(32) as threads:
            list(threads.map(work, range(64)))

        assert payer.arrived() == {payer.name(n): bodies[n] for n in range(64)}


class FolderContract(ChannelContract):
    """What a channel promises besides, when the far side is two folders."""

    def test_the_file_stands_there_under_its_name(
        self, channel: Channel, payer: FolderPayer
    ) -> None:
        """The payer's people find it by the name that the journal gives."""
        sent = channel.send("B2-001", len(BODY), io.BytesIO(BODY))

        assert (payer.inbox / "B2-001").read_bytes() == BODY
        assert sent.reference.endswith("B2-001")

    def test_what_was_left_of_an_earlier_try_is_overwritten(
        self, channel: Channel, payer: FolderPayer
    ) -> None:
        """A longer rest under the temporary name does not get into the file."""
        (payer.inbox / "B2-001.tmp").write_bytes(LARGE)

        channel.send("B2-001", len(BODY), io.BytesIO(BODY))

        assert os.listdir(payer.inbox) == ["B2-001"]
        assert (payer.inbox / "B2-001").read_bytes() == BODY

    def test_a_file_of_another_size_is_not_ours(self, channel: Channel) -> None:
        """A file under our name with another size cannot be told from somebody's."""
        channel.send("B2-001", len(BODY), io.BytesIO(BODY))

        assert channel.ask("B2-001", len(BODY) + 1) is Arrival.UNCLEAR

    def test_asking_finishes_what_was_whole(
        self, channel: Channel, payer: FolderPayer
    ) -> None:
        """A whole file under its temporary name gets its final one: it has arrived."""
        (payer.inbox / "B2-001.tmp").write_bytes(BODY)

        assert channel.ask("B2-001", len(BODY)) is Arrival.ARRIVED
        assert os.listdir(payer.inbox) == ["B2-001"]

    def test_asking_removes_what_was_not_whole(
        self, channel: Channel, payer: FolderPayer
    ) -> None:
        """A part under the temporary name goes: the file may surely be sent again."""
        (payer.inbox / "B2-001.tmp").write_bytes(BODY[:-1])

        assert channel.ask("B2-001", len(BODY)) is Arrival.ABSENT
        assert os.listdir(payer.inbox) == []

    def test_nothing_there_means_what_the_payer_does_with_files(
        self, channel: Channel, payer: FolderPayer
    ) -> None:
        """A payer that takes files away may have taken it; one that keeps them not."""
        assert channel.ask("B2-001", 5) is Arrival.UNCLEAR
        with closing(payer.open(keeps_files=True)) as keeping:
            assert keeping.ask("B2-001", 5) is Arrival.ABSENT

    def test_the_list_holds_everything_whole_however_old(
        self, channel: Channel, payer: FolderPayer
    ) -> None:
        """Old files are listed like new ones; work in progress and folders are not."""
        for name in ("new", "old", "a.tmp", "b.TMP", "c.part", "d.filepart", ".e"):
            (payer.outbox / name).write_bytes(name.encode())
        os.utime(payer.outbox / "old", (1_000_000_000, 1_000_000_000))
        (payer.outbox / "folder").mkdir()

        listed = channel.list()

        assert [(file.name, file.size) for file in listed] == [("new", 3), ("old", 3)]
        assert listed[1].modified == 1_000_000_000

    def test_own_patterns_of_what_is_not_whole(self, payer: FolderPayer) -> None:
        """A payer with another way to mark unfinished files is understood."""
        for name in ("a.lock", "b"):
            (payer.outbox / name).touch()

        with closing(payer.open(skip=["*.lock"])) as channel:
            assert [file.name for file in channel.list()] == ["b"]

    @pytest.mark.parametrize("now", [BODY[:-1], BODY + b"x", b""], ids=len)
    def test_a_file_that_changes_is_not_taken(
        self, channel: Channel, payer: FolderPayer, now: bytes
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

    def test_the_check_looks_at_both_folders(
        self, channel: Channel, payer: FolderPayer
    ) -> None:
        """`octway payer test` says what it saw, or which folder is missing."""
        assert "are there" in channel.check()
        with (
            closing(payer.open(collect_folder="/nowhere/at-all")) as astray,
            pytest.raises(TransferError, match="nowhere"),
        ):
            astray.check()


class LineContract(ChannelContract):
    """What a channel promises besides, when its line can be lost or refused."""

    def test_wrong_credentials_are_told_apart(self, payer: LinePayer) -> None:
        """Not being let in is its own error, for it closes the payer's circuit."""
        with closing(payer.open_with_wrong_credentials()) as channel:
            for call in _every_call(channel, payer):
                with pytest.raises(CredentialsRefused):
                    call()

    def test_a_strange_host_is_told_nothing(self, payer: LinePayer) -> None:
        """A server that is not the one expected ends it, and is told nothing."""
        with closing(payer.open_to_stranger()) as channel:
            for call in _every_call(channel, payer):
                with pytest.raises(UntrustedHost):
                    call()
        assert payer.arrived() == {}

    def test_a_restarted_server_is_found_again(
        self, channel: Channel, payer: LinePayer
    ) -> None:
        """Lines that died with the server are replaced without an error."""
        send_at_once(channel, payer, 4)
        payer.stop()
        payer.start()

        _send(channel, payer, 99)

        assert payer.arrived()[payer.name(99)] == payer.body(99, BODY)

    def test_an_outage_leaves_nothing_behind(
        self, channel: Channel, payer: LinePayer
    ) -> None:
        """No thread and no socket stays after a server went away and we closed."""
        threads, handles = set(threading.enumerate()), _sockets()
        send_at_once(channel, payer, 8)
        payer.stop()
        for call in _every_call(channel, payer) * 3:
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


def _every_call(channel: Channel, payer: Payer) -> list[Callable[[], object]]:
    file = RemoteFile("return", 3, 0)
    return [
        channel.check,
        channel.list,
        lambda: _send(channel, payer, 1),
        lambda: channel.ask(payer.name(999), 3),
        lambda: channel.fetch(file, io.BytesIO()),
    ]


def _send(channel: Channel, payer: Payer, number: int) -> None:
    body = payer.body(number, BODY)
    channel.send(payer.name(number), len(body), io.BytesIO(body))


def send_at_once(channel: Channel, payer: Payer, files: int) -> None:
    """Send so many files, all begun at the same moment."""
    start = threading.Barrier(files)

    def work(number: int) -> None:
        start.wait(30)
        _send(channel, payer, number)

    with ThreadPoolExecutor(files) as threads:
        list(threads.map(work, range(files)))


def _sockets() -> int:
    held = 0
    for handle in os.listdir("/proc/self/fd"):
        try:
            held += os.readlink(f"/proc/self/fd/{handle}").startswith("socket:")
        except FileNotFoundError:
            continue
    return held
