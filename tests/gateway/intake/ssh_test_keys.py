"""Keys made anew for each run of the tests."""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from twisted.conch.ssh.keys import Key


def ed25519_key() -> Key:
    return Key(ed25519.Ed25519PrivateKey.generate())


def rsa_key(bits: int = 2048) -> Key:
    return Key(rsa.generate_private_key(public_exponent=65537, key_size=bits))


def ecdsa_key() -> Key:
    return Key(ec.generate_private_key(ec.SECP256R1()))


HOST_KEY: Final = ed25519_key()
CLIENT_KEY: Final = ed25519_key()
