"""What the journal and the steps need of a clock, and of randomness.

Time is epoch seconds, UTC.  Production gives the reactor's clock, `simulate`
and the tests one that only they move.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

Now = Callable[[], float]
"""Gives epoch seconds, UTC."""

Entropy = Callable[[int], bytes]
"""Gives that many unpredictable bytes."""

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32
_PAIRS: Final = [first + second for first in _ALPHABET for second in _ALPHABET]
_RANDOM: Final = 6  # bytes


def new_id(prefix: str, now: float, entropy: Entropy) -> str:
    """Make an identifier that sorts by time and cannot be guessed.

    45 bits of milliseconds, which last until the year 3084, and 45 random ones:
    1 in 10^13 for two made in one millisecond.
    """
    return prefix + _base32(int(now * 1000)) + _base32(int.from_bytes(entropy(_RANDOM)))


def _base32(number: int) -> str:
    """Write the lowest 45 bits with nine characters."""
    return (
        _PAIRS[number >> 35 & 1023]
        + _PAIRS[number >> 25 & 1023]
        + _PAIRS[number >> 15 & 1023]
        + _PAIRS[number >> 5 & 1023]
        + _ALPHABET[number & 31]
    )
