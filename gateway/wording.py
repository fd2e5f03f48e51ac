"""How amounts, times, sizes and counts are written for people."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Final

_SECONDS: Final = "%Y-%m-%d %H:%M:%S"
_SIZES: Final = ((1000**3, "GB"), (1000**2, "MB"), (1000, "kB"))
_SPANS: Final = ((86400.0, "day"), (3600.0, "hour"), (60.0, "minute"))
_ES: Final = ("ch", "s", "x")


def money(cents: int, currency: str = "EUR") -> str:
    """Write an amount with its currency: `1,234.50 EUR`."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100:,}.{abs(cents) % 100:02} {currency}"


def moment(epoch: float, zone: tzinfo | None = None) -> str:
    """Write a time in a zone (the machine's own if None) with its UTC offset."""
    local = datetime.fromtimestamp(epoch, UTC).astimezone(zone)
    offset = local.strftime("%z")
    return f"{local:{_SECONDS}} {offset[:3]}:{offset[3:5]}"


def utc(epoch: float | None) -> str:
    """Write a time of a list, whose header says `UTC`: `2026-11-24 09:00:07`."""
    return "" if epoch is None else f"{datetime.fromtimestamp(epoch, UTC):{_SECONDS}}"


def percent(share: float) -> str:
    """Write a share: `40.0 %`."""
    return f"{100 * share:.1f} %"


def clock(minutes: int) -> str:
    """Write minutes since midnight as a time of day: `06:30`."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def size(count: int) -> str:
    """Write a number of bytes: `3.8 kB`."""
    for unit, name in _SIZES:
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return counted(count, "byte")


def counted(count: int, word: str) -> str:
    """Write a count with its noun in the right number: `1 lot`, `2 dispatches`."""
    if count == 1:
        return f"1 {word}"
    return f"{count:,} {plural(word)}"


def often(count: int) -> str:
    """Write how often something was: `once`, `6 times`."""
    return "once" if count == 1 else f"{count:,} times"


def plural(word: str) -> str:
    """Return the plural of one of our nouns."""
    if word.endswith("y") and not word.endswith(("ay", "ey", "oy")):
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(_ES) else "s")


def span(seconds: float) -> str:
    """Write a length of time in its largest unit: `3 days`, `12 seconds`."""
    for unit, name in _SPANS:
        if seconds >= unit:
            return counted(int(seconds // unit), name)
    return counted(max(0, int(seconds)), "second")


def listing(words: list[str], most: int = 5) -> str:
    """Write a list of words, the first ones only if it is long."""
    if len(words) <= most:
        return ", ".join(words)
    return ", ".join(words[:most]) + f" and {len(words) - most:,} more"
