"""The receipt: our signed word to a client that a deposit is safe.

A receipt is JSON.  Its signature is Ed25519 over the same JSON without the
`signature` member, keys sorted, no spaces, UTF-8; `octway receipt verify` and
ten lines of any language can check it offline.  It is made once, stored with
the deposit, and given again byte for byte when the same content comes again.
"""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime
from functools import lru_cache
from json.encoder import encode_basestring as _quote
from pathlib import Path
from typing import Any, Final

from attrs import frozen
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

# One is written with every acknowledgement, so both of its forms are laid out here:
# json's own indenting alone would be a third of what an acknowledgement costs.
_SIGNED: Final = (
    '{"channel":%(channel)s,"client":%(client)s,"deposit":%(deposit)s,'
    '"filename":%(filename)s,"receipt":"octway/1","received_at":%(received_at)s,'
    '"sha256":%(sha256)s,"size":%(size)d}'
)
_RECEIPT: Final = """\
{
  "receipt": "octway/1",
  "deposit": %(deposit)s,
  "client": %(client)s,
  "channel": %(channel)s,
  "filename": %(filename)s,
  "size": %(size)d,
  "sha256": %(sha256)s,
  "received_at": %(received_at)s,
  "signature": {
    "algorithm": "Ed25519",
    "key": "%(key)s",
    "value": "%(value)s"
  }
}
"""


@frozen(kw_only=True)
class ReceiptFacts:
    """What a receipt vouches for; `received_at` is epoch seconds."""

    deposit: str
    client: str
    channel: str
    filename: str
    size: int
    sha256: str
    received_at: float


class ReceiptSigner:
    """Makes receipts with the installation's signing key."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.key_id = key_id(key.public_key())

    def sign(self, facts: ReceiptFacts) -> bytes:
        """Make the receipt; the same facts give the same bytes."""
        quoted = {
            "channel": _quote(facts.channel),
            "client": _quote(facts.client),
            "deposit": _quote(facts.deposit),
            "filename": _quote(facts.filename),
            "received_at": _quote(iso_time(facts.received_at)),
            "sha256": _quote(facts.sha256),
            "size": facts.size,
        }
        signature = self._key.sign((_SIGNED % quoted).encode())
        quoted["key"] = self.key_id
        quoted["value"] = base64.b64encode(signature).decode()
        return (_RECEIPT % quoted).encode()


def read_signer(path: Path) -> ReceiptSigner:
    """Read the signing key (PKCS #8 PEM) that `octway init` wrote."""
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise TypeError(f"{path}: is no Ed25519 key; wanted one as `octway init` makes")
    return ReceiptSigner(key)


def verify(receipt: bytes, key: Ed25519PublicKey) -> bool:
    """Say whether a receipt was signed by the key and not changed since."""
    try:
        body = json.loads(receipt)
        signature = base64.b64decode(body.pop("signature")["value"])
        key.verify(signature, _canonical(body))
    except (ValueError, KeyError, TypeError, AttributeError, InvalidSignature):
        return False
    return True


def key_id(key: Ed25519PublicKey) -> str:
    """Name a public key by the beginning of its SHA-256."""
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return hashlib.sha256(raw).hexdigest()[:16]


@lru_cache(maxsize=64)  # what shares a commit shares its time
def iso_time(epoch: float) -> str:
    """Write epoch seconds as UTC with milliseconds: 2026-11-22T02:10:00.000Z."""
    moment = datetime.fromtimestamp(round(epoch, 3), UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _canonical(body: dict[str, Any]) -> bytes:
    return json.dumps(
        body, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    ).encode()
