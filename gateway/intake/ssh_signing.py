"""Keys that sign for the host, and keys that clients sign with.

Ed25519, which nearly every connection uses on both sides, goes straight to
`cryptography`; Conch's `Key` asks its own type a dozen times per signature and
serves the other kinds.  Sources: RFC 8709 (Ed25519), RFC 5656, RFC 8332.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from attrs import frozen
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from twisted.conch.ssh.keys import BadKeyError, Key
from twisted.logger import Logger

from gateway.intake.ssh_wire import Fields, string

_ED25519: Final = b"ssh-ed25519"
# Public key algorithms for login (RFC 8308, 3.1), most preferred first.
LOGIN_ALGORITHMS: Final = (
    _ED25519,
    b"ecdsa-sha2-nistp256",
    b"ecdsa-sha2-nistp384",
    b"ecdsa-sha2-nistp521",
    b"rsa-sha2-512",
    b"rsa-sha2-256",
)
_SMALLEST_RSA: Final = 2048

_log = Logger()


@frozen(kw_only=True)
class HostKey:
    """A private key of this host under one algorithm; `sign` packs a signature."""

    blob: bytes
    sign: Callable[[bytes], bytes]


class PublicKey(Protocol):
    """A client's key."""

    def verify(self, signature: bytes, data: bytes, /) -> bool:
        """Say whether a packed signature over `data` is of this key."""
        ...


def host_key(key: Key, algorithm: bytes) -> HostKey:
    """Make a private key ready to sign by one algorithm."""
    blob: bytes = key.public().blob()
    if algorithm == _ED25519:
        signer = Ed25519PrivateKey.from_private_bytes(key.data()["k"])
        head = string(_ED25519)
        return HostKey(blob=blob, sign=lambda data: head + string(signer.sign(data)))
    return HostKey(blob=blob, sign=lambda data: key.sign(data, signatureType=algorithm))


def sound_key(algorithm: bytes, blob: bytes) -> PublicKey | None:
    """Read a public key that may be used with an algorithm that is allowed.

    None for SHA-1, DSA, short RSA, keys of another kind than the algorithm, and
    bytes that are no key.
    """
    if algorithm not in LOGIN_ALGORITHMS:
        return None
    kind = b"ssh-rsa" if algorithm.startswith(b"rsa-sha2-") else algorithm
    try:
        fields = Fields(blob)
        if fields.string() != kind:
            return None
        return _Ed25519(fields.string()) if kind == _ED25519 else _by_conch(blob)
    except (BadKeyError, ValueError, LookupError):
        return None
    except Exception:  # Conch raises what its parser happens to meet
        _log.info("an unreadable public key was offered")
        return None


def may_log_in(blob: bytes) -> bool:
    """Say whether a public key is sound for any algorithm that logs in here."""
    return any(sound_key(each, blob) is not None for each in LOGIN_ALGORITHMS)


def _by_conch(blob: bytes) -> PublicKey | None:
    key: Key = Key.fromString(blob, type="blob")
    too_short = key.type() == "RSA" and key.size() < _SMALLEST_RSA
    return None if too_short else key


class _Ed25519:
    """An Ed25519 key; raises `ValueError` for bytes that are none."""

    def __init__(self, raw: bytes) -> None:
        self._key = Ed25519PublicKey.from_public_bytes(raw)

    def verify(self, signature: bytes, data: bytes, /) -> bool:
        fields = Fields(signature)
        if fields.string() != _ED25519:
            return False
        try:
            self._key.verify(fields.string(), data)
        except InvalidSignature:
            return False
        return True
