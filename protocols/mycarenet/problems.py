"""Every problem that the checks of a billing message can name.

Where the payers have a code of their own for a rule it is given with its letter
(`B100110`); `{rr}` and `{zz}` stand for a record and a zone in it, `{zone}` for
a zone of the header or of a total, whose codes have two digits (`304-21`).  The
rest have short words.  The table is `data/problems.csv`, so that documents and
console show the same words.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Final

from attrs import frozen

from routing.envelope import Problem, Severity

KEPT: Final = 1000  # problems kept of one file; the rest are counted
KEPT_IN_LOT: Final = 50
_OPEN = re.compile(r"\\\{[a-z]+\\\}")


@frozen(kw_only=True)
class Rule:
    """A rule that a message may break: its code, how bad it is, what to do."""

    code: str
    severity: Severity
    explanation: str
    advice: str


def read_data(name: str) -> list[dict[str, str]]:
    """Return the rows of a table of this network."""
    file = resources.files("protocols.mycarenet") / "data" / f"{name}.csv"
    return list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))


RULES: Final[Mapping[str, Rule]] = MappingProxyType(
    {
        row["rule"]: Rule(
            code=row["code"],
            severity=Severity(row["severity"]),
            explanation=row["explanation"],
            advice=row["advice"],
        )
        for row in read_data("problems")
    }
)
"""Every rule by its name."""


@cache
def zone_codes() -> Mapping[tuple[str, str], str]:
    """Return codes of zones that are not `B`, record, zone, `01`; "": there is none."""
    return {
        (row["record"], row["zone"]): row["code"] for row in read_data("zone_codes")
    }


@cache
def explain(code: str) -> Rule | None:
    """Return the rule that a problem's code stands for; None if it is no such code."""
    exact = [rule for rule in RULES.values() if rule.code == code]
    if exact:
        return exact[0]
    for rule in RULES.values():
        pattern = _OPEN.sub("[0-9]+", re.escape(rule.code))
        if "{code}" not in rule.code and re.fullmatch(pattern, code):
            return rule
    if code in {row["code"] for row in read_data("repeats")}:
        return RULES["repeat"]
    return RULES["not-numeric"] if code in zone_codes().values() else None


def problem(
    rule: str,
    message: str,
    *,
    record: int | None = None,
    position: int | None = None,
    field: str | None = None,
    **parts: str,
) -> Problem:
    """Make a problem of a known rule; `parts` fill its code where that is open.

    A part called `code` is the whole of it.
    """
    broken = RULES[rule]
    code = parts.get("code") or broken.code.format(**parts)
    return Problem(record, position, field, broken.severity, code, message)


class Tally:
    """Counts problems by severity and keeps the first ones of the file."""

    def __init__(self) -> None:
        self.errors = 0
        self.warnings = 0
        self.kept: list[Problem] = []

    @property
    def left(self) -> int:
        """How many problems may still be kept."""
        return KEPT - len(self.kept)

    def add(self, found: Problem) -> None:
        """Count a problem, and keep it while there is room."""
        self.count(found.severity, 1)
        if self.left > 0:
            self.kept.append(found)

    def count(self, severity: Severity, times: int) -> None:
        """Count problems that nobody describes."""
        if severity is Severity.ERROR:
            self.errors += times
        else:
            self.warnings += times
