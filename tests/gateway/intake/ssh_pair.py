"""Conch's SSH client joined to our door in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.conch.ssh.keys import Key
from twisted.conch.ssh.service import SSHService
from twisted.conch.ssh.transport import SSHClientTransport
from twisted.conch.ssh.userauth import SSHUserAuthClient
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from gateway.intake.interface import Client, Space
from gateway.intake.sftp_door import SftpFactory, sftp_factory
from gateway.intake.sftp_limits import SftpLimits
from tests.gateway.intake.known_clients import Counts, KnownClients
from tests.gateway.intake.memory_space import MemorySpace
from tests.gateway.intake.ssh_test_keys import CLIENT_KEY, HOST_KEY


class Recorder(SSHService):
    """Keeps what the server's connection service says."""

    name = b"ssh-connection"

    def __init__(self) -> None:
        self.started = False
        self.heard: list[tuple[int, bytes]] = []

    def serviceStarted(self) -> None:
        self.started = True

    def packetReceived(self, messageNum: int, packet: bytes) -> None:
        self.heard.append((messageNum, packet))


class Login(SSHUserAuthClient):
    """Tries a key, then a password."""

    def __init__(
        self, user: bytes, after: SSHService, *, key: Key | None, password: bytes | None
    ) -> None:
        super().__init__(user, after)
        self.preferredOrder = [b"publickey", b"password"]
        self._key, self._password = key, password
        self._keys_tried = 0

    def getPublicKey(self) -> Key | None:
        self._keys_tried += 1
        if self._key is None or self._keys_tried > 1:
            return None
        public: Key = self._key.public()
        return public

    def getPrivateKey(self) -> Deferred[Key]:
        assert self._key is not None
        return succeed(self._key)

    def getPassword(self, prompt: object = None) -> Deferred[bytes] | None:
        return None if self._password is None else succeed(self._password)


class SshClient(SSHClientTransport):
    """The client's side; `said` is why the server ended the connection."""

    def __init__(self, login: SSHService | None) -> None:
        self.said: str | None = None
        self._login = login

    def verifyHostKey(self, hostKey: bytes, fingerprint: str) -> Deferred[bool]:
        return succeed(True)

    def connectionSecure(self) -> None:
        """Conch calls this after every exchange; a login is begun once."""
        login, self._login = self._login, None
        if login is not None:
            self.requestService(login)

    def receiveError(self, reasonCode: int, description: bytes) -> None:
        self.said = description.decode()


class Door:
    """A door that a test can knock at."""

    def __init__(self, *, limits: SftpLimits | None = None) -> None:
        self.clock = Clock()
        self.counts = Counts()
        self.spaces: list[MemorySpace] = []
        self.credentials = KnownClients(
            keys={("acme", CLIENT_KEY.public().blob())},
            passwords={"acme": b"synthetic"},
        )
        self.factory: SftpFactory = sftp_factory(
            space_for=self._space,
            credentials=self.credentials,
            host_keys=[HOST_KEY],
            clock=self.clock,
            observer=self.counts,
            limits=limits or SftpLimits(),
        )

    def connect(self, *, address: str = "192.0.2.1", **how: Any) -> Pair:
        return Pair(self, address=address, **how)

    def _space(self, client: Client) -> Space:
        space = MemorySpace(client=client)
        self.spaces.append(space)
        return space


class Pair:
    """One connection, both ends."""

    def __init__(
        self,
        door: Door,
        *,
        address: str,
        user: bytes = b"acme",
        key: Key | None = None,
        password: bytes | None = None,
        login: bool = True,
        prepare: Callable[[SshClient], None] = lambda client: None,
    ) -> None:
        self.recorder = Recorder()
        service = Login(user, self.recorder, key=key, password=password)
        self.client = SshClient(service if login else None)
        prepare(self.client)
        peer = IPv4Address("TCP", address, 40000)
        server = door.factory.buildProtocol(peer)
        assert server is not None
        self.server = server
        self.to_client = StringTransport(peerAddress=peer)
        self.to_server = StringTransport()
        self.server.makeConnection(self.to_client)
        self.client.makeConnection(self.to_server)
        self.pump()

    @property
    def logged_in(self) -> bool:
        return self.recorder.started

    @property
    def hung_up(self) -> bool:
        return self.to_client.disconnecting

    def pump(self) -> None:
        """Carry bytes both ways until nobody has more to say."""
        while True:
            down, up = self.to_client.value(), self.to_server.value()
            if not down and not up:
                return
            self.to_client.clear()
            self.to_server.clear()
            if down:
                self.client.dataReceived(down)
            if up:
                self.server.dataReceived(up)

    def say(self, kind: int, payload: bytes) -> list[tuple[int, bytes]]:
        """Send a message of the client and give what comes back."""
        self.recorder.heard.clear()
        self.client.sendPacket(kind, payload)
        self.pump()
        return list(self.recorder.heard)

    def cut(self) -> None:
        """The line is lost."""
        self.server.connectionLost(Failure(ConnectionDone()))
