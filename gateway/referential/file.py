"""The whole referential as one file: JSON lines, compressed with gzip.

The first line says what the file is, which version, and how many payers follow, one
a line in the order of their ids.  The same version gives the same bytes.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Collection, Iterator
from typing import Any, Final

from gateway.api import shapes
from gateway.api.payer_shapes import KEPT
from routing.referential import ListedPayer

FORMAT: Final = "octway.payers/1"
ENDING: Final = ".jsonl.gz"
_LETTERS: Final = 12  # of a version in a name: enough to tell any two apart
_NAME: Final = re.compile(rf"payers-([0-9a-f]{{{_LETTERS}}}){re.escape(ENDING)}")


def name_of(version: str) -> str:
    """Name the file of a version."""
    return f"payers-{version[:_LETTERS]}{ENDING}"


def version_in(name: str) -> str:
    """Return the beginning of the version that a name tells; empty if it tells none."""
    found = _NAME.fullmatch(name)
    return found[1] if found else ""


def write(version: str, payers: Collection[ListedPayer]) -> bytes:
    """Write the file."""
    text = "".join(
        json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n"
        for line in _lines(version, payers)
    )
    return gzip.compress(text.encode(), mtime=0)


def _lines(version: str, payers: Collection[ListedPayer]) -> Iterator[dict[str, Any]]:
    yield {"format": FORMAT, "directory": version, "payers": len(payers)}
    for payer in payers:
        yield shapes.fill(KEPT, payer)
