"""How rows of the complementary tables are said: in steps, reasons and anomalies."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from protocols.sesam.amc_decision import Candidate
from protocols.sesam.amc_tables import Convention, Correspondence, Grouping

_SHOWN: Final = 5


def several(words: Iterable[str]) -> str:
    """Return the first of many, and how many more there are."""
    found = [*words]
    more = len(found) - _SHOWN
    return "; ".join(found[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")


def told(candidate: Candidate) -> str:
    """Say a candidate in a few words: its row, who signed it and what it says."""
    result = candidate.result
    where = result.address.code if result.address is not None else "no address"
    parts = [f"mode {result.mode}", where]
    parts += [f"operator {result.operator}"] if result.operator else []
    parts += [f"agreement {candidate.agreement}"] if candidate.agreement else []
    name = candidate.signatory_name or candidate.signatory
    return f"row {candidate.row} of {name} ({', '.join(parts)})"


def corresponds(each: Correspondence) -> str:
    """Say what a mutual's old number became."""
    return (
        f"mutual {each.mutual_mask} with {each.criterion} is AMC {each.amc_number}"
        f"{_named(each.amc_name)}"
    )


def groups(each: Grouping) -> str:
    """Say who signs for whom."""
    return (
        f"AMC {each.amc_number}{_named(each.amc_name)} is signed for by "
        f"{each.signatory}{_named(each.signatory_name)}, "
        f"type {each.convention_type or 'any'}, criterion {each.criterion or 'any'}"
    )


def signed(each: Convention) -> str:
    """Say who signed a convention."""
    return each.candidate.signatory_name or each.candidate.signatory or "nobody"


def _named(name: str) -> str:
    return f" ({name})" if name else ""
