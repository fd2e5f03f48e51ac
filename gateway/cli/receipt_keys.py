"""The public keys that receipts are checked with: the one in force, and older ones."""

from __future__ import annotations

from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from config.settings import Settings
from gateway.cli.refusal import WRONG_USAGE, Refusal


def of_settings(settings: Settings) -> list[Ed25519PublicKey]:
    """Read the key in force first, then those kept beside it: `receipts*.pub`."""
    path = settings.receipts.key_file
    older = sorted(path.parent.glob(f"{path.stem}*.pub"))
    return [read_public(each) for each in (path, *older)]


def read_public(path: Path) -> Ed25519PublicKey:
    """Read a public key, or the public half of a private one."""
    content = path.read_bytes()
    try:
        if b"PRIVATE KEY" in content:
            private = serialization.load_pem_private_key(content, password=None)
            if isinstance(private, Ed25519PrivateKey):
                return private.public_key()
        else:
            public = serialization.load_pem_public_key(content)
            if isinstance(public, Ed25519PublicKey):
                return public
    except (ValueError, TypeError, UnsupportedAlgorithm):
        pass
    raise Refusal(
        f"{path}: is no Ed25519 key in PEM; wanted what `octway receipt key` prints",
        WRONG_USAGE,
    )
