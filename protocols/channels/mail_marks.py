"""The mark that our mails bear, by which a delivery report shows that it saw one.

Names and Message-IDs of files follow a rule that anybody can follow; the mark cannot be
made without the mailbox's private key.  A report that gives it back was made from one
of our mails; one without it may have been written by anybody.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from typing import Final

from attrs import field, frozen
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

LENGTH: Final = 20  # hexadecimal digits: 80 bits
_PURPOSE: Final = b"octway: marks of mails"


@frozen
class Marks:
    """Marks under the newest key; those under any of them are known again."""

    secrets: tuple[bytes, ...] = field(default=(), repr=False)

    @classmethod
    def of_keys(cls, keys: Iterable[RSAPrivateKey]) -> Marks:
        """Derive a secret from each private key, the newest first."""
        return cls(tuple(_secret(key) for key in keys))

    def of(self, text: str) -> str:
        """Return a text's mark: the same for the same text; empty without a key."""
        return _mark(self.secrets[0], text) if self.secrets else ""

    def prove(self, text: str, mark: str) -> bool:
        """Say whether a mark is the text's."""
        found = [hmac.compare_digest(_mark(key, text), mark) for key in self.secrets]
        return any(found)


def _mark(secret: bytes, text: str) -> str:
    return hmac.digest(secret, text.encode(), "sha256").hex()[:LENGTH]


def _secret(key: RSAPrivateKey) -> bytes:
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    derive = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=_PURPOSE)
    return derive.derive(der)
