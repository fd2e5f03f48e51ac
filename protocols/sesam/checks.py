"""Every problem that the B2 checks can name: code, severity, explanation.

An error is what a payer's front end refuses a lot for; a warning is what it
may still take, or a rule that is common knowledge rather than written in a
specification.  The table is `b2_problems.csv` beside this module, so that
documents and console show the same words.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType

from routing.envelope import Problem, Severity

KEPT = 1000  # problems kept of one file; the rest are counted
KEPT_IN_LOT = 50


def _read() -> tuple[dict[str, Severity], dict[str, str]]:
    file = resources.files("protocols.sesam") / "data" / "b2_problems.csv"
    severities: dict[str, Severity] = {}
    words: dict[str, str] = {}
    for row in csv.DictReader(file.read_text(encoding="utf-8").splitlines()):
        severities[row["code"]] = Severity(row["severity"])
        words[row["code"]] = row["explanation"]
    return severities, words


_SEVERITIES, _WORDS = _read()
PROBLEMS: Mapping[str, str] = MappingProxyType(_WORDS)
"""The code of every problem of a B2 file, and one line that explains it."""


def severity_of(code: str) -> Severity:
    """Return how bad a problem of this code is."""
    return _SEVERITIES[code]


def problem(
    code: str,
    message: str,
    *,
    record: int | None = None,
    position: int | None = None,
    field: str | None = None,
) -> Problem:
    """Make a problem of a known code."""
    return Problem(record, position, field, _SEVERITIES[code], code, message)


class Tally:
    """Counts problems by severity and keeps the first ones."""

    def __init__(self, *, limit: int) -> None:
        self.errors = 0
        self.warnings = 0
        self.kept: list[Problem] = []
        self._limit = limit

    @property
    def full(self) -> bool:
        """Whether further problems are only counted."""
        return len(self.kept) >= self._limit

    def add(self, found: Problem) -> None:
        """Count a problem, and keep it while there is room."""
        self.count(found.code, 1)
        if not self.full:
            self.kept.append(found)

    def insist(self, found: Problem) -> None:
        """Count a problem and keep it, in place of the last one if need be."""
        del self.kept[self._limit - 1 :]
        self.add(found)

    def count(self, code: str, times: int) -> None:
        """Count problems that nobody describes."""
        if _SEVERITIES[code] is Severity.ERROR:
            self.errors += times
        else:
            self.warnings += times
