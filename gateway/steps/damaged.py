"""Returns that were read in part: what stood in the rest is somebody's, so it is told."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Row

from gateway.clock import Entropy
from gateway.committing import Tx
from gateway.journal import anomalies
from routing.envelope import Problem, Severity, Summary

DAMAGED: Final = "return-damaged"


def tell_damaged(
    tx: Tx, entropy: Entropy, returned: Row[*tuple[Any, ...]], summary: Summary
) -> None:
    """Raise that a return holds errors, with the first of them; once, not at each try.

    The return is named by its id alone: a payer may put a patient into a file's name.
    """
    if summary.errors in {0, returned.errors}:
        return
    first = next(
        (each for each in summary.problems if each.severity is Severity.ERROR), None
    )
    anomalies.raise_(
        tx,
        entropy,
        kind=DAMAGED,
        severity=anomalies.ERROR,
        subject=returned.endpoint_id,
        words=f"return {returned.id}, collected from endpoint "
        f"{returned.endpoint_id}, is damaged ({summary.errors}){_shown(first)}; what "
        "stood in its damaged parts is booked for nobody and the claims stay owed. Ask "
        "the payer to send it again, whole",
    )


def _shown(problem: Problem | None) -> str:
    if problem is None:
        return ""
    where = "" if problem.record is None else f"record {problem.record}: "
    return f": {where}{problem.message}"
