"""How bad a case is, and when one that was put off comes back before its time.

It comes back at once when it is seen again with a higher severity, or when it touches
many more claims than when it was put off: half as many again, and ten at least.
"""

from __future__ import annotations

from typing import Final, NamedTuple

SEVERITIES: Final = ("warning", "error", "critical")
"""Every severity, the lightest first."""

_MANY: Final = 10
_TIMES: Final = 1.5


class Extent(NamedTuple):
    """How bad a case is at a moment."""

    severity: str
    claims: int


def higher(one: str, other: str) -> str:
    """Return the severity that weighs more; one of another version weighs least."""
    return max(one, other, key=_weight)


def worse(before: Extent, now: Extent) -> bool:
    """Say whether a case got so much worse that it cannot wait any longer."""
    if _weight(now.severity) > _weight(before.severity):
        return True
    more = now.claims - before.claims
    return more >= _MANY and now.claims >= before.claims * _TIMES


def _weight(severity: str) -> int:
    return SEVERITIES.index(severity) if severity in SEVERITIES else -1
