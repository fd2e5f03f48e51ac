"""The client's side of SFTP for tests: writes requests, reads answers."""

from __future__ import annotations

import struct

from attrs import define, field, frozen
from twisted.internet.task import Clock

from gateway.intake import sftp_packets as sftp
from gateway.intake.sftp_limits import SftpLimits
from gateway.intake.sftp_pace import Pace
from gateway.intake.sftp_server import SftpServer
from gateway.intake.ssh_wire import Fields, string, u32, u64
from tests.gateway.intake.known_clients import Counts
from tests.gateway.intake.memory_space import MemorySpace

NEW = sftp.OPEN_WRITE | sftp.OPEN_CREATE | sftp.OPEN_TRUNCATE
RESUME = sftp.OPEN_WRITE | sftp.OPEN_CREATE


@frozen
class Answer:
    """One packet of the server; `status` is None for other kinds."""

    kind: int
    request: int
    body: bytes

    @property
    def status(self) -> int | None:
        return Fields(self.body).u32() if self.kind == sftp.STATUS else None

    @property
    def words(self) -> str:
        return Fields(self.body, 4).string().decode()

    @property
    def text(self) -> bytes:
        return Fields(self.body).string()


@define(eq=False)
class Line:
    """Stands for the SSH channel."""

    sent: bytearray = field(factory=bytearray)
    clogged: bool = False
    closed: int | None = None

    def write(self, data: bytes) -> None:
        self.sent += data

    def worked_off(self) -> None:
        pass

    def close(self, *, status: int) -> None:
        self.closed = status


class WireClient:
    """A session with a server on a space in memory, over no network at all."""

    def __init__(
        self, *, limits: SftpLimits | None = None, bytes_per_second: int = 0
    ) -> None:
        self.clock = Clock()
        self.space = MemorySpace()
        self.line = Line()
        self.counts = Counts()
        self.server = SftpServer(
            space=self.space,
            channel=self.line,
            clock=self.clock,
            limits=limits or SftpLimits(),
            observer=self.counts,
            pace=Pace(clock=self.clock, bytes_per_second=bytes_per_second),
        )
        self._request = 0
        self.server.feed(frame(sftp.INIT, u32(3)))
        self.greeting = bytes(self.line.sent)
        self.line.sent.clear()

    def send(self, kind: int, body: bytes) -> int:
        """Send a request and give its id."""
        self._request += 1
        self.server.feed(frame(kind, u32(self._request) + body))
        return self._request

    def answers(self) -> list[Answer]:
        """Take the answers that have come."""
        found = []
        data = bytes(self.line.sent)
        self.line.sent.clear()
        while data:
            length, kind, request = struct.unpack_from("!LBL", data)
            found.append(Answer(kind, request, data[9 : 4 + length]))
            data = data[4 + length :]
        return found

    def ask(self, kind: int, body: bytes) -> Answer:
        """Send a request that is answered at once."""
        request = self.send(kind, body)
        (answer,) = self.answers()
        assert answer.request == request
        return answer

    def open(self, path: str, flags: int = NEW) -> bytes:
        """Open, and give the handle."""
        answer = self.ask(sftp.OPEN, string(path.encode()) + u32(flags) + u32(0))
        assert answer.kind == sftp.HANDLE, answer
        return answer.text

    def write(self, handle: bytes, offset: int, data: bytes) -> int:
        return self.send(sftp.WRITE, string(handle) + u64(offset) + string(data))

    def close(self, handle: bytes) -> int:
        return self.send(sftp.CLOSE, string(handle))

    def put(self, path: str, content: bytes) -> Answer:
        """Upload in one piece; gives the answer to the close."""
        handle = self.open(path)
        self.write(handle, 0, content)
        self.answers()
        return self.ask(sftp.CLOSE, string(handle))


def frame(kind: int, content: bytes) -> bytes:
    return u32(len(content) + 1) + bytes((kind,)) + content


def path_body(*paths: str) -> bytes:
    return b"".join(string(path.encode()) for path in paths)
