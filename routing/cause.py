"""Why a payer rejected: the codes that are causes, told from their consequences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from config.cause_files import Cause
from routing.envelope import Remark

_NUMBER: Final = 6  # characters of a code that may have a letter before it


def cause_of(code: str, known: Mapping[str, Cause]) -> Cause | None:
    """Find what a code means, with or without the letter of its severity."""
    found = known.get(code)
    if found is None and len(code) > _NUMBER and code[0].isalpha():
        found = known.get(code[1:])
    return found


def roots(remarks: Sequence[Remark], known: Mapping[str, Cause]) -> list[Remark]:
    """Choose the remarks of one answer that tell why, each code once.

    Consequences are left out where anything else is told; alone, they are all
    that is known.  None if nothing is told.
    """
    told = {each.code: each for each in remarks if each.code}
    consequences = {
        code
        for code in told
        if (found := cause_of(code, known)) is not None and found.consequence
    }
    causes = [each for code, each in told.items() if code not in consequences]
    return causes or list(told.values())
