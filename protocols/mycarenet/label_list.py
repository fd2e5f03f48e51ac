"""Reads a list of official labels of the payers' codes, and writes the directory's own.

The list that the payers publish is a spreadsheet.  Saved as CSV it is taken with
the columns `code`, `severity`, `label_fr` and `label_nl` in any order, others
beside them; a newer Dutch text in `label_nl_newer` wins.  Without a header row the
columns are those four, in that order.  Nothing here opens a file.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from typing import Final, NamedTuple, TextIO

from protocols.mycarenet.codes import LETTERS, TABLE_COLUMNS

_CODE: Final = re.compile(rf"([{LETTERS}]?)([0-9]{{4}}[0-9A-Z]{{2}})")
_NEWER: Final = "label_nl_newer"
_LONGEST: Final = 1000  # characters of a label
_DELIMITERS: Final = ";,\t"


class Label(NamedTuple):
    """One row of the directory's table, in the order of its columns."""

    code: str
    severity: str
    label_fr: str
    label_nl: str


class Fault(NamedTuple):
    """What is wrong in a list: its line, the column (from 1; 0: the row), and words."""

    line: int
    column: int
    name: str
    message: str


class Read(NamedTuple):
    """What a list holds.  With any fault it is not to be used."""

    labels: tuple[Label, ...]
    faults: tuple[Fault, ...]


def read_labels(text: str) -> Read:
    """Read a list; what is wrong is a fault with its place, never an exception."""
    faults: list[Fault] = []
    found: dict[str, tuple[Label, int]] = {}
    rows = _rows(text, faults)
    columns: Mapping[str, int] = {}
    for line, cells in rows:
        if not columns:
            columns = _columns(line, cells, faults)
            if not columns:
                break
            if _is_header(cells):
                continue
        label = _label(line, cells, columns, faults)
        if label is None:
            continue
        before = found.get(label.code)
        if before is not None and before[0] != label:
            column = columns["code"] + 1
            words = f"{label.code} stands in line {before[1]} with other words"
            faults.append(Fault(line, column, "code", words))
        found.setdefault(label.code, (label, line))
    if not found and not faults:
        faults.append(Fault(0, 0, "", "holds no label; wanted a row for each code"))
    return Read(tuple(label for label, _ in found.values()), tuple(faults))


def write_labels(labels: Sequence[Label], into: TextIO) -> None:
    """Write the directory's table, sorted by code."""
    writer = csv.writer(into, delimiter=";", lineterminator="\n")
    writer.writerow(TABLE_COLUMNS)
    writer.writerows(sorted(labels))


def _rows(text: str, faults: list[Fault]) -> Iterator[tuple[int, list[str]]]:
    """Yield rows that say something; the first one tells what divides columns."""
    lines = (line for line in text.splitlines() if line.strip() and line[0] != "#")
    first = next(lines, "")
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            cells = [" ".join(cell.split()) for cell in row]
            if any(cells) and not cells[0].startswith("#"):
                yield reader.line_num, cells
    except csv.Error as error:
        words = f"is no CSV from here on: {error}"
        faults.append(Fault(reader.line_num, 0, "", words))


def _is_header(cells: Sequence[str]) -> bool:
    return "code" in {cell.lower() for cell in cells}


def _columns(line: int, cells: Sequence[str], faults: list[Fault]) -> Mapping[str, int]:
    """Tell where the columns stand; nothing where some are missing."""
    if not _is_header(cells):
        if len(cells) == len(TABLE_COLUMNS):
            return {name: at for at, name in enumerate(TABLE_COLUMNS)}
        wanted = ";".join(TABLE_COLUMNS)
        words = f"is no header row and has {len(cells)} columns; wanted {wanted}"
        faults.append(Fault(line, 0, "", words))
        return {}
    names = [cell.lower() for cell in cells]
    missing = [name for name in TABLE_COLUMNS if name not in names]
    if missing:
        words = f"the header has no column {', '.join(missing)}"
        faults.append(Fault(line, 0, "", words))
        return {}
    return {name: at for at, name in reversed(list(enumerate(names)))}


def _label(
    line: int,
    cells: Sequence[str],
    columns: Mapping[str, int],
    faults: list[Fault],
) -> Label | None:
    """Return a row's label, or note why it has none."""
    last = max(columns[name] for name in TABLE_COLUMNS)
    if len(cells) <= last:
        words = f"the row has {len(cells)} columns; wanted at least {last + 1}"
        faults.append(Fault(line, 0, "", words))
        return None
    values = {name: cells[at] for name, at in columns.items() if at < len(cells)}
    before = len(faults)

    def wrong(name: str, words: str) -> None:
        faults.append(Fault(line, columns[name] + 1, name, words))

    code = _CODE.fullmatch(values["code"].upper())
    if code is None:
        wrong("code", f"{values['code'][:20]!r} is no code; wanted one such as 500118")
    severity = values["severity"].upper() or (code[1] if code else "")
    if severity and severity not in LETTERS:
        wrong(
            "severity",
            f"{severity[:20]!r} is no severity; wanted one of {', '.join(LETTERS)},"
            " or nothing",
        )
    french = values["label_fr"]
    dutch = values.get(_NEWER) or values["label_nl"]
    if not french and not dutch:
        wrong("label_fr", "is empty, and so is the Dutch label; wanted one of them")
    for name, text in (("label_fr", french), ("label_nl", dutch)):
        if len(text) > _LONGEST:
            words = f"has {len(text)} characters; wanted at most {_LONGEST}"
            wrong(name, f"{words}: is a quote missing?")
    if code is None or len(faults) > before:
        return None
    return Label(code[2], severity, french, dutch)
