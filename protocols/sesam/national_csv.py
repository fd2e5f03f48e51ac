"""Rows of a national table, whatever wrote it: `;` between columns, quoted or not.

UTF-8 (with a mark or without), CP1252 and Latin-1 are told apart by their bytes; what
is none of them is refused, and what looks as if it had been read wrongly before is a
warning.  Nothing here opens a file.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from routing.envelope import Problem, Severity

SEPARATOR: Final = ";"

_MARKS: Final = (
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
    (b"PK\x03\x04", "a ZIP archive or a spreadsheet"),
    (b"\x1f\x8b", "compressed with gzip"),
    (b"%PDF", "a PDF document"),
)
_DOS_END: Final = b"\x1a\r\n"
_C1: Final = re.compile(rb"[\x80-\x9f]")
_SPOILT: Final = re.compile(
    "\ufffd|Ã[\u0080-\u00bf]|[\u0080-\u009f]|[‚ƒ„…†‡ˆ‰‹ŠŽ](?=[a-z])"
)
_WANTED: Final = "wanted UTF-8, CP1252 or Latin-1"


class NationalRow(NamedTuple):
    """A row that is not empty: the line it ends on, and its values without blanks."""

    line: int
    values: Sequence[str]


def decode(content: bytes) -> tuple[str, Problem | None]:
    """Return the text of a table; or no text, and what is wrong with its encoding."""
    for mark, words in _MARKS:
        if content.startswith(mark):
            return "", _wrong_encoding(content, 0, f"is {words}")
    if (at := content.find(b"\0")) >= 0:
        return "", _wrong_encoding(content, at, "holds a zero byte, as UTF-16 does")
    content = content.rstrip(_DOS_END)
    try:
        return content.decode("utf-8-sig"), None
    except UnicodeDecodeError:
        pass
    try:
        return content.decode("cp1252" if _C1.search(content) else "latin-1"), None
    except UnicodeDecodeError as error:
        words = f"holds the byte 0x{content[error.start]:02X}"
        return "", _wrong_encoding(content, error.start, words)


def rows(text: str, problems: list[Problem]) -> Iterator[NationalRow]:
    """Yield the rows of a text; a quote in the wrong place ends the reading."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=SEPARATOR, strict=True)
    try:
        for row in reader:
            values = [" ".join(value.split()) for value in row]
            if any(values):
                yield NationalRow(reader.line_num, values)
    except csv.Error as error:
        problems.append(
            Problem(
                max(1, reader.line_num),
                None,
                None,
                Severity.ERROR,
                "unreadable-table",
                f"cannot be read on: {error}; wanted `{SEPARATOR}` between columns, and "
                "quotes around a whole value or none",
            )
        )


def spoilt(value: str) -> bool:
    """Say whether a value looks as if it had been read in a wrong encoding."""
    return _SPOILT.search(value) is not None


def columns_of(content: bytes) -> Sequence[int]:
    """Return how many columns most of the first rows have, then how many are used.

    Behind the last that any row fills a spreadsheet may have left empty ones.  Zeros if
    it is no table.
    """
    text, problem = decode(content[:_HEAD])
    if problem is not None:
        return 0, 0
    first = [row.values for row in rows(text, [])][:_ROWS]
    counts = [len(values) for values in first]
    used = [place for values in first for place, value in enumerate(values, 1) if value]
    return max(counts, key=counts.count, default=0), max(used, default=0)


_HEAD: Final = 65_536
_ROWS: Final = 100


def _wrong_encoding(content: bytes, at: int, words: str) -> Problem:
    line = content.count(b"\n", 0, at) + 1
    column = at - content.rfind(b"\n", 0, at)
    return Problem(
        line,
        None,
        None,
        Severity.ERROR,
        "wrong-encoding",
        f"{words} at byte {column} of the line; {_WANTED}",
    )
