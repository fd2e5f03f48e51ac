"""The example payers with days of a second, so that a person can watch them.

An example's own deadlines are working days; in the demo a payer answers within
seconds, and an answer is overdue as soon as somebody would begin to wonder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_TABLE: Final = re.compile(r"\[\[?([a-z_.]+)\]\]?")
_REPLACED: Final = frozenset(
    {"expects", "delivery.retry", "desk", "remedy", "playbook"}
)
_HURRIED: Final = """
# The demo's own deadlines: a simulated payer's day lasts a second.
[delivery.retry]
first = "2s"
max = "10s"

[[expects]]
kind = "arl"
level = "lot"
within = "6s"
grace = "20s"

[[expects]]
kind = "payment"
level = "claim"
within = "10s"
grace = "20s"

# Its service desk answers, on the next of its days, and it is chased by seconds.
[desk]
answers = ["status", "return", "enrolment", "complaint"]

[playbook]
patience = "6s"

[[remedy]]
do = "ask-status"
most = 12
wait = "4s"

[[remedy]]
do = "follow-merger"
most = 2
wait = "4s"

[[remedy]]
do = "ask-enrolment"
most = 6
wait = "4s"

[[remedy]]
do = "resend"
most = 6
wait = "6s"

[[remedy]]
do = "ask-return"
most = 6
wait = "8s"

[[remedy]]
do = "person"
most = 1
wait = "1s"
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
