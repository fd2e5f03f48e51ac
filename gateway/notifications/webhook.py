"""Messages to programs: a POST of JSON, signed as Standard Webhooks says.

The headers are `webhook-id`, `webhook-timestamp` and `webhook-signature`; the
signature is `v1,` and the base64 of HMAC-SHA256 over `ID.TIMESTAMP.BODY`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Final

import requests

from config.notification_records import Recipient
from gateway.notifications.errors import NotTaken, read_secret
from gateway.notifications.letter import Letter

_PATIENCE: Final = (10.0, 20.0)  # seconds to connect, and for each answer
_PREFIX: Final = "whsec_"
_TAKEN: Final = range(200, 300)
_NEVER: Final = frozenset({400, 401, 403, 404, 405, 410, 413, 415, 422})


def send(recipient: Recipient, letter: Letter, now: float) -> None:
    """Hand one message over, or raise `NotTaken`; redirections are not followed."""
    body = letter.facts.encode()
    stamp = str(int(now))
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Octway",
        "webhook-id": letter.id,
        "webhook-timestamp": stamp,
        "webhook-signature": signature(_key(recipient), letter.id, stamp, body),
    }
    try:
        with requests.post(
            recipient.address,
            data=body,
            headers=headers,
            timeout=_PATIENCE,
            allow_redirects=False,
            stream=True,  # what it answers is not read
        ) as answer:
            status = answer.status_code
    except requests.RequestException as error:
        words = f"the webhook cannot be reached ({type(error).__name__})"
        raise NotTaken("server-unreachable", words) from error
    if status not in _TAKEN:
        raise NotTaken(
            "webhook-refused",
            f"the webhook answers with {status}",
            again=status not in _NEVER,
        )


def signature(key: bytes, notice: str, stamp: str, body: bytes) -> str:
    """Return what `webhook-signature` must be."""
    signed = f"{notice}.{stamp}.".encode() + body
    digest = hmac.digest(key, signed, hashlib.sha256)
    return f"v1,{base64.b64encode(digest).decode()}"


def _key(recipient: Recipient) -> bytes:
    file = recipient.secret.file
    try:
        text = None if file is None else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        text = None
    secret = read_secret(text, "the webhook's secret")
    if not secret.startswith(_PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error as error:
        words = f"the webhook's secret begins with {_PREFIX} and goes on as no base64"
        raise NotTaken("no-secret", words, again=False) from error
