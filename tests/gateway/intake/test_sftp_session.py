"""A session channel: what it serves, what it refuses, how much it holds."""

from __future__ import annotations

from twisted.conch.ssh import connection as conch
from twisted.conch.ssh import transport as conch_transport
from twisted.internet.defer import fail
from twisted.internet.testing import EventLoggingObserver
from twisted.logger import LogLevel, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from gateway.intake import sftp_packets as sftp
from gateway.intake.sftp_limits import SftpLimits
from gateway.intake.sftp_session import PACKET, WINDOW
from gateway.intake.ssh_offer import server_offer
from gateway.intake.ssh_wire import Fields, string, u32, u64
from tests.gateway.intake.ssh_pair import Door, Pair
from tests.gateway.intake.ssh_test_keys import CLIENT_KEY
from tests.gateway.intake.wire_client import NEW, frame, path_body

DATA = conch.MSG_CHANNEL_DATA
ADJUST = conch.MSG_CHANNEL_WINDOW_ADJUST


class ChannelTests(SynchronousTestCase):
    """Only the sftp subsystem is served."""

    def setUp(self) -> None:
        self.door = Door()
        self.pair = self.door.connect(key=CLIENT_KEY)
        self.logged = EventLoggingObserver()
        globalLogPublisher.addObserver(self.logged)
        self.addCleanup(globalLogPublisher.removeObserver, self.logged)

    def test_environment_variables_are_refused_without_noise(self) -> None:
        """OpenSSH sends its locale with each session."""
        open_channel(self.pair)
        said = ask(self.pair, b"env", string(b"LANG") + string(b"C"))
        assert [kind for kind, _ in said] == [conch.MSG_CHANNEL_FAILURE]
        assert [e for e in self.logged if e["log_level"] >= LogLevel.info] == []

    def test_a_command_is_answered_with_an_explanation(self) -> None:
        """On the error stream, with a status and an end."""
        for kind, body in ((b"exec", string(b"ls")), (b"shell", b"")):
            pair = self.door.connect(key=CLIENT_KEY)
            open_channel(pair)
            said = dict(ask(pair, kind, body))
            words = said[conch.MSG_CHANNEL_EXTENDED_DATA]
            assert b"SFTP only" in words
            assert said[conch.MSG_CHANNEL_REQUEST].endswith(u32(1))
            assert conch.MSG_CHANNEL_CLOSE in said

    def test_terminals_and_other_subsystems_are_refused(self) -> None:
        """In one word."""
        open_channel(self.pair)
        for kind, body in (
            (b"pty-req", string(b"xterm") + b"\0" * 20),
            (b"subsystem", string(b"netconf")),
            (b"x11-req", b"\0"),
        ):
            said = ask(self.pair, kind, body)
            assert [one for one, _ in said] == [conch.MSG_CHANNEL_FAILURE]

    def test_forwarding_is_refused_in_words_and_without_a_trace(self) -> None:
        """Channels and global requests alike."""
        for kind in (b"direct-tcpip", b"x11", b"auth-agent@openssh.com"):
            body = string(kind) + u32(0) + u32(WINDOW) + u32(PACKET)
            ((answer, packet),) = self.pair.say(conch.MSG_CHANNEL_OPEN, body)
            assert answer == conch.MSG_CHANNEL_OPEN_FAILURE
            assert b"SFTP only" in packet
        said = self.pair.say(conch.MSG_GLOBAL_REQUEST, string(b"tcpip-forward") + b"\1")
        assert said == [(conch.MSG_REQUEST_FAILURE, b"")]
        assert [e for e in self.logged if e["log_level"] >= LogLevel.warn] == []

    def test_channels_are_counted(self) -> None:
        """One connection has so many sessions."""
        door = Door(limits=SftpLimits(max_channels=1))
        pair = door.connect(key=CLIENT_KEY)
        assert open_channel(pair) == conch.MSG_CHANNEL_OPEN_CONFIRMATION
        assert open_channel(pair) == conch.MSG_CHANNEL_OPEN_FAILURE
        assert door.counts.told["rejection channels"] == 1

    def test_a_client_that_takes_no_data_is_refused(self) -> None:
        """A packet size of nothing could never be served."""
        body = string(b"session") + u32(0) + u32(0) + u32(0)
        ((answer, _),) = self.pair.say(conch.MSG_CHANNEL_OPEN, body)
        assert answer == conch.MSG_CHANNEL_OPEN_FAILURE

    def test_messages_for_a_channel_that_is_not_open_end_the_connection(self) -> None:
        """The client is out of its mind, and nobody logs a trace of it."""
        self.pair.say(conch.MSG_CHANNEL_EOF, u32(77))
        assert self.pair.client.said == "bad message: channel 77 is not open"


class SessionTests(SynchronousTestCase):
    """An SFTP session over SSH, and its windows."""

    def setUp(self) -> None:
        self.door = Door()
        self.pair = self.door.connect(key=CLIENT_KEY)
        open_channel(self.pair)
        ask(self.pair, b"subsystem", string(b"sftp"))
        tell(self.pair, frame(sftp.INIT, u32(3)))
        self.space = self.door.spaces[0]

    def test_a_cut_line_abandons_through_all_layers(self) -> None:
        """TCP ends in the middle of an upload: no deposit."""
        self.open_upload()
        tell(self.pair, write(0, b"half"))
        self.pair.cut()
        assert self.space.uploads[0].abandoned
        assert self.space.deposits == []

    def test_a_closed_channel_abandons_too(self) -> None:
        """As a client does that is interrupted but polite."""
        self.open_upload()
        tell(self.pair, write(0, b"half"))
        self.pair.say(conch.MSG_CHANNEL_CLOSE, u32(0))
        assert self.space.uploads[0].abandoned

    def test_the_end_of_input_ends_the_session_with_success(self) -> None:
        """`sftp -b` waits for the status."""
        said = self.pair.say(conch.MSG_CHANNEL_EOF, u32(0))
        assert [kind for kind, _ in said] == [
            conch.MSG_CHANNEL_REQUEST,
            conch.MSG_CHANNEL_CLOSE,
        ]
        assert said[0][1].endswith(u32(0))

    def test_the_window_opens_as_bytes_are_worked_off(self) -> None:
        """A long upload never stands still."""
        self.open_upload()
        granted = 0
        for number in range(60):
            offset = number * 60_000
            for kind, packet in tell(self.pair, write(offset, b"x" * 60_000)):
                if kind == ADJUST:
                    granted += Fields(packet, 4).u32()
        assert granted > WINDOW // 2
        assert self.space.uploads[0].size == 60 * 60_000

    def test_the_window_stays_shut_while_closes_wait_for_the_disk(self) -> None:
        """What a client can make us hold is one window, and no more."""
        self.space.hold_closes = True
        for number in range(1, 65):
            tell(self.pair, open_body(f"/in/{number}.b2"))
            tell(self.pair, frame(sftp.CLOSE, u32(1) + string(b"%x" % number)))
        sent = 0
        tell(self.pair, open_body("/in/last.b2"))
        while sent + 60_100 < WINDOW - 64 * 200:
            said = tell(self.pair, frame(sftp.STAT, u32(9) + string(b"x" * 60_000)))
            assert said == []
            sent += 60_100
        self.space.let_go()
        self.pair.pump()
        assert ADJUST in [kind for kind, _ in self.pair.recorder.heard]

    def test_more_than_the_window_ends_the_connection(self) -> None:
        """So does a packet larger than was agreed."""
        self.pair.say(DATA, u32(0) + string(b"x" * (PACKET + 1)))
        assert self.pair.client.said is not None

    def test_answers_wait_for_the_clients_window(self) -> None:
        """And then the client's requests wait too: nothing piles up."""
        self.space.files["/out/sesam/r"] = b"y" * 8_000_000
        body = path_body("/out/sesam/r") + u32(sftp.OPEN_READ) + u32(0)
        tell(self.pair, frame(sftp.OPEN, u32(1) + body))
        received = 0
        for number in range(40):
            request = u32(number) + string(b"1") + u64(number * 200_000) + u32(200_000)
            received += data_size(tell(self.pair, frame(sftp.READ, request)))
        assert received <= WINDOW
        total = received
        for _ in range(80):
            said = self.pair.say(ADJUST, u32(0) + u32(200_000))
            total += data_size(said)
        assert total > 8_000_000

    def test_a_slow_socket_stops_the_session(self) -> None:
        """When TCP is full no more requests are taken, until it drains."""
        self.pair.server.pauseProducing()
        assert tell(self.pair, frame(sftp.STAT, u32(1) + path_body("/in"))) == []
        self.pair.server.resumeProducing()
        self.pair.pump()
        assert [kind for kind, _ in self.pair.recorder.heard] == [DATA]

    def test_no_requests_are_taken_while_keys_change(self) -> None:
        """A client that begins an exchange and never ends it piles nothing up."""
        self.pair.client.sendPacket(conch_transport.MSG_KEXINIT, self.kexinit())
        self.pair.server.dataReceived(self.pair.to_server.value())
        self.pair.to_server.clear()
        asked: list[str] = []
        self.space.stat = lambda path: fail(AssertionError(asked.append(path)))  # type: ignore[method-assign,func-returns-value]
        for number in range(5):
            request = frame(sftp.STAT, u32(number) + path_body("/in/a"))
            self.pair.client.sendPacket(DATA, u32(0) + string(request))
        self.pair.server.dataReceived(self.pair.to_server.value())
        self.pair.to_server.clear()
        assert asked == []

    def kexinit(self) -> bytes:
        return server_offer((b"ssh-ed25519",), first=False).pack(b"c" * 16)

    def test_stopping_answers_a_close_that_waits_for_the_disk(self) -> None:
        """SIGTERM does not leave a client in doubt about its deposit."""
        self.open_upload()
        self.space.hold_closes = True
        tell(self.pair, frame(sftp.CLOSE, u32(5) + string(b"1")))
        drained = self.door.factory.drain()
        self.door.clock.advance(1)
        assert not self.pair.hung_up
        self.space.let_go()
        self.pair.pump()
        assert data_size(self.pair.recorder.heard) > 0
        self.door.clock.advance(1)
        assert self.pair.hung_up
        self.pair.cut()
        self.successResultOf(drained)

    def open_upload(self) -> None:
        tell(self.pair, open_body("/in/a.b2"))


def open_channel(pair: Pair) -> int:
    body = string(b"session") + u32(0) + u32(WINDOW) + u32(32768)
    ((kind, _),) = pair.say(conch.MSG_CHANNEL_OPEN, body)
    return kind


def ask(pair: Pair, kind: bytes, body: bytes) -> list[tuple[int, bytes]]:
    return pair.say(conch.MSG_CHANNEL_REQUEST, u32(0) + string(kind) + b"\1" + body)


def tell(pair: Pair, data: bytes) -> list[tuple[int, bytes]]:
    return pair.say(DATA, u32(0) + string(data))


def open_body(path: str) -> bytes:
    return frame(sftp.OPEN, u32(1) + path_body(path) + u32(NEW) + u32(0))


def write(offset: int, data: bytes) -> bytes:
    return frame(sftp.WRITE, u32(2) + string(b"1") + u64(offset) + string(data))


def data_size(said: list[tuple[int, bytes]]) -> int:
    return sum(len(packet) - 8 for kind, packet in said if kind == DATA)
