"""The promises of an SFTP session, each against the bytes on the wire."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from gateway.errors import (
    TooLarge,
)
from gateway.intake import sftp_packets as sftp
from gateway.intake.sftp_limits import SftpLimits
from gateway.intake.ssh_wire import Fields, string, u32, u64
from tests.gateway.intake.memory_space import Read
from tests.gateway.intake.wire_client import (
    NEW,
    WireClient,
    frame,
    path_body,
)


class CutUploadTests(SynchronousTestCase):
    """A line that is cut never makes a deposit."""

    def setUp(self) -> None:
        self.client = WireClient()
        self.space = self.client.space

    def test_a_lost_line_abandons_every_open_upload(self) -> None:
        """Half a file is kept for a resume and is no deposit."""
        for name in ("a", "b"):
            handle = self.client.open(f"/in/{name}.b2")
            self.client.write(handle, 0, b"half")
            self.client.answers()
        self.client.server.lost()

        assert self.space.deposits == []
        assert [upload.abandoned for upload in self.space.uploads] == [True, True]
        assert self.space.partial["/in/a.b2"] == b"half"

    def test_an_upload_that_cannot_be_abandoned_does_not_harm_the_next(self) -> None:
        """Each is let go by itself; the failure is logged."""
        self.client.open("/in/a.b2")
        self.client.open("/in/b.b2")
        self.space.uploads[0].abandon = self._break  # type: ignore[method-assign]
        self.client.server.lost()

        assert self.space.uploads[1].abandoned
        assert len(self.flushLoggedErrors(RuntimeError)) == 1

    def test_a_line_lost_while_opening_abandons_what_opens_later(self) -> None:
        """An upload that nobody waits for any more is not left open."""
        self.space.hold_opens = True
        self.client.send(sftp.OPEN, path_body("/in/a.b2") + u32(NEW) + u32(0))
        self.client.server.lost()
        self.space.let_go()

        assert self.space.uploads[0].abandoned
        assert self.client.answers() == []

    def test_a_line_lost_while_closing_keeps_the_file(self) -> None:
        """The client had said that the file is whole: that stays true."""
        self.space.hold_closes = True
        handle = self.client.open("/in/a.b2")
        self.client.write(handle, 0, b"whole")
        self.client.close(handle)
        self.client.server.lost()
        self.space.let_go()

        assert self.space.deposits == [("/in/a.b2", b"whole")]
        assert not self.space.uploads[0].abandoned

    def test_end_of_input_without_close_is_a_cut(self) -> None:
        """A client that ends its session politely has not closed its file."""
        handle = self.client.open("/in/a.b2")
        self.client.write(handle, 0, b"half")
        self.client.server.finish()
        assert self.client.line.closed == 0
        self.client.server.lost()

        assert self.space.deposits == []

    def test_a_failed_write_makes_the_close_fail(self) -> None:
        """A file with a hole in it is refused at close, whatever came after."""
        handle = self.client.open("/in/a.b2")
        self.space.uploads[0].error = TooLarge("/in/a.b2: at most 4 bytes")
        self.client.write(handle, 0, b"12345")
        self.space.uploads[0].error = None
        self.client.write(handle, 5, b"67890")
        self.client.close(handle)

        assert [one.status for one in self.client.answers()] == [sftp.FAILURE] * 3
        assert self.space.deposits == []
        assert self.space.closing == []
        assert self.space.uploads[0].abandoned

    def _break(self) -> None:
        raise RuntimeError("broken on purpose")


class OrderTests(SynchronousTestCase):
    """What a client pipelines on one file happens in that order."""

    def setUp(self) -> None:
        self.client = WireClient()
        self.space = self.client.space

    def test_a_close_is_answered_only_when_the_file_is_stored(self) -> None:
        """No answer before fsync and journal; then the answer is success."""
        self.space.hold_closes = True
        handle = self.client.open("/in/a.b2")
        write = self.client.write(handle, 0, b"content")
        close = self.client.close(handle)
        assert [one.request for one in self.client.answers()] == [write]

        self.space.let_go()

        (answer,) = self.client.answers()
        assert (answer.request, answer.status) == (close, sftp.OK)

    def test_rename_and_stat_wait_for_the_close_of_that_file(self) -> None:
        """paramiko, lftp and others send them without waiting."""
        self.space.hold_closes = True
        handle = self.client.open("/in/a.part")
        self.client.write(handle, 0, b"content")
        self.client.answers()
        close = self.client.close(handle)
        rename = self.client.send(sftp.RENAME, path_body("/in/a.part", "/in/a.b2"))
        stat = self.client.send(sftp.STAT, path_body("/in/a.b2"))
        listing = self.client.send(sftp.OPENDIR, path_body("/in"))
        other = self.client.send(sftp.STAT, path_body("/out"))
        assert [one.request for one in self.client.answers()] == [other]

        self.space.let_go()

        answers = self.client.answers()
        assert [one.request for one in answers] == [close, rename, stat, listing]
        assert Fields(answers[2].body, 4).u64() == len(b"content")
        assert self.space.deposits == [("/in/a.b2", b"content")]

    def test_a_stat_of_an_open_upload_counts_all_writes_before_it(self) -> None:
        """The size is that of the bytes taken, without waiting for a close."""
        handle = self.client.open("/in/a.b2")
        self.client.write(handle, 0, b"12345")
        self.client.answers()

        by_path = self.client.ask(sftp.STAT, path_body("/in/a.b2"))
        by_handle = self.client.ask(sftp.FSTAT, string(handle))

        assert Fields(by_path.body, 4).u64() == Fields(by_handle.body, 4).u64() == 5

    def test_writes_that_overtake_each_other_are_put_in_order(self) -> None:
        """rclone writes with several hands; each write is answered at once."""
        handle = self.client.open("/in/a.b2")
        third = self.client.write(handle, 6, b"789")
        second = self.client.write(handle, 3, b"456")
        first = self.client.write(handle, 0, b"123")

        answers = self.client.answers()
        assert [one.request for one in answers] == [third, second, first]
        self.client.close(handle)
        assert self.space.deposits == [("/in/a.b2", b"123456789")]

    def test_a_gap_that_is_never_filled_fails_the_close(self) -> None:
        """A client that waits for each answer can go on, and the file is not taken."""
        handle = self.client.open("/in/a.b2")
        write = self.client.write(handle, 3, b"456")
        close = self.client.close(handle)

        answers = {one.request: one.status for one in self.client.answers()}
        assert answers == {write: sftp.OK, close: sftp.FAILURE}
        assert self.space.deposits == []

    def test_a_hundred_followers_do_not_fill_the_stack(self) -> None:
        """Waiting requests run in turn, as many as there may be."""
        client = WireClient(limits=SftpLimits(max_pending=2000))
        client.space.hold_closes = True
        client.close(client.open("/in/a.b2"))
        for _ in range(400):
            client.send(sftp.STAT, path_body("/in/a.b2"))
        client.space.let_go()

        assert len(client.answers()) == 401

    def test_a_download_closes_after_the_reads_under_way(self) -> None:
        """Reads may be answered late; the file stays open for them."""
        self.space.files["/out/sesam/r"] = b"answer"
        handle = self.client.open("/out/sesam/r", sftp.OPEN_READ)
        self.space.hold_reads = True
        body = string(handle) + u64(0) + u32(100)
        read = self.client.send(sftp.READ, body)
        close = self.client.close(handle)
        assert self.client.answers() == []
        assert self.space.reads == []

        self.space.let_go()

        assert [one.request for one in self.client.answers()] == [read, close]
        assert self.space.reads == [Read(path="/out/sesam/r", whole=True)]


class BufferTests(SynchronousTestCase):
    """What a request says is its own, whatever becomes of the bytes it came in."""

    def setUp(self) -> None:
        self.client = WireClient()

    def test_bytes_that_wait_for_a_gap_do_not_change(self) -> None:
        """An early write keeps what it brought while later ones pass through."""
        handle = string(self.client.open("/in/a.b2"))
        pieces = {4: b"late", 8: b"last", 0: b"soon"}
        wire = b"".join(
            frame(sftp.WRITE, u32(9) + handle + u64(offset) + string(data))
            for offset, data in pieces.items()
        )
        for at in range(0, len(wire), 7):
            self.client.server.feed(wire[at : at + 7])
        self.client.answers()
        self.client.ask(sftp.CLOSE, handle)
        assert self.client.space.deposits == [("/in/a.b2", b"soonlatelast")]

    def test_a_session_may_end_in_the_middle_of_a_request(self) -> None:
        """What lies behind that request is not served, and nothing breaks."""
        first = string(self.client.open("/in/a.b2"))
        second = string(self.client.open("/in/b.b2"))
        self.client.space.on_deposit = lambda path, content: self.client.server.lost()
        self.client.server.feed(
            frame(sftp.CLOSE, u32(8) + first) + frame(sftp.CLOSE, u32(9) + second)
        )
        assert [path for path, _ in self.client.space.deposits] == ["/in/a.b2"]
        assert self.client.server.backlog == 0


class HandleTests(SynchronousTestCase):
    """Handles are never mixed up, and a wrong one is always answered."""

    def setUp(self) -> None:
        self.client = WireClient()

    def test_every_request_on_an_unknown_handle_is_answered(self) -> None:
        """No request may be left without an answer: the client would hang."""
        unknown = string(b"nope")
        for kind, body in (
            (sftp.WRITE, unknown + u64(0) + string(b"x")),
            (sftp.READ, unknown + u64(0) + u32(1)),
            (sftp.CLOSE, unknown),
            (sftp.FSTAT, unknown),
            (sftp.FSETSTAT, unknown + u32(0)),
            (sftp.READDIR, unknown),
            (sftp.EXTENDED, string(b"fsync@openssh.com") + unknown),
        ):
            answer = self.client.ask(kind, body)
            assert (answer.status, answer.words) == (sftp.FAILURE, "no such handle")

    def test_a_handle_ends_with_its_close(self) -> None:
        """Closing twice, or writing after, is refused."""
        handle = self.client.open("/in/a.b2")
        self.client.ask(sftp.CLOSE, string(handle))

        assert self.client.ask(sftp.CLOSE, string(handle)).status == sftp.FAILURE
        assert len(self.client.space.deposits) == 1

    def test_handles_are_never_used_again(self) -> None:
        """A late request cannot hit another file."""
        first = self.client.open("/in/a.b2")
        self.client.ask(sftp.CLOSE, string(first))
        assert self.client.open("/in/b.b2") != first

    def test_open_handles_are_counted(self) -> None:
        """Beyond the limit an open is refused and told to the observer."""
        client = WireClient(limits=SftpLimits(max_handles=1))
        client.open("/in/a.b2")
        body = path_body("/in/b.b2") + u32(NEW) + u32(0)
        assert client.ask(sftp.OPEN, body).status == sftp.FAILURE
        assert client.counts.told["rejection handles"] == 1

    def test_reading_needs_a_file_open_for_reading(self) -> None:
        """And writing one open for writing."""
        self.client.space.files["/out/sesam/r"] = b"answer"
        upload = self.client.open("/in/a.b2")
        download = self.client.open("/out/sesam/r", sftp.OPEN_READ)
        read = self.client.ask(sftp.READ, string(upload) + u64(0) + u32(1))
        write = self.client.ask(sftp.WRITE, string(download) + u64(0) + string(b"x"))
        assert read.status == write.status == sftp.PERMISSION_DENIED
