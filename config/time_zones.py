"""The names of time zones."""

from __future__ import annotations

from functools import cache
from importlib import resources


@cache
def zone_names() -> frozenset[str]:
    """Return every name of a time zone.

    They are those of the list that comes with `tzdata`; `zoneinfo` would open each file
    that the machine has.
    """
    listed = resources.files("tzdata") / "zones"
    return frozenset(listed.read_text(encoding="utf-8").split())
