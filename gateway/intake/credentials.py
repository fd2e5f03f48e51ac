"""Who may come in: keys, passwords, tokens and certificates against the journal.

Nothing secret is stored: of a token its SHA-256 (it is 256 random bits), of a
password its Argon2 hash.  A look-up of an unknown client costs the same as one
of a known client, so neither answers nor times tell which names exist.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from typing import Any, Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Row
from twisted.internet.defer import Deferred

from gateway.clock import Entropy
from gateway.database import Database
from gateway.intake.backoff import network_of
from gateway.intake.interface import Client
from gateway.intake.reception import RunInThread
from gateway.intake.turnstile import Turnstile
from gateway.journal import clients
from gateway.journal.clients import Login

_HASHER: Final = PasswordHasher()
_TOKEN_BYTES: Final = 32
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"  # none that look alike
_GROUPS: Final = 5
_IN_GROUP: Final = 4
LEAST_PASSWORD: Final = 10
"""Characters that a chosen password has at least."""

TOKEN_PREFIX: Final = "octway_"  # so that secret scanners know a leaked one  # noqa: S105


class JournalCredentials:
    """Looks clients up in the journal; satisfies the `Credentials` interface.

    `hashing` is what it shares with others that check passwords.
    """

    def __init__(
        self,
        *,
        database: Database,
        run_in_thread: RunInThread,
        defaults: Client,
        hashing: Turnstile | None = None,
    ) -> None:
        self._database = database
        self._run = run_in_thread
        self._defaults = defaults
        self._hashing = hashing or Turnstile(run_in_thread)

    def by_key(self, client: str, key: bytes) -> Deferred[Client | None]:
        """Look up an SSH public key of a client."""
        return self._run(
            lambda: self._by_key(client, clients.SSH, ssh_fingerprint(key))
        )

    def by_password(
        self, client: str, password: bytes, peer: str = ""
    ) -> Deferred[Client | None]:
        """Check a password; fails with `Crowded` where too many are being checked."""
        return Deferred.fromCoroutine(self._by_password(client, password, peer))

    def by_token(self, token: str) -> Deferred[Client | None]:
        """Look up a bearer token."""
        return self._run(lambda: self._by_key("", clients.TOKEN, token_hash(token)))

    def by_certificate(self, fingerprint: str) -> Deferred[Client | None]:
        """Look up a TLS client certificate."""
        return self._run(lambda: self._by_key("", clients.CERTIFICATE, fingerprint))

    def ended(self, logins: frozenset[Login]) -> Deferred[frozenset[Login]]:
        """Say which logins that were taken would be refused now."""
        return self._run(lambda: self._database.read(clients.ended, logins))

    def _by_key(self, client: str, kind: str, fingerprint: str) -> Client | None:
        row = self._database.read(clients.by_key, kind, fingerprint)
        if row is None or (client and row.id != client):
            return None
        return self._client(row)

    async def _by_password(
        self, client: str, password: bytes, peer: str
    ) -> Client | None:
        row = await self._run(lambda: self._database.read(clients.find, client))
        usable = row is not None and row.disabled_at is None
        kept = row.password_hash if row is not None and usable else ""
        fits = await self._hashing.run(
            network_of(peer), lambda: password_fits(password, kept)
        )
        return self._client(row) if row is not None and fits else None

    def _client(self, row: Row[*tuple[Any, ...]]) -> Client:
        usual = self._defaults
        return Client(
            id=row.id,
            name=row.name,
            max_file_size=row.max_file_size or usual.max_file_size,
            max_open_uploads=row.max_open_uploads or usual.max_open_uploads,
            max_bytes_per_second=row.max_bytes_per_second or usual.max_bytes_per_second,
        )


@cache
def _decoy() -> str:
    """Make the hash that stands for every unknown client, once per process."""
    return _HASHER.hash("no client has this password")


def password_fits(password: bytes, kept: str) -> bool:
    """Say whether a password has the hash that is kept of it.

    No hash (an account that is not there, is closed, or has none) takes as long as a
    wrong password, and never fits.
    """
    decoy = _decoy()  # made by whichever comes first, not by an unknown name
    try:
        _HASHER.verify(kept or decoy, password)
    except (VerificationError, InvalidHashError):
        return False
    return bool(kept)


def hash_password(password: str) -> str:
    """Hash a password with Argon2id for the journal."""
    return _HASHER.hash(password)


def new_password(entropy: Entropy) -> str:
    """Make a password of some 99 bits that can be read out on the telephone."""
    wanted = _GROUPS * _IN_GROUP
    letters: list[str] = []
    while len(letters) < wanted:
        byte = entropy(1)[0]
        if byte < 256 - 256 % len(_LETTERS):  # else some letters would come more often
            letters.append(_LETTERS[byte % len(_LETTERS)])
    text = "".join(letters)
    return "-".join(text[i : i + _IN_GROUP] for i in range(0, wanted, _IN_GROUP))


def new_token(entropy: Entropy) -> str:
    """Make a bearer token; only its hash is kept, so show it once."""
    noise = base64.urlsafe_b64encode(entropy(_TOKEN_BYTES)).decode().rstrip("=")
    return TOKEN_PREFIX + noise


def token_hash(token: str) -> str:
    """Hash a bearer token for the journal."""
    return hashlib.sha256(token.encode()).hexdigest()


def ssh_fingerprint(blob: bytes) -> str:
    """Name an SSH public key as OpenSSH does: `SHA256:…`."""
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode()
    return "SHA256:" + digest.rstrip("=")
