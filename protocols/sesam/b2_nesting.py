"""The nesting of a B2 file: which record may follow which (french.md 1.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray


class Group:
    """Place of a record in the nesting of a file (french.md 1.1).

    Plain numbers, since they stand in tables of bytes and are named in every
    check of every chunk.
    """

    UNKNOWN: Final = 0
    BEGIN: Final = 1  # nothing has been read yet
    FILE_START: Final = 2
    LOT_START: Final = 3
    INVOICE: Final = 4
    INVOICE_MORE: Final = 5
    HOSPITAL_LINE: Final = 6
    HOSPITAL_MORE: Final = 7
    LINE: Final = 8
    LINE_MORE: Final = 9
    TOTAL: Final = 10
    LOT_END: Final = 11
    FILE_END: Final = 12


GROUPS: Final = 13
_WORDS: Mapping[int, str] = {
    Group.FILE_START: "the file's start (000)",
    Group.LOT_START: "a lot's start (1)",
    Group.INVOICE: "an invoice's start (2)",
    Group.INVOICE_MORE: "a detail of an invoice's start (2 with a letter)",
    Group.HOSPITAL_LINE: "a hospital line (3)",
    Group.HOSPITAL_MORE: "a detail of a hospital line (3 with a letter)",
    Group.LINE: "a line (4)",
    Group.LINE_MORE: "a detail of a line (4 with a letter)",
    Group.TOTAL: "an invoice's end (5)",
    Group.LOT_END: "the lot's end (6)",
    Group.FILE_END: "the file's end (999)",
}
_LEVELS: Mapping[int, int] = {
    **dict.fromkeys((Group.FILE_START, Group.FILE_END), 0),
    **dict.fromkeys((Group.LOT_START, Group.LOT_END), 1),
    **dict.fromkeys((Group.INVOICE, Group.TOTAL), 2),
    **dict.fromkeys((Group.INVOICE_MORE, Group.HOSPITAL_LINE, Group.LINE), 3),
    **dict.fromkeys((Group.HOSPITAL_MORE, Group.LINE_MORE), 4),
}
_LINES = (Group.HOSPITAL_LINE, Group.LINE)
_FOLLOWERS: Mapping[int, tuple[int, ...]] = {
    Group.BEGIN: (Group.FILE_START,),
    Group.FILE_START: (Group.LOT_START,),
    Group.LOT_START: (Group.INVOICE,),
    Group.INVOICE: (Group.INVOICE_MORE, *_LINES),
    Group.INVOICE_MORE: (Group.INVOICE_MORE, *_LINES),
    Group.HOSPITAL_LINE: (Group.HOSPITAL_MORE, *_LINES, Group.TOTAL),
    Group.HOSPITAL_MORE: (Group.HOSPITAL_MORE, *_LINES, Group.TOTAL),
    Group.LINE: (Group.LINE_MORE, *_LINES, Group.TOTAL),
    Group.LINE_MORE: (Group.LINE_MORE, *_LINES, Group.TOTAL),
    Group.TOTAL: (Group.INVOICE, Group.LOT_END),
    Group.LOT_END: (Group.LOT_START, Group.FILE_END),
    Group.FILE_END: (),
}


def may_follow() -> NDArray[np.uint8]:
    """Return a square table: 1 where the column's group may follow the row's.

    The end of a lot that is missing is another problem than a record out of
    place, so a lot's start and the file's end may follow anything here.
    """
    table = np.zeros((GROUPS, GROUPS), np.uint8)
    for before, after in _FOLLOWERS.items():
        table[before, list(after)] = 1
    inside = slice(Group.LOT_START, Group.LOT_END)
    table[inside, [Group.LOT_START]] = 1
    table[inside, [Group.FILE_END]] = 1
    table[Group.LOT_START, [Group.LOT_START, Group.FILE_END]] = 1
    table[Group.UNKNOWN, :] = 1
    table[:, Group.UNKNOWN] = 1
    return table


def level_of(group: int) -> int:
    """Return how deep a group lies: file 0, lot 1, invoice 2, its lines 3."""
    return _LEVELS[group]


def describe(group: int) -> str:
    """Name a group for people."""
    return _WORDS.get(group, "an unknown record")


def followers(group: int) -> str:
    """Name what may follow a group, for people."""
    return " or ".join(_WORDS[each] for each in _FOLLOWERS.get(group, ()))
