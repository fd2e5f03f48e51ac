"""The example payers with days of a second, so that a person can watch them.

An example's own deadlines are working days; in the demo a payer answers within
seconds, and an answer is overdue as soon as somebody would begin to wonder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_TABLE: Final = re.compile(r"\[\[?([a-z_.]+)\]\]?")
_REPLACED: Final = frozenset({"expects", "delivery.retry"})
_HURRIED: Final = """
# The demo's own deadlines: a simulated payer's day lasts a second.
[delivery.retry]
first = "2s"
max = "10s"

[[expects]]
kind = "arl"
level = "lot"
within = "15s"
grace = "15s"

[[expects]]
kind = "payment"
level = "claim"
within = "25s"
grace = "15s"
"""


def hurried(text: str) -> str:
    """Return a payer's file with the demo's deadlines in place of its own."""
    return "".join(_without(text, _REPLACED)).rstrip() + "\n" + _HURRIED


def _without(text: str, tables: frozenset[str]) -> Iterator[str]:
    """Yield the lines of a TOML text but those of some tables, and their comments."""
    waiting: list[str] = []  # comments, until it is known what they speak of
    skipping = False
    for line in text.splitlines(keepends=True):
        if line.startswith("#") or not line.strip():
            waiting.append(line)
            continue
        found = _TABLE.match(line)
        if found:
            skipping = found[1] in tables
        if not skipping:
            yield from waiting
            yield line
        waiting = []
