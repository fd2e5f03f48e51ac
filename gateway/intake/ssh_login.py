"""Who a client is: the `ssh-userauth` service over `Credentials`.

Written beside Conch's service, which imports the reactor, serves pipelined
attempts at the same time and accepts SHA-1 signatures.  An unknown user is asked,
refused and delayed exactly as a known one; a refusal never says why.
Source: RFC 4252, RFC 8332.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from twisted.conch.ssh import transport as conch
from twisted.conch.ssh.keys import BadKeyError, FingerprintFormats, Key
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from gateway.intake.interface import Client
from gateway.intake.ssh_wire import Fields, Malformed, string

if TYPE_CHECKING:
    from gateway.intake.ssh_transport import DoorTransport

_REQUEST, _FAILURE, _SUCCESS, _BANNER, _KEY_OK = 50, 51, 52, 53, 60
# Public key algorithms for login (RFC 8308, 3.1), most preferred first.
LOGIN_ALGORITHMS: Final = (
    b"ssh-ed25519",
    b"ecdsa-sha2-nistp256",
    b"ecdsa-sha2-nistp384",
    b"ecdsa-sha2-nistp521",
    b"rsa-sha2-512",
    b"rsa-sha2-256",
)
_SMALLEST_RSA: Final = 2048
# A wrong password is answered no sooner than this, whoever is named.
_PASSWORD_SECONDS: Final = 1.0
_MOST_WAITING: Final = 8

_log = Logger()


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
            attempt = Deferred.fromCoroutine(self._attempt(packet))
            attempt.addErrback(self._broke).addCallback(self._tried)

    def _tried(self, _: None) -> None:
        self._trying = False
        self._try_next()

    def _broke(self, failure: Failure) -> None:
        if failure.check(Malformed):
            self.transport.disconnect(
                conch.DISCONNECT_PROTOCOL_ERROR, str(failure.value)
            )
            return
        _log.failure("a login could not be checked", failure=failure)
        if not self._gone:
            self._refuse()

    async def _attempt(self, packet: bytes) -> None:
        fields = Fields(packet)
        raw_user, service, method = fields.string(), fields.string(), fields.string()
        if service != b"ssh-connection":
            raise Malformed("only ssh-connection may follow a login")
        if self._banner:
            self.transport.send(_BANNER, string(self._banner) + string(b""))
            self._banner = b""
        user = raw_user.decode("utf-8", "replace")
        if method == b"publickey":
            await self._try_key(user, packet, fields)
        elif method == b"password" and self._door.limits.offer_password:
            await self._try_password(user, fields)
        elif method == b"none":
            self.transport.send(_FAILURE, self._methods + b"\0")
        else:
            self._refuse()

    async def _try_key(self, user: str, packet: bytes, fields: Fields) -> None:
        signed = fields.u8() != 0
        algorithm, blob = fields.string(), fields.string()
        proof = fields.rest()
        key = sound_key(algorithm, blob)
        if key is None:
            self._refuse()
            return
        client = await self._door.credentials.by_key(user, blob)
        if self._gone:
            return
        if client is None:
            self._refuse()
        elif not signed:
            self.transport.send(_KEY_OK, string(algorithm) + string(blob))
        elif self._proves(key, algorithm, packet[: len(packet) - len(proof)], proof):
            fingerprint = key.fingerprint(FingerprintFormats.SHA256_BASE64)
            self._accept(client, "key", fingerprint)
        else:
            self._door.backoff.failed(self.transport.peer)
            self._refuse()

    def _proves(self, key: Key, algorithm: bytes, covered: bytes, proof: bytes) -> bool:
        """Whether the signature is over this connection, by the algorithm named."""
        signature = Fields(proof).string()
        if Fields(signature).string() != algorithm:
            return False
        session = self.transport.keys.session_id
        message = string(session) + bytes((_REQUEST,)) + covered
        try:
            return bool(key.verify(signature, message))
        except Exception:  # whatever a forged signature makes the library raise
            _log.info("client {peer}: unreadable signature", peer=self.transport.peer)
            return False

    async def _try_password(self, user: str, fields: Fields) -> None:
        wants_change, password = fields.u8() != 0, fields.string()
        client = None
        if not wants_change:
            client = await self._door.credentials.by_password(user, password)
        if client is None:
            self._door.backoff.failed(self.transport.peer)
            await deferLater(self._door.clock, _PASSWORD_SECONDS)
        if self._gone:
            return
        if client is None:
            self._refuse()
        else:
            self._accept(client, "password", "")

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
        if not self._door.logged_in(client, transport):
            transport.refuse(
                "client",
                conch.DISCONNECT_TOO_MANY_CONNECTIONS,
                "too many connections of this client",
            )
            return
        agreed = transport.keys.agreed
        names = agreed.names() if agreed is not None else ()
        _log.info(
            "SFTP login of {client} from {peer} by {method} {fingerprint}, {algorithms}",
            client=client.id,
            peer=transport.peer,
            method=method,
            fingerprint=fingerprint,
            algorithms=b" ".join(names).decode("ascii"),
        )
        self._door.observer.login(method)
        transport.send(_SUCCESS, b"")
        transport.logged_in(client)


def sound_key(algorithm: bytes, blob: bytes) -> Key | None:
    """Read a public key that may be used with an algorithm that is allowed.

    None for SHA-1, DSA, short RSA, keys of another kind than the algorithm, and
    bytes that are no key.
    """
    if algorithm not in LOGIN_ALGORITHMS:
        return None
    kind = b"ssh-rsa" if algorithm.startswith(b"rsa-sha2-") else algorithm
    try:
        if Fields(blob).string() != kind:
            return None
        key: Key = Key.fromString(blob, type="blob")
    except (BadKeyError, ValueError, LookupError):
        return None
    except Exception:  # Conch raises what its parser happens to meet
        _log.info("an unreadable public key was offered")
        return None
    if key.type() == "RSA" and key.size() < _SMALLEST_RSA:
        return None
    return key
