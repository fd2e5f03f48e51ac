"""Tells where a returned record ends that has lost characters or got some too many.

Records have no mark between them.  The next one is told by its type and an order
number that is higher; that this one is right up to its codes, by their form.  So a
record that was damaged on its way is found, and those behind it are not lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

LOOKED_AT: Final = 80
"""Characters behind a record that are needed to tell."""

_NEAR: Final = 40  # how far off the next one is looked for
_CODES: Final = slice(456, 477)
_SOUND: Final = re.compile(rb"(?:[ 0A-Z](?:[0-9A-Z]{6}|0000  | {6})|1{7}|9{7}){3}")
_BEGINS: Final = re.compile(rb"(?=([1-58]0|5[12]|90)([0-9]{6}))")
_TOTAL: Final = re.compile(rb"9[12]00[0-9]{3}00")
_TOTALS: Final = (b"91", b"92")
_START: Final = 8  # characters that tell a beginning
_MOST_LEFT_OUT: Final = 300  # records between two that are shown


class _Place(NamedTuple):
    """Where a record may begin: how far up its order number is, and how far off."""

    gap: int
    off: int


def record_excess(content: bytes, following: bytes) -> int:
    """Say how many characters a record has too many; negative where some are missing.

    `following` is what stands behind it.  0 also where nothing better is known.
    """
    if len(following) < _START:
        return 0
    sound = content[:2] in _TOTALS or _SOUND.fullmatch(content[_CODES]) is not None
    if sound and (_BEGINS.match(following) or _TOTAL.match(following)):
        return 0
    window = content[-_NEAR:] + following[: _NEAR + _START]
    places = _places(window, _order(content[2:_START]))
    best = min(places, key=lambda each: (each.gap, abs(each.off)), default=None)
    return best.off if best is not None else 0


def _places(window: bytes, order: int) -> Iterator[_Place]:
    """Yield every place where a record of a higher number, or a total, may begin."""
    for found in _BEGINS.finditer(window):
        gap = _order(found[2]) - order
        if 0 < gap <= _MOST_LEFT_OUT:
            yield _Place(gap, found.start() - _NEAR)
    for total in _TOTAL.finditer(window):
        yield _Place(1, total.start() - _NEAR)


def _order(digits: bytes) -> int:
    return int(digits) if digits.isdigit() else 0
