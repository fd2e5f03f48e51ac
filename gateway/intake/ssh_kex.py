"""Key exchanges: how client and server come to one secret.

Written beside Conch's and not as a subclass, because Conch keeps the list of
exchanges in a module-wide table with SHA-1 in it and lacks the fixed groups with
SHA-2 (RFC 8268).  The primes are computed from their definition in RFC 3526,
which is shorter than the digits and can be checked by reading; `cryptography` is
taking finite-field Diffie-Hellman out, so it is Python's own `pow`.

Sources: RFC 4253 8, 4419 (group exchange), 5656 (ECDH), 8268, 8731 (curve25519),
draft-ietf-sshm-mlkem-hybrid-kex.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from functools import cache
from typing import Final, Protocol

from attrs import frozen
from cryptography.hazmat.primitives.asymmetric import ec, mlkem, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.intake.ssh_wire import Fields, Malformed, number, string

_MLKEM768_KEY_SIZE: Final = 1184
# RFC 3526: bits of the prime, and the constant that makes it one.
_GROUPS: Final = {2048: 124476, 3072: 1690314, 4096: 240904}
_GENERATOR: Final = 2
# By RFC 3526, 8; an exponent is used once.
_EXPONENT_BITS: Final = {2048: 320, 3072: 420, 4096: 480}


@frozen(kw_only=True)
class Outcome:
    """The end of an exchange: what goes into the hash, what goes to the client."""

    hashed: bytes  # everything between the host key and the secret
    share: bytes  # our public share, packed for the reply
    secret: bytes  # packed as it goes into the hash


class Exchange(Protocol):
    """One run of a key exchange on the server's side."""

    def answer(self, message: bytes) -> Outcome:
        """Take the client's share; raises `ValueError` for one that is not sound."""
        ...


class Curve25519:
    """X25519 (RFC 8731)."""

    def answer(self, message: bytes) -> Outcome:
        """See `Exchange`."""
        theirs = Fields(message).string()
        ours = x25519.X25519PrivateKey.generate()
        # from_public_bytes checks the length, exchange refuses an all-zero secret
        secret = ours.exchange(x25519.X25519PublicKey.from_public_bytes(theirs))
        share = string(ours.public_key().public_bytes_raw())
        return Outcome(
            hashed=string(theirs) + share,
            share=share,
            secret=number(int.from_bytes(secret, "big")),
        )


class NistCurve:
    """ECDH over a NIST curve (RFC 5656)."""

    def __init__(self, curve: ec.EllipticCurve) -> None:
        self._curve = curve

    def answer(self, message: bytes) -> Outcome:
        """See `Exchange`."""
        theirs = Fields(message).string()
        point = ec.EllipticCurvePublicKey.from_encoded_point(self._curve, theirs)
        ours = ec.generate_private_key(self._curve)
        secret = ours.exchange(ec.ECDH(), point)
        share = string(
            ours.public_key().public_bytes(
                Encoding.X962, PublicFormat.UncompressedPoint
            )
        )
        return Outcome(
            hashed=string(theirs) + share,
            share=share,
            secret=number(int.from_bytes(secret, "big")),
        )


class MlKem:
    """ML-KEM-768 beside X25519: safe if either of them is."""

    def answer(self, message: bytes) -> Outcome:
        """See `Exchange`."""
        theirs = Fields(message).string()
        if len(theirs) != _MLKEM768_KEY_SIZE + 32:
            raise Malformed("ML-KEM share has a wrong length")
        lattice = mlkem.MLKEM768PublicKey.from_public_bytes(theirs[:_MLKEM768_KEY_SIZE])
        inner, sealed = lattice.encapsulate()
        ours = x25519.X25519PrivateKey.generate()
        classic = ours.exchange(
            x25519.X25519PublicKey.from_public_bytes(theirs[_MLKEM768_KEY_SIZE:])
        )
        share = string(sealed + ours.public_key().public_bytes_raw())
        return Outcome(
            hashed=string(theirs) + share,
            share=share,
            secret=string(hashlib.sha256(inner + classic).digest()),
        )


class FixedGroup:
    """Diffie-Hellman in a group that both sides know (RFC 8268)."""

    def __init__(self, bits: int) -> None:
        self._bits = bits
        self._prefix = b""

    def answer(self, message: bytes) -> Outcome:
        """See `Exchange`."""
        theirs = Fields(message).number()
        prime, size = group_prime(self._bits), _EXPONENT_BITS[self._bits]
        if not 1 < theirs < prime - 1:
            raise Malformed("Diffie-Hellman share is out of range")
        ours = secrets.randbits(size) | 1 << (size - 1)
        share = number(pow(_GENERATOR, ours, prime))
        return Outcome(
            hashed=self._prefix + number(theirs) + share,
            share=share,
            secret=number(pow(theirs, ours, prime)),
        )


class GroupExchange(FixedGroup):
    """Diffie-Hellman in a group that the client asks for by size (RFC 4419)."""

    def __init__(self) -> None:
        super().__init__(min(_GROUPS))
        self.chosen = False

    def choose(self, message: bytes) -> bytes:
        """Take the client's sizes and give the group, packed for the reply."""
        fields = Fields(message)
        least, wanted, most = fields.u32(), fields.u32(), fields.u32()
        fitting = [bits for bits in _GROUPS if least <= bits <= most]
        if not fitting:
            raise Malformed(f"no group between {least} and {most} bits")
        enough = [bits for bits in fitting if bits >= wanted]
        self._bits = min(enough) if enough else max(fitting)
        group = number(group_prime(self._bits)) + number(_GENERATOR)
        self._prefix = message[:12] + group
        self.chosen = True
        return group


@frozen(kw_only=True)
class ExchangeKind:
    """A key exchange by name: its hash, and how to start a run of it."""

    digest: str
    start: Callable[[], Exchange]


# Most preferred first.
EXCHANGES: Final[dict[bytes, ExchangeKind]] = {
    b"mlkem768x25519-sha256": ExchangeKind(digest="sha256", start=MlKem),
    b"curve25519-sha256": ExchangeKind(digest="sha256", start=Curve25519),
    b"curve25519-sha256@libssh.org": ExchangeKind(digest="sha256", start=Curve25519),
    b"ecdh-sha2-nistp256": ExchangeKind(
        digest="sha256", start=lambda: NistCurve(ec.SECP256R1())
    ),
    b"ecdh-sha2-nistp384": ExchangeKind(
        digest="sha384", start=lambda: NistCurve(ec.SECP384R1())
    ),
    b"ecdh-sha2-nistp521": ExchangeKind(
        digest="sha512", start=lambda: NistCurve(ec.SECP521R1())
    ),
    b"diffie-hellman-group16-sha512": ExchangeKind(
        digest="sha512", start=lambda: FixedGroup(4096)
    ),
    b"diffie-hellman-group-exchange-sha256": ExchangeKind(
        digest="sha256", start=GroupExchange
    ),
    b"diffie-hellman-group14-sha256": ExchangeKind(
        digest="sha256", start=lambda: FixedGroup(2048)
    ),
}


@cache
def group_prime(bits: int) -> int:
    """Compute a prime of RFC 3526: 2^n - 2^(n-64) - 1 + 2^64 * (2^(n-130) pi + c)."""
    middle = _pi(bits - 130) + _GROUPS[bits]
    return (1 << bits) - (1 << (bits - 64)) - 1 + (middle << 64)


def _pi(bits: int) -> int:
    """Give pi * 2^bits, rounded down, by Machin's formula."""
    guard = 64
    unit = 1 << (bits + guard)

    def arctan_of_inverse(whole: int) -> int:
        total = term = unit // whole
        step, sign = 3, -1
        while term:
            term //= whole * whole
            total += sign * (term // step)
            step, sign = step + 2, -sign
        return total

    return 4 * (4 * arctan_of_inverse(5) - arctan_of_inverse(239)) >> guard
