"""Cursors: opaque texts that say where a list was left.

A cursor holds the sort key of the last row that was given, never an offset, so
rows that come or go in between make a list neither skip nor repeat.
"""

from __future__ import annotations

import base64
import json
import math
from typing import Any, Final

from gateway.api.problems import Refusal

MOST: int = 500
"""The longest page."""
_LONGEST: Final = 500  # characters of a cursor; ours have some eighty
_INTEGERS: Final = 1 << 63


def write(kind: str, key: tuple[Any, ...]) -> str:
    """Write the cursor of a list of that kind; `key` is of texts and numbers."""
    text = json.dumps([kind, *key], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read(kind: str, cursor: str | None, shape: tuple[type, ...]) -> Any:
    """Read a cursor's key back; None for none.  Raises `Refusal`."""
    if not cursor:
        return None
    told, key = _opened(cursor)
    fits = len(key) == len(shape) and all(
        type(each) is wanted and _is_storable(each)
        for each, wanted in zip(key, shape, strict=True)
    )
    if told != kind or not fits:
        raise Refusal(
            "bad-cursor",
            "the cursor was not made for this list; pass `next` or `cursor` of an "
            "earlier answer of it unchanged, or leave `after` out to begin",
        )
    return tuple(key)


def _opened(cursor: str) -> tuple[Any, list[Any]]:
    """Take a cursor apart; what is none of ours has no kind."""
    if len(cursor) > _LONGEST:
        return None, []
    try:
        found = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        told, *key = found
    except (ValueError, TypeError):
        return None, []
    return told, key


def _is_storable(value: Any) -> bool:
    """Whether a database can compare with the value; a forged one may be anything."""
    if isinstance(value, str):
        return value.isprintable()
    if isinstance(value, float):
        return math.isfinite(value)
    return bool(-_INTEGERS <= value < _INTEGERS)
