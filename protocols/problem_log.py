"""What is wrong in a payer's return, kept up to a limit and counted without one.

A damaged file can have a problem in every entity; a person reads the first
few.  So only those are kept, while the counts stay true.
"""

from __future__ import annotations

from routing.envelope import Problem, Severity

KEPT = 200


class ProblemLog:
    """Collects the problems of one return."""

    def __init__(self) -> None:
        self.kept: list[Problem] = []
        self.errors = 0
        self.warnings = 0

    def add(
        self,
        code: str,
        message: str,
        *,
        severity: Severity = Severity.ERROR,
        record: int | None = None,
        position: int | None = None,
        field: str | None = None,
    ) -> None:
        """Count a problem, and keep it while there is room."""
        if severity is Severity.ERROR:
            self.errors += 1
        else:
            self.warnings += 1
        if len(self.kept) < KEPT:
            self.kept.append(Problem(record, position, field, severity, code, message))
