"""What single zones hold: digits, signs, days, plain text, zeros where unused.

All records of a kind are judged at once by the least and the greatest character
of each column; only where one of them is out of its class is a zone looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache, partial
from typing import Final, NamedTuple

import numpy as np

from protocols.mycarenet.columns import (
    NINE,
    ZERO,
    Flags,
    Rows,
    Table,
    anywhere,
    are_days,
    numbers,
    part,
)
from protocols.mycarenet.findings import Finding, of_zone
from protocols.mycarenet.message import Bytes
from protocols.mycarenet.problems import zone_codes
from protocols.record_fields import Field
from protocols.records import Layout, load_layouts

LAYOUTS: Final = load_layouts("efact")
TOTALS: Final = ("95", "96")
_JUDGED_ELSEWHERE = frozenset(
    (
        *("rec_type", "order_number", "record_check"),
        *("invoice_check", "sending_check", "check"),
    )
)
_BLANK, _PLUS, _MINUS, _LAST_PLAIN, _FIRST_ACCENT = (*b" +-~", 0xA0)
_MONTHS = 12


class _Classes(NamedTuple):
    """The least and greatest character that each column of a record may hold."""

    least: Bytes
    most: Bytes


def check_zones(table: Table) -> Iterator[Finding]:
    """Yield what is wrong inside zones, kind by kind."""
    for kind in table.kinds():
        layout = LAYOUTS.get(kind)
        if layout is None:
            continue
        extremes = table.extremes(kind)
        least, most = extremes.least, extremes.most
        classes = _classes(kind)
        outside = (least < classes.least) | (most > classes.most)
        for each in layout.fields if outside.any() else ():
            if outside[each.start - 1 : each.end].any():
                yield from _check_class(table, kind, each)
        for each in _signed(layout):
            signs = least[each.start - 1], most[each.start - 1]
            if signs not in ((_PLUS, _PLUS), (_MINUS, _MINUS)):
                yield from _check_sign(table, kind, each)
        for each in _days(layout):
            one = extremes.uniform(slice(each.start - 1, each.end))
            if one is None or not _is_right(one, each.presence):
                yield from _check_days(table, kind, each)
        if "month" in layout.by_name:
            yield from _check_month(table, kind, layout)


def of_text(each: Field, kind: str) -> dict[str, str]:
    """Return the parts of the code that tells a zone's wrong class."""
    parts = of_zone(each, kind) | {"zone": each.zone.split(", ")[-1]}
    code = zone_codes().get((kind, each.zone))
    return parts | {"code": code} if code else parts


@cache
def _classes(kind: str) -> _Classes:
    least = np.full(LAYOUTS[kind].length, _BLANK, np.uint8)
    most = np.full(LAYOUTS[kind].length, _LAST_PLAIN, np.uint8)
    for each in LAYOUTS[kind].fields:
        if each.name.startswith("filler") and each.kind == "A":
            most[each.start - 1 : each.end] = _BLANK
        if each.kind == "A" or each.name in _JUDGED_ELSEWHERE:
            continue
        first = each.start - 1 + (each.kind == "S")
        least[first : each.end] = ZERO
        most[first : each.end] = ZERO if _is_reserve(each) else ZERO + NINE
    return _Classes(least, most)


@cache
def _signed(layout: Layout) -> tuple[Field, ...]:
    return tuple(each for each in layout.fields if each.kind == "S")


@cache
def _days(layout: Layout) -> tuple[Field, ...]:
    return tuple(each for each in layout.fields if each.is_date and not each.private)


def _is_reserve(each: Field) -> bool:
    return each.name.startswith("filler") and each.kind == "N"


def _check_class(table: Table, kind: str, each: Field) -> Iterator[Finding]:
    columns = part(table.records(kind), each)
    if each.kind == "A":
        yield from _check_text(table, kind, each, columns)
        return
    if each.name in _JUDGED_ELSEWHERE:
        return
    if each.kind == "S":
        blank = _all_blank(columns) & (each.presence == "F")
        wrong = anywhere(columns[:, 1:] - np.uint8(ZERO) > NINE) & ~blank
    elif _is_reserve(each):
        blank = _all_blank(columns)
        wrong = anywhere(columns != ZERO) & ~blank
        yield from _said("reserve-blank", table, kind, each, blank, "holds blanks")
    else:
        wrong = anywhere(columns - np.uint8(ZERO) > NINE)
        if each.name.endswith("_error"):
            wrong &= ~_all_blank(columns)  # older software leaves those out
    rule = "header-format" if kind in TOTALS else "not-numeric"
    if zone_codes().get((kind, each.zone)) == "":
        rule = "reserve-else" if _is_reserve(each) else "not-numeric-else"
    rows = table.rows(kind)[wrong]
    if len(rows):
        words = partial(_tell, table, each, rows)
        yield Finding(
            rule=rule, rows=rows, words=words, field=each, code=of_text(each, kind)
        )


def _all_blank(columns: Bytes) -> Flags:
    flags: Flags = (columns == _BLANK).all(axis=1)
    return flags


def _tell(table: Table, each: Field, rows: Rows, which: int) -> str:
    """Say what stands where digits or zeros should; never a patient's number."""
    if _is_reserve(each):
        return "holds something; zeros are expected, since it is not used"
    found = next(each.faults(table.chunk.rows[rows[which]].tobytes()), None)
    return found[1] if found else "is blank; digits are expected"


def _check_text(
    table: Table, kind: str, each: Field, columns: Bytes
) -> Iterator[Finding]:
    odd = (columns < _BLANK) | ((columns > _LAST_PLAIN) & (columns < _FIRST_ACCENT))
    control = anywhere(odd)
    if each.name.startswith("filler"):
        used = ~_all_blank(columns) & ~control
        words = "holds something; blanks are expected, since it is not used"
        yield from _said("reserve-else", table, kind, each, used, words)
    accent = anywhere(columns >= _FIRST_ACCENT) & ~control
    yield from _said(
        "character",
        table,
        kind,
        each,
        control,
        "holds a control character; plain letters and digits are expected",
    )
    yield from _said(
        "accent",
        table,
        kind,
        each,
        accent,
        "holds an accent or another sign beyond ASCII; plain letters are expected",
    )


def _said(
    rule: str, table: Table, kind: str, each: Field, which: Flags, words: str
) -> Iterator[Finding]:
    rows = table.rows(kind)[which]
    if len(rows):
        code = of_zone(each, kind)
        yield Finding(rule=rule, rows=rows, words=words, field=each, code=code)


def _check_sign(table: Table, kind: str, each: Field) -> Iterator[Finding]:
    columns = part(table.records(kind), each)
    wrong = (columns[:, 0] != _PLUS) & (columns[:, 0] != _MINUS)
    if each.presence == "F":
        wrong &= (columns != _BLANK).any(axis=1)
    rule = "total-sign" if kind in TOTALS else "sign"
    words = "does not begin with a sign; + or - is expected"
    yield from _said(rule, table, kind, each, wrong, words)


def _check_days(table: Table, kind: str, each: Field) -> Iterator[Finding]:
    columns = part(table.records(kind), each)
    days = table.numbers(kind, each)
    if each.presence != "O" and not days.any():
        return
    wrong = ~are_days(days)
    if each.presence != "O":
        wrong &= days != 0
    if wrong.any():
        wrong &= (columns - np.uint8(ZERO) <= NINE).all(axis=1)
        rule = "not-numeric-else" if zone_codes().get((kind, each.zone)) == "" else ""
        words = "is no day; YYYYMMDD is expected"
        yield from _said(rule or "not-numeric", table, kind, each, wrong, words)


@lru_cache(maxsize=4096)
def _is_right(text: bytes, presence: str) -> bool:
    """Say whether a text is a day, or may stand where one is told only sometimes."""
    day = np.array([int(text) if text.isdigit() else 0])
    return bool(are_days(day)[0]) or (presence != "O" and not day.any())


def _check_month(table: Table, kind: str, layout: Layout) -> Iterator[Finding]:
    records = table.records(kind)
    year, month = part(records, layout["year"]), numbers(part(records, layout["month"]))
    yield from _said(
        "year-digit",
        table,
        kind,
        layout["year"],
        year[:, 0] != ZERO,
        "does not begin with 0; five digits such as 02026 are expected",
    )
    yield from _said(
        "month",
        table,
        kind,
        layout["month"],
        (month < 1) | (month > _MONTHS),
        "is no month; 01 to 12 is expected",
    )
