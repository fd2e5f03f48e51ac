"""Public keys and certificates of clients, as people paste or mail them."""

from __future__ import annotations

import base64
import binascii
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

from gateway.intake.credentials import ssh_fingerprint
from gateway.intake.https_tls import fingerprint
from gateway.intake.ssh_signing import may_log_in
from gateway.journal import clients


class NotAKey(ValueError):
    """A text holds no key that a client may log in with; the words say why."""


class ClientKey(NamedTuple):
    """What identifies a client: an SSH key or a certificate, never a private key."""

    kind: str
    fingerprint: str
    public: str
    comment: str


def parse_keys(content: str, place: str) -> list[ClientKey]:
    """Read public keys as in authorized_keys, or a certificate in PEM.

    Raises `NotAKey` for anything else, with `place` before its words; a private key
    is named as such.
    """
    if "PRIVATE KEY" in content:
        raise NotAKey(
            f"{place}: is a private key, which must stay with its client; "
            "wanted the public one (.pub)",
        )
    if "BEGIN CERTIFICATE" in content:
        return [_certificate(content, place)]
    lines = [line.strip() for line in content.splitlines()]
    found = [_ssh(line, place) for line in lines if line and not line.startswith("#")]
    if not found:
        raise NotAKey(f"{place}: holds no key; wanted one a line")
    return found


def _ssh(line: str, place: str) -> ClientKey:
    kind, _, rest = line.partition(" ")
    blob, _, comment = rest.strip().partition(" ")
    try:
        key = load_ssh_public_key(f"{kind} {blob}".encode())
        raw = base64.b64decode(blob, validate=True)
    except (ValueError, UnsupportedAlgorithm, binascii.Error):
        raise NotAKey(
            f"{place}: {kind[:40]!r} begins no public key that can be used; "
            "wanted a line such as 'ssh-ed25519 AAAA… name'",
        ) from None
    if not may_log_in(raw):
        bits = f" of {key.key_size} bits" if isinstance(key, RSAPublicKey) else ""
        raise NotAKey(
            f"{place}: a {kind} key{bits} cannot log in here; wanted Ed25519, ECDSA, or "
            "RSA from 2048 bits",
        )
    return ClientKey(clients.SSH, ssh_fingerprint(raw), f"{kind} {blob}", comment)


def _certificate(content: str, place: str) -> ClientKey:
    try:
        found = x509.load_pem_x509_certificate(content.encode())
    except ValueError:
        raise NotAKey(f"{place}: is no certificate in PEM") from None
    return ClientKey(
        clients.CERTIFICATE,
        fingerprint(found),
        content.strip(),
        found.subject.rfc4514_string(),
    )
