"""The SFTP door: builds a connection for each caller and keeps the counts.

The factory is for Twisted's endpoints; behind a balancer use the `haproxy:`
endpoint, which reads the PROXY protocol and passes the caller's address on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Final

from twisted.conch.ssh import transport as conch
from twisted.conch.ssh.keys import Key
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IReactorTime
from twisted.internet.protocol import Factory

from gateway.bound import Bound, most_of
from gateway.intake.backoff import AddressBackoff
from gateway.intake.interface import Client, Credentials, Space
from gateway.intake.sftp_limits import SftpLimits, SftpObserver
from gateway.intake.sftp_pace import Pace
from gateway.intake.ssh_known import KnownKeys
from gateway.intake.ssh_recheck import Recheck
from gateway.intake.ssh_signing import host_key
from gateway.intake.ssh_transport import DoorTransport
from gateway.journal.clients import Login

_ENDED: Final = (
    "this login no longer holds: the account was disabled, the key revoked, or the "
    "password switched off"
)
_SMALLEST_RSA: Final = 2048
_HOST_KEY_KINDS: Final = {
    "Ed25519": (b"ssh-ed25519",),
    "EC": (b"ecdsa-sha2-nistp256", b"ecdsa-sha2-nistp384", b"ecdsa-sha2-nistp521"),
    "RSA": (b"rsa-sha2-512", b"rsa-sha2-256"),
}


class SftpFactory(Factory[DoorTransport]):
    """Makes connections, and knows those that are there."""

    noisy = False

    def __init__(
        self,
        *,
        space_for: Callable[[Client], Space],
        credentials: Credentials,
        host_keys: Sequence[Key],
        clock: IReactorTime,
        observer: SftpObserver,
        limits: SftpLimits,
        backoff: AddressBackoff,
    ) -> None:
        self.space_for = space_for
        self.credentials = credentials
        self.known = KnownKeys(
            credentials=credentials, clock=clock, believe_seconds=limits.believe_seconds
        )
        self.host_keys = {
            algorithm: host_key(key, algorithm)
            for algorithm, key in host_keys_by_algorithm(host_keys).items()
        }
        self.clock = clock
        self.observer = observer
        self.limits = limits
        self.backoff = backoff
        self._connections: dict[DoorTransport, Login | None] = {}
        self._unknown = 0
        self._by_address: Counter[str] = Counter()
        self._by_client: Counter[str] = Counter()
        self._paces: dict[str, Pace] = {}
        self._draining: Deferred[None] | None = None
        self._recheck = Recheck(
            credentials=credentials,
            clock=clock,
            logins=self._logins,
            end=self.end_logins,
        )

    def buildProtocol(self, addr: IAddress | None) -> DoorTransport | None:
        """Make a connection, or none when there are too many."""
        if self._draining is not None:
            return None
        if len(self._connections) >= self.limits.max_connections:
            self.observer.rejection("connections")
            return None
        if self._unknown >= self.limits.max_unknown:
            self.observer.rejection("unknown")
            return None
        return DoorTransport(door=self)

    def drain(self) -> Deferred[None]:
        """Take no more connections and end those there are.

        A close that waits for the disk is still answered; a file half sent is
        cut, for its client to resume.  Fires when the last connection is gone.
        """
        if self._draining is None:
            self._draining = Deferred()
            for transport in tuple(self._connections):
                transport.end_when_idle()
            self._check_drained()
        drained: Deferred[None] = Deferred()
        self._draining.addCallback(lambda _: drained.callback(None))
        return drained

    def end_logins(self, ended: Collection[Login]) -> None:
        """End the connections whose login no longer holds; what was cut is kept."""
        for client in {login.client for login in ended}:
            self.known.forget(client)
        for transport, login in tuple(self._connections.items()):
            if login in ended and not transport.over:
                self.observer.rejection("revoked")
                transport.disconnect(conch.DISCONNECT_BY_APPLICATION, _ENDED)

    def startFactory(self) -> None:
        """Listening has begun: see to it that logins still hold."""
        self._recheck.start()

    def stopFactory(self) -> None:
        """Nothing listens any more."""
        self._recheck.stop()

    # For the connections.

    def opened(self, transport: DoorTransport) -> None:
        """A connection is there."""
        self._connections[transport] = None
        self._unknown += 1
        self.observer.connection_opened()

    def admit(self, transport: DoorTransport) -> None:
        """Judge a caller by address, once the address is known."""
        peer = transport.peer
        self._by_address[peer] += 1
        if self.backoff.wait(peer):
            transport.refuse(
                "backoff",
                conch.DISCONNECT_TOO_MANY_CONNECTIONS,
                "too many failed logins from this address; wait and try again",
            )
            return
        if self._by_address[peer] > self.limits.max_connections_per_address:
            transport.refuse(
                "address",
                conch.DISCONNECT_TOO_MANY_CONNECTIONS,
                "too many connections from this address",
            )

    def logged_in(self, client: Client, login: Login, transport: DoorTransport) -> bool:
        """Count a client's connection; False when it has too many."""
        if self._by_client[client.id] >= self.limits.max_connections_per_client:
            return False
        self._connections[transport] = login
        self._unknown -= 1
        self._by_client[client.id] += 1
        return True

    def closed(self, transport: DoorTransport) -> None:
        """A connection is gone."""
        login = self._connections.pop(transport)
        if login is None:
            self._unknown -= 1
        elif _one_less(self._by_client, login.client):
            self._paces.pop(login.client, None)
        if transport.admitted:
            _one_less(self._by_address, transport.peer)
        self.observer.connection_closed()
        self._check_drained()

    def bounds(self) -> Iterator[Bound]:
        """Give the door's limits on connections, and what is used of each."""
        limits, address = self.limits, self.limits.max_connections_per_address
        client, unknown = limits.max_connections_per_client, limits.max_unknown
        yield Bound(
            "sftp-connections", limits.max_connections, lambda: len(self._connections)
        )
        yield Bound("sftp-unknown", unknown, lambda: self._unknown)
        yield Bound("sftp-address", address, lambda: most_of(self._by_address))
        yield Bound("sftp-client", client, lambda: most_of(self._by_client))

    def pace_of(self, client: Client) -> Pace:
        """Give the pace that all sessions of a client share."""
        pace = self._paces.get(client.id)
        if pace is None:
            pace = self._paces[client.id] = Pace(
                clock=self.clock, bytes_per_second=client.max_bytes_per_second
            )
        return pace

    def _logins(self) -> frozenset[Login]:
        return frozenset(
            login
            for transport, login in self._connections.items()
            if login is not None and not transport.over
        )

    def _check_drained(self) -> None:
        draining = self._draining
        if draining is not None and not self._connections and not draining.called:
            draining.callback(None)


def _one_less(counts: Counter[str], name: str) -> bool:
    """Count one less; True when none is left, and then it is forgotten."""
    counts[name] -= 1
    if counts[name]:
        return False
    del counts[name]
    return True


def sftp_factory(
    *,
    space_for: Callable[[Client], Space],
    credentials: Credentials,
    host_keys: Sequence[Key],
    clock: IReactorTime,
    observer: SftpObserver,
    limits: SftpLimits,
    backoff: AddressBackoff | None = None,
) -> SftpFactory:
    """Build the door; raises `ValueError` for a host key that is too weak.

    `backoff` is what it shares with other doors about those who guess.
    """
    return SftpFactory(
        space_for=space_for,
        credentials=credentials,
        host_keys=host_keys,
        clock=clock,
        observer=observer,
        limits=limits,
        backoff=backoff or AddressBackoff(clock=clock),
    )


def host_keys_by_algorithm(keys: Sequence[Key]) -> dict[bytes, Key]:
    """Sort private host keys under the algorithms that they sign with.

    Ed25519 comes first whatever the order given: it is the fastest by far.
    """
    found: dict[bytes, Key] = {}
    ranks = list(_HOST_KEY_KINDS)
    for key in keys:
        if key.type() not in ranks or key.isPublic():
            raise ValueError(f"host key of kind {key.type()} cannot be used")
        if key.type() == "RSA" and key.size() < _SMALLEST_RSA:
            raise ValueError(f"RSA host key has {key.size()} bits, 2048 are needed")
    for key in sorted(keys, key=lambda one: ranks.index(one.type())):
        for algorithm in _HOST_KEY_KINDS[key.type()]:
            if key.type() != "EC" or key.sshType() == algorithm:
                found.setdefault(algorithm, key)
    if not found:
        raise ValueError("the SFTP door needs a private host key")
    return found
