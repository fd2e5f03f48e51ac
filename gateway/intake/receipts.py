"""The receipt: our signed word to a client that a deposit is safe.

A receipt is JSON.  Its signature is Ed25519 over the same JSON without the
`signature` member, keys sorted, no spaces, UTF-8; `octway receipt verify` and
ten lines of any language can check it offline.  It is made once, stored with
the deposit, and given again byte for byte when the same content comes again.

All that is signed for clients (`receipt_documents`) has this form, and is known by
one hash: the SHA-256 of what its signature covers.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
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

FORM: Final = "octway/1"
ALGORITHM: Final = "Ed25519"
_CANONICAL: Final = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False
).encode
_TOO_DEEP: Final = "is nested too deep to be a receipt"
_MEMBERS: Final = {"algorithm", "key", "value"}  # of a signature

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

    def seal(self, body: Mapping[str, Any], *, in_lines: bool = True) -> bytes:
        """Make any other signed document; the same body gives the same bytes.

        `in_lines` is for people's eyes, and costs ten times as much.
        """
        signature = {
            "algorithm": ALGORITHM,
            "key": self.key_id,
            "value": base64.b64encode(self._key.sign(canonical(body))).decode(),
        }
        made = {**body, "signature": signature}
        indent = 2 if in_lines else None
        return (json.dumps(made, indent=indent, ensure_ascii=False) + "\n").encode()


@frozen(kw_only=True)
class Signed:
    """A signed document, read: what it says, what its signature covers, and by whose key."""

    body: Mapping[str, Any]
    covered: bytes
    key: str
    value: bytes

    @property
    def kind(self) -> str:
        """What it is; the receipt of a deposit does not say so itself."""
        return str(self.body.get("kind", "deposit"))

    @property
    def sha256(self) -> str:
        """The hash that it is known by."""
        return hashlib.sha256(self.covered).hexdigest()

    def is_signed_by(self, key: Ed25519PublicKey) -> bool:
        """Say whether the key made the signature, over just this."""
        try:
            key.verify(self.value, self.covered)
        except InvalidSignature:
            return False
        return self.key == key_id(key)


def read_signer(path: Path) -> ReceiptSigner:
    """Read the signing key (PKCS #8 PEM) that `octway init` wrote."""
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise TypeError(f"{path}: is no Ed25519 key; wanted one as `octway init` makes")
    return ReceiptSigner(key)


def read(document: bytes) -> Signed:
    """Read a signed document; raises `ValueError` that says why it is none.

    A member that stands twice is refused: two programs would read two things.
    """
    try:
        found = json.loads(document, object_pairs_hook=_once, parse_constant=_no_number)
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"is no JSON ({error})") from None
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    return taken_apart(found)


def taken_apart(found: Any) -> Signed:
    """Take a signed document apart that was read as JSON; raises `ValueError`."""
    if not isinstance(found, dict) or found.get("receipt") != FORM:
        raise ValueError(
            f'is no receipt; wanted a JSON object with "receipt": "{FORM}"'
        )
    body = dict(found)
    signature = body.pop("signature", None)
    value = _value(signature)
    if value is None:
        raise ValueError(
            "has no signature in its form; wanted algorithm, key and value (base64)"
        )
    if signature["algorithm"] != ALGORITHM:
        raise ValueError(
            f"its algorithm is {signature['algorithm']!r}; wanted {ALGORITHM!r}"
        )
    try:
        covered = canonical(body)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    return Signed(body=body, covered=covered, key=str(signature["key"]), value=value)


def verify(receipt: bytes, key: Ed25519PublicKey) -> bool:
    """Say whether a receipt was signed by the key and not changed since."""
    try:
        return read(receipt).is_signed_by(key)
    except ValueError:
        return False


def key_id(key: Ed25519PublicKey) -> str:
    """Name a public key by the beginning of its SHA-256."""
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return hashlib.sha256(raw).hexdigest()[:16]


@lru_cache(maxsize=64)  # what shares a commit shares its time
def iso_time(epoch: float) -> str:
    """Write epoch seconds as UTC with milliseconds: 2026-11-22T02:10:00.000Z."""
    moment = datetime.fromtimestamp(round(epoch, 3), UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def canonical(body: Mapping[str, Any]) -> bytes:
    """Write what a signature covers."""
    return _CANONICAL(body).encode(errors="surrogatepass")


def hash_of(body: Mapping[str, Any]) -> str:
    """Return the hash that a document is known by."""
    return hashlib.sha256(canonical(body)).hexdigest()


def _value(signature: Any) -> bytes | None:
    """Return the bytes of a signature; None if it is not in the one form that it has."""
    if not isinstance(signature, dict) or set(signature) != _MEMBERS:
        return None
    try:
        value = base64.b64decode(signature["value"], validate=True)
    except (ValueError, TypeError):
        return None
    same = base64.b64encode(value).decode() == signature["value"]
    return value if same else None


def _once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"says {name!r} twice")
        found[name] = value
    return found


def _no_number(text: str) -> None:
    raise ValueError(f"holds {text}, which is no number of JSON")
