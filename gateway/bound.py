"""A limit as operators see it: what it allows, and how much of it is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple


class Bound(NamedTuple):
    """A limit by its name, the most that it allows, and what is used whenever asked.

    `current` may be called from any thread.
    """

    limit: str
    most: float
    current: Callable[[], float]


def most_of(counts: Mapping[str, int]) -> int:
    """Return the largest count, while others may change them."""
    return max(tuple(counts.values()), default=0)
