"""Small secrets in rows: sealed under the key ring, each bound to what it is of."""

from __future__ import annotations

import base64
import binascii

from gateway.errors import IntegrityBroken
from gateway.storage.vault import KeyRing, WrappedKey


def sealed(ring: KeyRing, of: str, secret: bytes) -> str:
    """Seal a secret; `of` names its place, and is needed to open it again."""
    made = ring.wrap(of, secret)
    return f"{made.key_id}:{base64.b64encode(made.wrapped).decode()}"


def opened(ring: KeyRing, of: str, text: str) -> bytes:
    """Open what `sealed` made, or raise `IntegrityBroken`."""
    key_id, _, wrapped = text.partition(":")
    try:
        raw = base64.b64decode(wrapped, validate=True)
    except binascii.Error:
        raise IntegrityBroken(f"the secret of {of} is not as it was written") from None
    return ring.unwrap(of, WrappedKey(key_id=key_id, wrapped=raw))
