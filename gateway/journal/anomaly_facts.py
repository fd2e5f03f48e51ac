"""What those behind an anomaly share: facts that are added up as it repeats."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Row

_MOST_NAMES: Final = 20
_OTHERS: Final = "others"


def facts_of(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    """Return what those behind an anomaly share, and what was counted of them."""
    found: dict[str, Any] = json.loads(row.facts) if row.facts else {}
    return found


def merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Add new facts to old ones: numbers are summed, tables of numbers name by name.

    A table keeps the names that count most; the rest is summed under `others`.
    """
    result = dict(old)
    for key, value in new.items():
        if isinstance(value, Mapping):
            result[key] = _summed(old.get(key, {}), value)
        elif isinstance(value, int):
            result[key] = old.get(key, 0) + value
        else:
            result[key] = value
    return result


def _summed(old: Mapping[str, int], new: Mapping[str, int]) -> dict[str, int]:
    total = dict(old)
    for name, count in new.items():
        total[name] = total.get(name, 0) + count
    others = total.pop(_OTHERS, 0)
    ranked = sorted(total.items(), key=lambda each: (-each[1], each[0]))
    others += sum(count for _, count in ranked[_MOST_NAMES:])
    return dict(ranked[:_MOST_NAMES]) | ({_OTHERS: others} if others else {})


def as_text(facts: Mapping[str, Any]) -> str:
    """Write facts as they are kept."""
    return json.dumps(facts, sort_keys=True) if facts else ""
