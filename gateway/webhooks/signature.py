"""Secrets of endpoints and the signatures made with them, by Standard Webhooks.

Any library of that specification (standardwebhooks.com) verifies what is sent.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from typing import Final

from gateway.clock import Entropy
from gateway.storage.vault import KeyRing, WrappedKey

_PREFIX: Final = "whsec_"
_BYTES: Final = 32


def new_secret(entropy: Entropy) -> bytes:
    """Make a secret."""
    return entropy(_BYTES)


def shown(secret: bytes) -> str:
    """Write a secret as it is told to its owner, once."""
    return _PREFIX + base64.b64encode(secret).decode()


def seal(keys: KeyRing, webhook: str, secret: bytes) -> WrappedKey:
    """Encrypt a secret for the journal."""
    return keys.wrap(webhook, secret)


def unseal(keys: KeyRing, webhook: str, key_id: str, wrapped: bytes) -> bytes:
    """Give a secret back, or raise `IntegrityBroken`."""
    return keys.unwrap(webhook, WrappedKey(key_id=key_id, wrapped=wrapped))


def headers(
    event: str, at: float, body: bytes, secrets: Iterable[bytes]
) -> Mapping[str, str]:
    """Make the headers that identify, date and sign a body; one signature per secret."""
    moment = str(int(at))
    signed = f"{event}.{moment}.".encode() + body
    made = (
        base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()
        for secret in secrets
    )
    return {
        "webhook-id": event,
        "webhook-timestamp": moment,
        "webhook-signature": " ".join(f"v1,{each}" for each in made),
        "Octway-Event-Id": event,
    }
