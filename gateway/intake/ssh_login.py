"""Who a client is: the `ssh-userauth` service over `Credentials`.

Written beside Conch's service, which imports the reactor, serves pipelined
attempts at the same time and accepts SHA-1 signatures.  An unknown user is asked,
refused and delayed exactly as a known one; a refusal never says why.
Source: RFC 4252, RFC 8332.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from attrs import frozen
from twisted.conch.ssh import transport as conch
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from gateway.errors import StorageUnavailable
from gateway.intake.credentials import ssh_fingerprint
from gateway.intake.interface import Client
from gateway.intake.ssh_signing import PublicKey, sound_key
from gateway.intake.ssh_wire import Fields, Malformed, string
from gateway.intake.turnstile import Crowded
from gateway.journal.clients import Login

if TYPE_CHECKING:
    from gateway.intake.ssh_transport import DoorTransport

_REQUEST, _FAILURE, _SUCCESS, _BANNER, _KEY_OK = 50, 51, 52, 53, 60
# A wrong password is answered no sooner than this, whoever is named.
_PASSWORD_SECONDS: Final = 1.0
_MOST_WAITING: Final = 8

_log = Logger()


@frozen
class _KeyAttempt:
    """An attempt by key; `proof` is empty for one that only asks."""

    key: PublicKey
    algorithm: bytes
    blob: bytes
    signed: bool
    covered: bytes  # what a signature is over, behind the session
    proof: bytes

    @classmethod
    def read(cls, packet: bytes, fields: Fields) -> _KeyAttempt | None:
        """Read what follows the method; None for a key that is not sound."""
        signed = fields.u8() != 0
        algorithm, blob = fields.string(), fields.string()
        proof = fields.rest()
        key = sound_key(algorithm, blob)
        if key is None:
            return None
        covered = packet[: len(packet) - len(proof)]
        return cls(key, algorithm, blob, signed, covered, proof)


class LoginService:
    """Lets one connection try to log in, one attempt after the other."""

    def __init__(self, *, transport: DoorTransport) -> None:
        self.transport = transport
        self._door = transport.door
        self._waiting: deque[bytes] = deque()
        self._trying = self._ended = False
        self._attempts = 0
        self._banner = self._door.limits.banner.encode()
        methods = [b"publickey"]
        if self._door.limits.offer_password:
            methods.append(b"password")
        self._methods = string(b",".join(methods))

    def stop(self) -> None:
        """The line is gone, or the login is done."""
        self._ended = True
        self._waiting.clear()

    def take(self, kind: int, payload: bytes) -> None:
        """Take an attempt; while one is being looked at, the next waits."""
        if kind != _REQUEST:
            self.transport.send_unimplemented()
            return
        if len(self._waiting) >= _MOST_WAITING:
            raise Malformed("too many login attempts at once")
        self._waiting.append(payload)
        self._try_next()

    @property
    def _gone(self) -> bool:
        return self._ended or self.transport.over

    def _try_next(self) -> None:
        while self._waiting and not self._trying and not self._gone:
            self._trying = True
            packet = self._waiting.popleft()
            try:
                waits_for = self._attempt(packet)
            except Exception:
                self._broke(Failure())
                waits_for = None
            if waits_for is None:
                self._trying = False
            else:
                waits_for.addErrback(self._broke).addCallback(self._tried)

    def _tried(self, _: None) -> None:
        self._trying = False
        self._try_next()

    def _broke(self, failure: Failure) -> None:
        if failure.check(Malformed):
            self.transport.disconnect(
                conch.DISCONNECT_PROTOCOL_ERROR, str(failure.value)
            )
            return
        if failure.check(StorageUnavailable):
            _log.warn("a login is refused: {error}", error=str(failure.value))
        else:
            _log.failure("a login could not be checked", failure=failure)
        if not self._gone:
            self._refuse()

    def _attempt(self, packet: bytes) -> Deferred[None] | None:
        fields = Fields(packet)
        raw_user, service, method = fields.string(), fields.string(), fields.string()
        if service != b"ssh-connection":
            raise Malformed("only ssh-connection may follow a login")
        if self._banner:
            self.transport.send(_BANNER, string(self._banner) + string(b""))
            self._banner = b""
        user = raw_user.decode("utf-8", "replace")
        if method == b"publickey":
            return self._try_key(user, packet, fields)
        if method == b"password" and self._door.limits.offer_password:
            return Deferred.fromCoroutine(self._try_password(user, fields))
        if method == b"none":
            self.transport.send(_FAILURE, self._methods + b"\0")
        else:
            self._refuse()
        return None

    def _try_key(
        self, user: str, packet: bytes, fields: Fields
    ) -> Deferred[None] | None:
        attempt = _KeyAttempt.read(packet, fields)
        if attempt is None:
            self._refuse()
            return None
        known = self._door.known
        client = known.remembered(user, attempt.blob)
        if client is None:
            looked = known.look_up(user, attempt.blob)
            return looked.addCallback(self._found, attempt)
        self._found(client, attempt)
        return None

    def _found(self, client: Client | None, attempt: _KeyAttempt) -> None:
        if self._gone:
            return
        if client is None:
            self._refuse()
        elif not attempt.signed:
            words = string(attempt.algorithm) + string(attempt.blob)
            self.transport.send(_KEY_OK, words)
        elif self._proves(attempt):
            self._accept(client, "key", ssh_fingerprint(attempt.blob))
        else:
            self._door.backoff.failed(self.transport.peer)
            self._refuse()

    def _proves(self, attempt: _KeyAttempt) -> bool:
        """Whether the signature is over this connection, by the algorithm named."""
        signature = Fields(attempt.proof).string()
        if Fields(signature).string() != attempt.algorithm:
            return False
        session = self.transport.keys.session_id
        message = string(session) + bytes((_REQUEST,)) + attempt.covered
        try:
            return attempt.key.verify(signature, message)
        except Exception:  # whatever a forged signature makes the library raise
            _log.info("client {peer}: unreadable signature", peer=self.transport.peer)
            return False

    async def _try_password(self, user: str, fields: Fields) -> None:
        wants_change, password = fields.u8() != 0, fields.string()
        client = None
        if not wants_change:
            try:
                client = await self._door.credentials.by_password(
                    user, password, self.transport.peer
                )
            except Crowded:
                self._crowded()
                return
        if client is None:
            self._door.backoff.failed(self.transport.peer)
            await deferLater(self._door.clock, _PASSWORD_SECONDS)
        if self._gone:
            return
        if client is None:
            self._refuse()
        else:
            self._accept(client, "password", "")

    def _crowded(self) -> None:
        """Turn away who would have to wait; nobody looked at the password."""
        if not self._gone:
            self.transport.refuse(
                "passwords",
                conch.DISCONNECT_TOO_MANY_CONNECTIONS,
                "too many passwords are being checked; try again in a moment",
            )

    def _refuse(self) -> None:
        self._attempts += 1
        self._door.observer.login("refused")
        if self._attempts >= self._door.limits.max_login_attempts:
            self._door.backoff.failed(self.transport.peer)
            self.transport.refuse(
                "login-attempts",
                conch.DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE,
                "too many failed logins",
            )
            return
        self.transport.send(_FAILURE, self._methods + b"\0")

    def _accept(self, client: Client, method: str, fingerprint: str) -> None:
        transport = self.transport
        login = Login(client.id, fingerprint)
        if not self._door.logged_in(client, login, transport):
            transport.refuse(
                "client",
                conch.DISCONNECT_TOO_MANY_CONNECTIONS,
                "too many connections of this client",
            )
            return
        agreed = transport.keys.agreed
        _log.info(
            "SFTP login",
            client=client.id,
            peer=transport.peer,
            method=method,
            fingerprint=fingerprint,
            algorithms=" ".join(agreed.names) if agreed is not None else "",
        )
        self._door.observer.login(method)
        transport.send(_SUCCESS, b"")
        transport.logged_in(client)
