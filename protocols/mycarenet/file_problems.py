"""The problems of a billing message as documents list them, each code once.

`RR` stands for the two digits of a record, `ZZ` for those of a zone in it, `ZZZ` for
a zone of the header or of a total.
"""

from __future__ import annotations

from collections.abc import Iterator

from protocols.interface import FileProblem
from protocols.mycarenet.problems import RULES, Rule, read_data

_OPEN = {"rr": "RR", "zz": "ZZ", "zone": "ZZZ"}


def listed() -> tuple[FileProblem, ...]:
    """Return every code with its severity and what it means and asks for."""
    found: dict[str, FileProblem] = {}
    for rule in RULES.values():
        for code in _codes(rule):
            words = f"{rule.explanation} {rule.advice}"
            if code in found:
                words = f"{found[code].words} {words}"
            found[code] = FileProblem(code, rule.severity, words)
    return tuple(found.values())


def _codes(rule: Rule) -> Iterator[str]:
    """Yield the codes that a rule has: one, but for zones that repeat others."""
    if rule.code == "{code}":
        yield from (row["code"] for row in read_data("repeats"))
    else:
        yield rule.code.format(**_OPEN)
