"""Why a deposit is no billing file, as its client is told in the report."""

from __future__ import annotations

from protocols.shape import looks_like
from routing.envelope import Problem, Severity


def no_billing_file(format: str | None, head: bytes) -> Problem:
    """Say why a file cannot be read: a payer's return, or of no format known (None).

    Of its content only the kind is told.
    """
    if format is None:
        code, words = (
            "unknown-format",
            "the file is in no format that a network here knows; it looks like "
            f"{looks_like(head)}; send the billing file itself",
        )
    else:
        code, words = (
            "return-deposited",
            f"the file is a payer's return ({format}), not a billing file; "
            "check which folder your software uploads",
        )
    return Problem(None, None, None, Severity.ERROR, code, words)
