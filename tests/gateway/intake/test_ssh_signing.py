"""Signatures of the host that any client can check, and of clients that hold."""

from __future__ import annotations

import pytest
from twisted.conch.ssh.keys import Key

from gateway.intake.ssh_signing import host_key, sound_key
from gateway.intake.ssh_wire import Fields, string
from tests.gateway.intake.ssh_test_keys import ecdsa_key, ed25519_key, rsa_key

ED25519, ECDSA, RSA = ed25519_key(), ecdsa_key(), rsa_key()
KINDS = pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (ED25519, b"ssh-ed25519"),
        (ECDSA, b"ecdsa-sha2-nistp256"),
        (RSA, b"rsa-sha2-256"),
        (RSA, b"rsa-sha2-512"),
    ],
)


@KINDS
def test_the_host_signs_as_its_key_says(key: Key, algorithm: bytes) -> None:
    """Conch finds the signature good, and named by its algorithm."""
    ours = host_key(key, algorithm)
    signature = ours.sign(b"exchange")
    assert Fields(signature).string() == algorithm
    assert Key.fromString(ours.blob, type="blob").verify(signature, b"exchange")


@KINDS
def test_a_clients_signature_is_checked(key: Key, algorithm: bytes) -> None:
    """Only over what was signed, and only by the key."""
    sound = sound_key(algorithm, key.public().blob())
    assert sound is not None
    signature = key.sign(b"login", signatureType=algorithm)
    assert sound.verify(signature, b"login")
    assert not sound.verify(signature, b"another login")


def test_an_ed25519_signature_must_be_named_so_and_of_the_key() -> None:
    """The right bytes under another name are refused, and another key's."""
    sound = sound_key(b"ssh-ed25519", ED25519.public().blob())
    assert sound is not None
    fields = Fields(ED25519.sign(b"login"))
    fields.string()
    renamed = string(b"ssh-rsa") + fields.rest()
    assert not sound.verify(renamed, b"login")
    assert not sound.verify(ed25519_key().sign(b"login"), b"login")
