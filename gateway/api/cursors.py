"""Cursors: opaque texts that say where a list was left.

A cursor holds the sort key of the last row that was given, never an offset, so
rows that come or go in between make a list neither skip nor repeat.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from gateway.api.problems import Refusal

MOST: int = 500
"""The longest page."""


def write(kind: str, key: tuple[Any, ...]) -> str:
    """Write the cursor of a list of that kind; `key` is of texts and numbers."""
    text = json.dumps([kind, *key], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read(kind: str, cursor: str | None, shape: tuple[type, ...]) -> Any:
    """Read a cursor's key back; None for none.  Raises `Refusal`."""
    if not cursor:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        found = json.loads(base64.urlsafe_b64decode(padded))
        told, *key = found
    except (ValueError, TypeError):
        told, key = "", []
    fits = len(key) == len(shape) and all(
        type(each) is wanted for each, wanted in zip(key, shape, strict=True)
    )
    if told != kind or not fits:
        raise Refusal("bad-cursor", "the cursor was not made for this list")
    return tuple(key)
