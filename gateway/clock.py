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
_TIME_CHARACTERS: Final = 9  # 45 bits of milliseconds: until the year 3084
_RANDOM_CHARACTERS: Final = 9  # 45 bits: 1 in 10^13 for two in one millisecond


def new_id(prefix: str, now: float, entropy: Entropy) -> str:
    """Make an identifier that sorts by time and cannot be guessed."""
    time = _base32(int(now * 1000), _TIME_CHARACTERS)
    noise = _base32(int.from_bytes(entropy(6)), _RANDOM_CHARACTERS)
    return f"{prefix}{time}{noise}"


def _base32(number: int, width: int) -> str:
    digits = []
    for _ in range(width):
        digits.append(_ALPHABET[number & 31])
        number >>= 5
    return "".join(reversed(digits))
