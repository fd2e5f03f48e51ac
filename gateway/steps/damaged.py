"""Returns that were read in part, or not at all: what stood there is somebody's, so it is told."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Row

from gateway.clock import Entropy
from gateway.committing import Tx
from gateway.journal import anomalies, returns
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


def tell_unreadable(
    tx: Tx, entropy: Entropy, row: Row[*tuple[Any, ...]], what: str
) -> None:
    """Leave a return that is no return that we know to a person, and say what it is."""
    words = (
        f"return {row.id} of {row.endpoint_id} is {what}; it is "
        "kept; ask the payer what it sent"
    )
    returns.unreadable(tx, row, words)
    anomalies.raise_(
        tx,
        entropy,
        kind="return-unreadable",
        severity=anomalies.ERROR,
        subject=row.endpoint_id,
        words=words,
    )
