"""Tables as CSV for spreadsheets; what came from outside is never a formula there."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

_BEGINS_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def sheet(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Write rows under a header: UTF-8, commas; texts that a sheet would run are quoted.

    Numbers stay numbers, also negative ones.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return text.getvalue().encode()


def harmless(cell: object) -> object:
    """Put an apostrophe before a text that a sheet would take for a formula."""
    if isinstance(cell, str) and cell.lstrip(" ").startswith(_BEGINS_FORMULA):
        return f"'{cell}"
    return cell


def meant(cell: str) -> str:
    """Take the apostrophe of `harmless` away from a cell that is read back."""
    if cell.startswith("'") and cell[1:].lstrip(" ").startswith(_BEGINS_FORMULA):
        return cell[1:]
    return cell
