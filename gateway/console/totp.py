"""Second factors: codes that change every half minute (RFC 6238), and recovery codes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any, Final

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from sqlalchemy import Row

from gateway.clock import Entropy
from gateway.committing import Tx
from gateway.intake.credentials import new_password
from gateway.journal import staff
from gateway.storage import secrets
from gateway.storage.vault import KeyRing

_DIGITS: Final = 6
_STEP: Final = 30
_SECRET: Final = 20  # bytes: as long as SHA-1, which is what authenticators know
_RECOVERY: Final = 10
_ISSUER: Final = "Octway"


def new_secret(entropy: Entropy) -> str:
    """Make a secret, as authenticators take it when it is typed in."""
    return base64.b32encode(entropy(_SECRET)).decode()


def address(secret: str, name: str) -> str:
    """Write what an authenticator reads from a QR code."""
    return _totp(secret).get_provisioning_uri(name, _ISSUER)


def step_of(secret: str, code: str, now: float) -> int | None:
    """Return the time step whose code it is, one before or after now; else None."""
    given = code.replace(" ", "")
    for step in range(int(now) // _STEP - 1, int(now) // _STEP + 2):
        made = _totp(secret).generate(step * _STEP).decode()
        if hmac.compare_digest(made.encode(), given.encode()):
            return step
    return None


def new_recovery(entropy: Entropy) -> list[str]:
    """Make recovery codes, each to be used once."""
    return [new_password(entropy) for _ in range(_RECOVERY)]


def recovery_hash(code: str) -> str:
    """Hash a recovery code, which is random enough, for the journal."""
    return hashlib.sha256(code.strip().lower().encode()).hexdigest()


def sealed(ring: KeyRing, name: str, secret: str) -> str:
    """Seal a secret for the row of an account."""
    return secrets.sealed(ring, _of(name), secret.encode())


def resealed(ring: KeyRing, name: str, kept: str) -> str:
    """Seal under the active key what another one sealed."""
    return secrets.sealed(ring, _of(name), secrets.opened(ring, _of(name), kept))


def fits(
    tx: Tx, ring: KeyRing, row: Row[tuple[Any, ...]], code: str, now: float
) -> bool:
    """Say whether a code is right, and use it up: neither kind works twice."""
    secret = secrets.opened(ring, _of(row.id), row.totp).decode()
    step = step_of(secret, code, now)
    if step is not None:
        return staff.take_step(tx, row.id, step)
    return staff.take_recovery(tx, row.id, recovery_hash(code))


def recovers(row: Row[tuple[Any, ...]], code: str) -> bool:
    """Say whether it is a recovery code of the account; it is not used up."""
    return bool(row.recovery) and recovery_hash(code) in json.loads(row.recovery)


def grouped(secret: str) -> str:
    """Write a secret so that it can be typed."""
    return " ".join(_parts(secret))


def _parts(secret: str) -> Iterator[str]:
    for begin in range(0, len(secret), 4):
        yield secret[begin : begin + 4]


def _totp(secret: str) -> TOTP:
    return TOTP(base64.b32decode(secret), _DIGITS, SHA1(), _STEP)  # noqa: S303


def _of(name: str) -> str:
    return f"staff {name} totp"
