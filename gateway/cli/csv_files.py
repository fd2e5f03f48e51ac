"""Tables that people made in a spreadsheet: their text, rows and columns."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Final

from config.errors import ConfigErrors, Mistake

_WINDOWS: Final = "cp1252"  # what spreadsheets write in Western Europe if not UTF-8


def rows_of(file: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that says something, with its line; blanks are put in order.

    The text is UTF-8, else Windows-1252 (which holds Latin-1); columns are divided
    by semicolons, or by commas where there is no semicolon.  Empty rows and those
    that begin with `#` are left out.  Raises `ConfigErrors` for anything else.
    """
    text = text_of(file)
    delimiter = ";" if ";" in text or "," not in text else ","
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter)
    try:
        for row in reader:
            cells = [" ".join(cell.split()) for cell in row]
            if any(cells) and not cells[0].startswith("#"):
                yield reader.line_num, cells
    except csv.Error as error:
        raise _wrong(file, reader.line_num, f"is no CSV: {error}") from error


def text_of(file: Path) -> str:
    """Return a table's text: UTF-8, else Windows-1252, which holds Latin-1.

    Raises `ConfigErrors` with the line of what is neither.
    """
    content = file.read_bytes()
    if b"\0" in content:
        line = content[: content.index(b"\0")].count(b"\n") + 1
        raise _wrong(
            file, line, "holds zero bytes; wanted a CSV in UTF-8 or Windows-1252"
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        return content.decode(_WINDOWS)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        byte = content[error.start]
        raise _wrong(
            file,
            line,
            f"holds a byte {byte:#04x}, which is neither UTF-8 nor Windows-1252; "
            "save the table as CSV in UTF-8",
        ) from error


def _wrong(file: Path, line: int, message: str) -> ConfigErrors:
    return ConfigErrors([Mistake(str(file), line, "", message)])
