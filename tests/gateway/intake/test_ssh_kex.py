"""Both sides of a key exchange come to the same secret, or to none."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from paramiko.kex_group16 import KexGroup16SHA512
from twisted.conch.ssh._kex import getDHGeneratorAndPrime

from gateway.intake.ssh_kex import (
    EXCHANGES,
    Curve25519,
    FixedGroup,
    GroupExchange,
    MlKem,
    NistCurve,
    group_prime,
)
from gateway.intake.ssh_wire import Fields, Malformed, number, string, u32


def test_the_primes_are_those_of_the_rfc() -> None:
    """Two other implementations carry the digits."""
    assert (
        group_prime(2048) == getDHGeneratorAndPrime(b"diffie-hellman-group14-sha1")[1]
    )
    assert group_prime(4096) == KexGroup16SHA512.P


def test_curve25519_agrees_with_the_client() -> None:
    """The client computes the secret from our share."""
    theirs = x25519.X25519PrivateKey.generate()
    share = string(theirs.public_key().public_bytes_raw())
    outcome = Curve25519().answer(share)
    ours = x25519.X25519PublicKey.from_public_bytes(Fields(outcome.share).string())
    secret = int.from_bytes(theirs.exchange(ours), "big")
    assert outcome.secret == number(secret)
    assert outcome.hashed == share + outcome.share


def test_a_nist_curve_agrees_with_the_client() -> None:
    """The same for ECDH."""
    theirs = ec.generate_private_key(ec.SECP384R1())
    point = theirs.public_key().public_bytes(
        Encoding.X962, PublicFormat.UncompressedPoint
    )
    outcome = NistCurve(ec.SECP384R1()).answer(string(point))
    ours = ec.EllipticCurvePublicKey.from_encoded_point(
        ec.SECP384R1(), Fields(outcome.share).string()
    )
    secret = int.from_bytes(theirs.exchange(ec.ECDH(), ours), "big")
    assert outcome.secret == number(secret)


def test_a_fixed_group_agrees_with_the_client() -> None:
    """The same for Diffie-Hellman."""
    prime, exponent = group_prime(2048), 2**255 + 12345
    outcome = FixedGroup(2048).answer(number(pow(2, exponent, prime)))
    ours = Fields(outcome.share).number()
    assert outcome.secret == number(pow(ours, exponent, prime))


@pytest.mark.parametrize(
    ("least", "wanted", "most", "given"),
    [(2048, 2048, 8192, 2048), (1024, 3000, 8192, 3072), (2048, 8192, 8192, 4096)],
)
def test_a_group_is_chosen_by_size(
    least: int, wanted: int, most: int, given: int
) -> None:
    """The smallest that is enough, or the largest there is; all three are hashed."""
    exchange = GroupExchange()
    sizes = u32(least) + u32(wanted) + u32(most)
    group = exchange.choose(sizes)
    assert Fields(group).number() == group_prime(given)
    assert exchange.answer(number(5)).hashed.startswith(sizes + group + number(5))


def test_a_group_too_small_is_refused() -> None:
    """Nobody gets fewer than 2048 bits."""
    with pytest.raises(Malformed):
        GroupExchange().choose(u32(1024) + u32(1024) + u32(1536))


@pytest.mark.parametrize("share", [0, 1, group_prime(2048) - 1, group_prime(2048)])
def test_a_share_that_fixes_the_secret_is_refused(share: int) -> None:
    """0, 1 and -1 would give a secret that anybody knows."""
    with pytest.raises(Malformed):
        FixedGroup(2048).answer(number(share))


@pytest.mark.parametrize(
    "message",
    [string(b"\0" * 32), string(b"short"), b"\0\0\0\x20cut"],
)
def test_an_unsound_curve_share_is_refused(message: bytes) -> None:
    """A point of small order, a wrong length, too few bytes."""
    with pytest.raises(ValueError, match=r".*"):
        Curve25519().answer(message)


def test_an_unsound_lattice_share_is_refused() -> None:
    """The length is part of the algorithm."""
    with pytest.raises(ValueError, match="length"):
        MlKem().answer(string(b"x" * 100))


def test_no_exchange_uses_sha1() -> None:
    """Neither by name nor by hash."""
    assert not [name for name in EXCHANGES if b"sha1" in name or b"group1-" in name]
    assert {kind.digest for kind in EXCHANGES.values()} <= {
        "sha256",
        "sha384",
        "sha512",
    }
