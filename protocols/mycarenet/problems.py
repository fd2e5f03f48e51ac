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

from protocols.mycarenet import codes
from routing.envelope import Problem, Severity

SHARE: Final = "error-share"
"""The rule of a lot whose share of records in error refuses the whole file."""
KEPT: Final = 1000  # problems kept of one file; the rest are counted
KEPT_IN_LOT: Final = 50
_OF_PAYER = re.compile(r"[BFRES][0-9]{4}[0-9A-Z]{2}")
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
    if code in zone_codes().values():
        return RULES["not-numeric"]
    return _in_words(code)


def _in_words(code: str) -> Rule | None:
    found = codes.OWN.find(code)
    if not found.own:
        return None
    words = found.label["en"]
    return Rule(
        code=code,
        severity=severity_of("payer", code=code),
        explanation=f"{words[:1].upper()}{words[1:]}.",
        advice=found.advice,
    )


def is_of_payer(code: str) -> bool:
    """Say whether a problem's code is one of the payers' own, with its letter."""
    return _OF_PAYER.fullmatch(code) is not None


def severity_of(rule: str, *, counted: bool = True, **parts: str) -> Severity:
    """Say how bad a problem is: a payer's code tells what it refuses by its letter.

    Only B refuses the whole file; of the others so many may be in error as
    `checks.Share` allows.  What is not `counted` may be right after all.
    """
    code = code_of(rule, **parts)
    if not is_of_payer(code):
        return RULES[rule].severity if counted else Severity.WARNING
    return Severity.ERROR if code[0] == "B" and counted else Severity.WARNING


def problem(
    rule: str,
    message: str,
    *,
    record: int | None = None,
    position: int | None = None,
    field: str | None = None,
    counted: bool = True,
    **parts: str,
) -> Problem:
    """Make a problem of a known rule; `parts` fill its code where that is open.

    A part called `code` is the whole of it.
    """
    severity = severity_of(rule, counted=counted, **parts)
    return Problem(record, position, field, severity, code_of(rule, **parts), message)


def code_of(rule: str, **parts: str) -> str:
    """Return the code of a rule, its open parts filled."""
    return parts.get("code") or RULES[rule].code.format(**parts)


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
