"""TLS of the HTTPS door: what it promises to the door and to clients."""

from __future__ import annotations

import ssl
import tempfile
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from gateway.intake.https_line import TlsLine
from gateway.intake.https_tls import ServerTls, fingerprint, peer_fingerprint, with_tls
from tests.system.https_door import make_certificate


class Heard(Protocol):
    """Stands for the door's channel."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.lost = False

    def dataReceived(self, data: bytes) -> None:
        self.pieces.append(data)

    def connectionLost(self, reason: Any = None) -> None:
        self.lost = True


class Tcp(StringTransport):
    """TCP in memory."""

    aborted = False

    def setTcpNoDelay(self, enabled: bool) -> None:
        self.undelayed = enabled

    def abortConnection(self) -> None:
        self.aborted = True
        super().abortConnection()


class Pair:
    """A client of TLS, and the line that it speaks to."""

    def __init__(
        self,
        tls: ServerTls,
        *,
        version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
        login: tuple[Path, Path] | None = None,
    ) -> None:
        self.clock = Clock()
        self.heard = Heard()
        factory = Factory.forProtocol(lambda: self.heard)
        line = with_tls(factory, tls, self.clock).buildProtocol(None)
        assert line is not None
        self.line: TlsLine = line
        self.tcp = Tcp()
        line.makeConnection(self.tcp)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.minimum_version = context.maximum_version = version
        if login is not None:
            context.load_cert_chain(*login)
        self._from, self._to = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.client = context.wrap_bio(self._from, self._to)

    def shake(self) -> bytes:
        """Make the handshake; return what the line sent after the client's end."""
        while True:
            try:
                self.client.do_handshake()
            except ssl.SSLWantReadError:
                self.deliver()
                self.fetch()
            else:
                break
        self.deliver()
        last: bytes = self.tcp.value()
        return last

    def deliver(self) -> None:
        """Bring the line what the client sent, in one read."""
        self.line.dataReceived(self._to.read())

    def fetch(self) -> None:
        """Bring the client what the line sent."""
        self._from.write(self.tcp.value())
        self.tcp.clear()

    def read(self) -> bytes:
        """Return all that the client can read now."""
        self.fetch()
        found = b""
        try:
            while piece := self.client.read(1 << 20):
                found += piece
        except ssl.SSLWantReadError:
            pass
        return found


class Files:
    """Certificates in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        authority = make_certificate("authority", folder)
        make_certificate("localhost", folder)
        self.client, _ = make_certificate("client", folder, authority)
        self.tls = self.serve()

    def serve(self) -> ServerTls:
        return ServerTls(
            certificate=self.folder / "localhost.crt",
            key=self.folder / "localhost.key",
            client_ca=self.folder / "authority.crt",
        )


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return Files(tmp_path_factory.mktemp("tls"))


def test_a_read_is_handed_over_in_one_piece(files: Files) -> None:
    """However many records a read holds, the door is called once."""
    pair = Pair(files.tls)
    pair.shake()
    pair.client.write(b"head")
    pair.client.write(b"x" * 16_000)
    pair.client.write(b"tail")
    pair.deliver()

    assert pair.heard.pieces == [b"head" + b"x" * 16_000 + b"tail"]
    assert pair.tcp.undelayed


def test_a_record_cut_in_two_reads_is_whole(files: Files) -> None:
    """Half a record waits for its other half."""
    pair = Pair(files.tls)
    pair.shake()
    pair.client.write(b"x" * 1000)
    sent = pair._to.read()
    pair.line.dataReceived(sent[:500])
    assert pair.heard.pieces == []
    pair.line.dataReceived(sent[500:])

    assert pair.heard.pieces == [b"x" * 1000]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_an_answer_comes_whole(files: Files, version: ssl.TLSVersion) -> None:
    """An answer of many records arrives as it was written."""
    pair = Pair(files.tls, version=version)
    pair.shake()
    pair.read()
    pair.line.writeSequence([b"a" * 300_000, b"b"])

    assert pair.read() == b"a" * 300_000 + b"b"


def test_tickets_ride_with_the_first_answer(files: Files) -> None:
    """After the handshake nothing is sent by itself, and an answer brings a ticket."""
    pair = Pair(files.tls)
    assert pair.shake() == b""
    pair.line.write(b"answer")

    assert pair.read() == b"answer"
    assert pair.client.session is not None
    assert pair.client.session.has_ticket


def test_what_is_written_too_soon_waits(files: Files) -> None:
    """Before the handshake is done nothing goes out, and then all of it."""
    pair = Pair(files.tls)
    pair.line.write(b"soon")
    assert pair.tcp.value() == b""
    pair.line.loseConnection()
    pair.shake()

    assert pair.read() == b"soon"
    assert pair.client.version() == "TLSv1.3"


def test_a_close_waits_for_the_client_but_not_for_ever(files: Files) -> None:
    """The client is told of the end first; TCP is closed when it says so too."""
    polite, silent = Pair(files.tls), Pair(files.tls)
    for pair in (polite, silent):
        pair.shake()
        pair.line.write(b"last")
        pair.line.loseConnection()
        assert pair.read() == b"last"
        pair.line.write(b"more")
        assert not pair.tcp.disconnecting
    polite.client.unwrap()
    polite.deliver()
    silent.clock.advance(5)

    assert polite.tcp.disconnecting
    assert silent.tcp.disconnecting


def test_nothing_is_taken_after_the_close(files: Files) -> None:
    """What a client sends after it was told of the end goes nowhere."""
    pair = Pair(files.tls)
    pair.shake()
    pair.line.loseConnection()
    pair.client.write(b"too late")
    pair.deliver()

    assert pair.heard.pieces == []


def test_a_client_that_closes_is_answered(files: Files) -> None:
    """What came before the close is handed over, then the line ends."""
    pair = Pair(files.tls)
    pair.shake()
    pair.client.write(b"bye")
    with pytest.raises(ssl.SSLWantReadError):
        pair.client.unwrap()
    pair.deliver()

    assert pair.heard.pieces == [b"bye"]
    assert pair.tcp.disconnecting


@pytest.mark.parametrize("agreed", [False, True])
def test_what_is_no_tls_ends_the_line(files: Files, agreed: bool) -> None:
    """Plain HTTP, or a broken record, closes the connection and nothing is taken."""
    pair = Pair(files.tls)
    if agreed:
        pair.shake()
    pair.line.dataReceived(b"GET / HTTP/1.1\r\nHost: door\r\n\r\n")
    pair.line.dataReceived(b"more")

    assert pair.tcp.disconnecting
    assert pair.heard.pieces == []


def test_a_connection_without_a_handshake_is_cut(files: Files) -> None:
    """One that is turned away before TLS began is not waited for."""
    pair = Pair(files.tls)
    pair.line.loseConnection()

    assert pair.tcp.aborted


def test_a_lost_line_leaves_no_timer(files: Files) -> None:
    """The door is told, and what is written then goes nowhere."""
    pair = Pair(files.tls)
    pair.shake()
    pair.line.loseConnection()
    pair.line.connectionLost(Failure(ConnectionDone()))
    pair.tcp.clear()
    pair.line.write(b"nobody")

    assert pair.heard.lost
    assert pair.clock.getDelayedCalls() == []
    assert pair.tcp.value() == b""


def test_pausing_reaches_tcp(files: Files) -> None:
    """A door that holds its reading holds TCP's, and a producer hears from TCP."""
    pair = Pair(files.tls)
    pair.shake()
    pair.line.pauseProducing()
    paused = pair.tcp.producerState
    pair.line.resumeProducing()
    producer = Tcp()
    pair.line.registerProducer(producer, True)

    assert paused == "paused"
    assert pair.tcp.producerState == "producing"
    assert pair.tcp.producer is producer


def test_a_producer_may_write_after_the_close_was_asked(files: Files) -> None:
    """A close waits until the producer that was registered is done."""
    pair = Pair(files.tls)
    pair.shake()
    pair.line.registerProducer(Tcp(), True)
    pair.line.loseConnection()
    pair.line.write(b"rest")
    pair.line.unregisterProducer()

    assert pair.read() == b"rest"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_certificate_of_the_client_is_named(
    files: Files, version: ssl.TLSVersion
) -> None:
    """A client is known by the certificate that it proved to have; else by none."""
    login = files.folder / "client.crt", files.folder / "client.key"
    known, unknown = Pair(files.tls, login=login, version=version), Pair(files.tls)
    before = peer_fingerprint(known.line)
    known.shake()
    unknown.shake()

    assert before == ""
    assert peer_fingerprint(known.line) == fingerprint(files.client)
    assert peer_fingerprint(unknown.line) == ""


def test_a_certificate_of_another_authority_is_refused(files: Files) -> None:
    """A certificate that nobody here vouches for ends the handshake."""
    with tempfile.TemporaryDirectory() as folder:
        other = Files(Path(folder))
        login = other.folder / "client.crt", other.folder / "client.key"
        pair = Pair(files.tls, login=login)
        pair.shake()

    assert pair.tcp.disconnecting


def test_files_that_do_not_fit_leave_the_old_in_force(tmp_path: Path) -> None:
    """A reload names both files, what is wrong and what was wanted; nothing changes."""
    files = Files(tmp_path)
    key = tmp_path / "localhost.key"
    key.write_bytes((tmp_path / "client.key").read_bytes())
    with pytest.raises(ValueError, match=r"localhost\.crt and .*localhost\.key: .*own"):
        files.tls.reload()
    pair = Pair(files.tls)
    pair.shake()
    pair.line.write(b"still here")

    assert pair.read() == b"still here"


def test_a_key_with_a_password_is_refused(tmp_path: Path) -> None:
    """Nobody is there to type it: the error says so, and nothing asks for it."""
    files = Files(tmp_path)
    path = tmp_path / "localhost.key"
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    with pytest.raises(ValueError, match="without a password"):
        files.serve()
