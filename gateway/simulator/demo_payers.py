"""The payers of the demo, with days of a second, so that a person can watch them.

A payer's own deadlines are working days; in the demo a payer answers within
seconds, and an answer is overdue as soon as somebody would begin to wonder.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from gateway.simulator.vendor_files import Address
from protocols.catalog import Simulated
from protocols.simulation import Promised

SUFFIX: Final = ".toml"
"""Ends the name of a payer's file."""

_TABLE: Final = re.compile(r"\[\[?([a-z_.]+)\]\]?")
_REPLACED: Final = frozenset(
    {"expects", "delivery.retry", "desk", "remedy", "playbook"}
)
_EXPECTED: Final = """
[[expects]]
kind = "{kind}"
level = "{level}"
within = "{within}s"
grace = "20s"
"""
_HURRIED: Final = """
# The demo's own deadlines: a simulated payer's day lasts a second.
[delivery.retry]
first = "2s"
max = "10s"
{expects}
"""
_WITH_DESK: Final = """
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
_WITHOUT_DESK: Final = """
# It has no desk that could be asked; what it has lost is sent again, by seconds.
[playbook]
patience = "6s"

[[remedy]]
do = "resend"
most = 6
wait = "6s"

[[remedy]]
do = "person"
most = 1
wait = "1s"
"""


class DemoPayer(NamedTuple):
    """A payer of the demo: its network, its id, and its file in the directory."""

    network: str
    id: str
    text: str

    @property
    def code(self) -> str:
        """The first of its codes."""
        return next(self.addresses()).code

    def addresses(self) -> Iterator[Address]:
        """Yield how claims for it are addressed, once for each of its codes."""
        found = tomllib.loads(self.text)
        for code in found["code"]:
            yield Address(
                network=self.network,
                code=code["code"],
                rules=found.get("rules", {}),
                merged="successor" in code,
                flows=tuple(found["payer"].get("flows", ())),
            )


def payers_of(simulated: Iterable[Simulated]) -> Iterator[DemoPayer]:
    """Yield every payer, whose place is nowhere yet."""
    nowhere = dict.fromkeys(("host", "key_file", "host_key"), "-") | {"port": "0"}
    for of in simulated:
        for name, text in of.simulation.demo_files(nowhere).items():
            if is_payer(name):
                yield DemoPayer(of.name, name.removesuffix(SUFFIX), text)


def is_payer(name: str) -> bool:
    """Say whether a file of the directory is a payer's; one in a folder is not."""
    return name.endswith(SUFFIX) and "/" not in name


def hurried(text: str, answers: Sequence[Promised], *, desk: bool = True) -> str:
    """Return a payer's file with the demo's deadlines in place of its own."""
    expects = "".join(
        _EXPECTED.format(kind=each.kind, level=each.level, within=each.demo_within)
        for each in answers
    )
    kept = "".join(_without(text, _REPLACED)).rstrip()
    chased = _WITH_DESK if desk else _WITHOUT_DESK
    return f"{kept}\n{_HURRIED.format(expects=expects)}{chased}"


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
