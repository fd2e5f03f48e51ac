"""What single SFTP requests are answered with, and how many at a time."""

from __future__ import annotations

import struct

from twisted.internet.defer import fail
from twisted.trial.unittest import SynchronousTestCase

from gateway.errors import (
    BadUpload,
    NoSuchPath,
    NotPermitted,
    StorageUnavailable,
    TooLarge,
)
from gateway.intake import sftp_packets as sftp
from gateway.intake.sftp_limits import SftpLimits
from gateway.intake.ssh_wire import Fields, Malformed, string, u32, u64
from tests.gateway.intake.memory_space import Read
from tests.gateway.intake.wire_client import (
    NEW,
    RESUME,
    WireClient,
    frame,
    path_body,
)


class RefusalTests(SynchronousTestCase):
    """A refusal tells the client what may be told, and nothing else."""

    def test_errors_of_the_house_have_their_status_and_words(self) -> None:
        """The text of the error is what the client reads."""
        for error, status, words in (
            (NoSuchPath("there is no /in/x"), sftp.NO_SUCH_FILE, "there is no /in/x"),
            (NotPermitted("read only"), sftp.PERMISSION_DENIED, "read only"),
            (TooLarge("at most 5 bytes"), sftp.FAILURE, "at most 5 bytes"),
            (StorageUnavailable("disk full"), sftp.FAILURE, "disk full; try again"),
            (BadUpload("a gap"), sftp.FAILURE, "a gap"),
        ):
            client = WireClient()
            handle = client.open("/in/a.b2")
            client.space.uploads[0].error = error
            answer = client.ask(sftp.CLOSE, string(handle))
            assert (answer.status, answer.words) == (status, words)

    def test_an_unexpected_error_is_logged_and_not_told(self) -> None:
        """The client learns only that it may try again."""
        client = WireClient()
        client.space.stat = lambda path: fail(RuntimeError("secret"))  # type: ignore[method-assign]
        answer = client.ask(sftp.STAT, path_body("/in"))
        assert answer.status == sftp.FAILURE
        assert "secret" not in answer.words
        assert len(self.flushLoggedErrors(RuntimeError)) == 1

    def test_links_are_refused(self) -> None:
        """No symbolic and no hard links, in either direction."""
        client = WireClient()
        for kind, body in (
            (sftp.SYMLINK, path_body("/in/a", "/etc")),
            (sftp.READLINK, path_body("/in/a")),
            (
                sftp.EXTENDED,
                string(b"hardlink@openssh.com") + path_body("/in/a", "/in/b"),
            ),
        ):
            assert client.ask(kind, body).status == sftp.OP_UNSUPPORTED

    def test_a_cut_short_request_is_answered_as_such(self) -> None:
        """A length that lies inside a request harms nobody else."""
        client = WireClient()
        answer = client.ask(sftp.STAT, u32(1000) + b"short")
        assert answer.status == sftp.BAD_MESSAGE
        assert client.put("/in/a.b2", b"x").status == sftp.OK

    def test_a_packet_of_impossible_length_ends_the_session(self) -> None:
        """Bytes that are no SFTP are not searched for more of it."""
        for head in (struct.pack("!LB", 2, 3), struct.pack("!LB", 1 << 30, 3)):
            client = WireClient()
            client.server.feed(head + b"1234")
            assert client.line.closed == 1

    def test_a_session_begins_with_init_and_only_once(self) -> None:
        """Anything else is no SFTP client."""
        client = WireClient()
        client.server.feed(frame(sftp.INIT, u32(3)))
        assert client.line.closed == 1


class OpeningTests(SynchronousTestCase):
    """The flags of an open mean what clients mean by them."""

    def setUp(self) -> None:
        self.client = WireClient()
        self.space = self.client.space

    def test_without_truncate_an_upload_is_resumed(self) -> None:
        """`reput`: the client goes on at the size that it was told."""
        self.space.partial["/in/a.b2"] = bytearray(b"123")
        handle = self.client.open("/in/a.b2", RESUME)
        assert Fields(self.client.ask(sftp.FSTAT, string(handle)).body, 4).u64() == 3
        self.client.write(handle, 3, b"456")
        self.client.close(handle)
        assert self.space.deposits == [("/in/a.b2", b"123456")]

    def test_with_truncate_an_upload_begins_anew(self) -> None:
        """What was cut off earlier is not glued on."""
        self.space.partial["/in/a.b2"] = bytearray(b"old")
        assert self.client.put("/in/a.b2", b"new").status == sftp.OK
        assert self.space.deposits == [("/in/a.b2", b"new")]

    def test_append_ignores_the_offset(self) -> None:
        """paramiko's mode "a" leaves the offset to the server."""
        self.space.partial["/in/a.part"] = bytearray(b"123")
        handle = self.client.open("/in/a.part", RESUME | sftp.OPEN_APPEND)
        self.client.write(handle, 0, b"456")
        assert self.space.partial["/in/a.part"] == b"123456"

    def test_exclusive_refuses_a_taken_name(self) -> None:
        """And takes a free one."""
        self.space.files["/in/a.b2"] = b"there"
        flags = u32(NEW | sftp.OPEN_EXCLUSIVE) + u32(0)
        taken = self.client.ask(sftp.OPEN, path_body("/in/a.b2") + flags)
        free = self.client.ask(sftp.OPEN, path_body("/in/b.b2") + flags)
        assert (taken.status, free.kind) == (sftp.FAILURE, sftp.HANDLE)

    def test_without_create_there_must_be_something(self) -> None:
        """Writing to a name that is not there is told as such."""
        body = path_body("/in/a.b2") + u32(sftp.OPEN_WRITE) + u32(0)
        assert self.client.ask(sftp.OPEN, body).status == sftp.NO_SUCH_FILE

    def test_a_download_is_whole_only_with_its_last_byte(self) -> None:
        """A return counts as fetched when its end was handed out, not before."""
        self.space.files["/out/sesam/r"] = b"0123456789"
        for length, whole in ((9, False), (10, True)):
            handle = self.client.open("/out/sesam/r", sftp.OPEN_READ)
            body = string(handle) + u64(0) + u32(length)
            assert self.client.ask(sftp.READ, body).kind == sftp.DATA
            self.client.ask(sftp.CLOSE, string(handle))
            assert self.space.reads[-1].whole is whole

    def test_a_download_that_is_cut_is_not_whole(self) -> None:
        """What is in the client's hands nobody knows then."""
        self.space.files["/out/sesam/r"] = b"0123456789"
        handle = self.client.open("/out/sesam/r", sftp.OPEN_READ)
        self.client.ask(sftp.READ, string(handle) + u64(0) + u32(10))
        self.client.server.lost()
        assert self.space.reads == [Read(path="/out/sesam/r", whole=False)]

    def test_reading_past_the_end_is_told(self) -> None:
        """The end of a file is a status of its own."""
        self.space.files["/out/sesam/r"] = b"0123456789"
        handle = self.client.open("/out/sesam/r", sftp.OPEN_READ)
        body = string(handle) + u64(10) + u32(10)
        assert self.client.ask(sftp.READ, body).status == sftp.EOF


class LookingTests(SynchronousTestCase):
    """What clients look at before and after a transfer."""

    def setUp(self) -> None:
        self.client = WireClient()

    def test_the_greeting_offers_the_extensions(self) -> None:
        """Version 3, and OpenSSH's extensions by name; no hard links."""
        assert self.client.greeting[4:9] == b"\x02\0\0\0\x03"
        for name in (b"posix-rename", b"fsync", b"statvfs", b"limits"):
            assert name + b"@openssh.com" in self.client.greeting
        assert b"hardlink" not in self.client.greeting

    def test_a_large_folder_comes_in_pieces(self) -> None:
        """No answer is larger than clients take, and each name comes once."""
        files = self.client.space.files
        for number in range(1050):
            files[f"/out/sesam/{number:04d}"] = b"x"
        handle = self.client.ask(sftp.OPENDIR, path_body("/out/sesam")).text
        seen: list[bytes] = []
        while True:
            answer = self.client.ask(sftp.READDIR, string(handle))
            if answer.kind == sftp.STATUS:
                break
            assert len(answer.body) < 34_000
            fields = Fields(answer.body)
            for _ in range(fields.u32()):
                seen.append(fields.string())
                fields.string()
                fields.take(4 + 8 + 8 + 4 + 8)
        assert answer.status == sftp.EOF
        assert seen == [b"%04d" % number for number in range(1050)]

    def test_rights_and_times_are_accepted_and_ignored(self) -> None:
        """Clients set them by default and fail without."""
        handle = self.client.open("/in/a.b2")
        mode = u32(sftp.ATTR_MODE) + u32(0o644)
        for kind, body in (
            (sftp.SETSTAT, path_body("/in/a.b2") + mode),
            (sftp.FSETSTAT, string(handle) + mode),
            (sftp.EXTENDED, string(b"fsync@openssh.com") + string(handle)),
        ):
            assert self.client.ask(kind, body).status == sftp.OK

    def test_a_file_cannot_be_cut_to_a_size(self) -> None:
        """A size that is not the present one would falsify the file."""
        handle = self.client.open("/in/a.b2")
        self.client.write(handle, 0, b"12345")
        self.client.answers()
        body = string(handle) + u32(sftp.ATTR_SIZE) + u64(3)
        assert self.client.ask(sftp.FSETSTAT, body).status == sftp.FAILURE
        assert self.client.ask(sftp.CLOSE, string(handle)).status == sftp.FAILURE
        assert self.client.space.deposits == []

    def test_free_space_is_told(self) -> None:
        """In blocks, as `df` wants it."""
        body = string(b"statvfs@openssh.com") + path_body("/in")
        answer = self.client.ask(sftp.EXTENDED, body)
        fields = Fields(answer.body)
        numbers = [fields.u64() for _ in range(11)]
        assert numbers[0] * numbers[4] <= 10**9 < numbers[0] * (numbers[4] + 1)

    def test_only_the_extension_replaces_a_name(self) -> None:
        """RENAME of version 3 fails on a taken name, posix-rename replaces."""
        for attempt in (
            (sftp.RENAME, b""),
            (sftp.EXTENDED, string(b"posix-rename@openssh.com")),
        ):
            kind, prefix = attempt
            client = WireClient()
            client.put("/in/a.b2", b"old")
            client.put("/in/new.part", b"new")
            body = prefix + path_body("/in/new.part", "/in/a.b2")
            replaced = client.ask(kind, body).status == sftp.OK
            assert replaced is (kind == sftp.EXTENDED)

    def test_the_real_path_is_the_clients_own(self) -> None:
        """The root is the start, and no server path is ever told."""
        for given, real in (
            (".", b"/"),
            ("", b"/"),
            ("in/../..", b"/"),
            ("in", b"/in"),
        ):
            answer = self.client.ask(sftp.REALPATH, path_body(given))
            assert Fields(answer.body, 4).string() == real

    def test_folders_are_made_and_taken_away(self) -> None:
        """Sub-folders of /in are a label of the client's own."""
        assert self.client.ask(sftp.MKDIR, path_body("/in/s") + u32(0)).status == 0
        assert self.client.ask(sftp.RMDIR, path_body("/in/s")).status == sftp.OK
        self.client.space.files["/out/sesam/r"] = b"x"
        assert self.client.ask(sftp.REMOVE, path_body("/out/sesam/r")).status == 0


class PressureTests(SynchronousTestCase):
    """However fast a client asks, what the server holds stays bounded."""

    def test_requests_wait_while_too_many_are_worked_on(self) -> None:
        """They stay in the backlog, which keeps the SSH window shut."""
        client = WireClient(limits=SftpLimits(max_pending=2))
        client.space.hold_closes = True
        handles = [client.open(f"/in/{number}.b2") for number in range(4)]
        for handle in handles:
            client.close(handle)
        assert client.server.pending == 2
        assert client.server.backlog > 0

        client.space.let_go()
        client.space.let_go()

        assert client.server.backlog == 0
        assert len(client.space.deposits) == 4

    def test_no_requests_are_taken_while_the_client_does_not_read(self) -> None:
        """Answers pile up only so far."""
        client = WireClient()
        client.line.clogged = True
        client.send(sftp.STAT, path_body("/in"))
        assert client.answers() == []
        client.line.clogged = False
        client.server.resume()
        assert len(client.answers()) == 1

    def test_a_flood_of_requests_leaves_others_their_turn(self) -> None:
        """After a while the reactor serves other clients first."""
        client = WireClient()
        one = frame(sftp.STAT, u32(1) + path_body("/in"))
        client.server.feed(one * 1000)
        assert 0 < len(client.answers()) < 1000
        client.clock.pump([0] * 10)
        assert client.server.backlog == 0

    def test_a_client_is_slowed_down_to_its_pace(self) -> None:
        """Bytes over the pace wait; none is refused."""
        client = WireClient(bytes_per_second=1000)
        handle = client.open("/in/a.b2")
        for number in range(10):
            client.write(handle, number * 1000, b"x" * 1000)
        sizes = []
        for _ in range(12):
            sizes.append(client.space.uploads[0].size)
            client.clock.advance(1)
        assert all(size <= 2000 + 1000 * at for at, size in enumerate(sizes))
        assert sizes[-1] == 10_000
        assert client.line.closed is None

    def test_the_session_ends_after_the_last_answer(self) -> None:
        """End of input waits for a close that waits for the disk."""
        client = WireClient()
        client.space.hold_closes = True
        client.close(client.open("/in/a.b2"))
        client.server.finish()
        assert client.line.closed is None
        client.space.let_go()
        assert client.line.closed == 0
        assert client.answers()[-1].status == sftp.OK


def test_a_lying_length_is_never_read_past() -> None:
    """Reading beyond a message raises instead of giving less."""
    try:
        Fields(u32(5) + b"1234").string()
    except Malformed:
        return
    raise AssertionError("nothing was raised")
