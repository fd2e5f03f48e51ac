"""The order of records: which may follow which, their numbers, lengths and checks.

The rules are those by which payers refuse a whole sending; which record may
follow which is data (`data/record_order.csv`).  What a chunk leaves, the next
one meets.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from typing import NamedTuple

import numpy as np

from protocols.mycarenet.check_digits import alike_checks, record_checks
from protocols.mycarenet.columns import NINE, ZERO, Flags, Numbers, Rows, Table, numbers
from protocols.mycarenet.examine_zones import LAYOUTS, TOTALS
from protocols.mycarenet.findings import Finding, row_of
from protocols.mycarenet.message import KINDS, Chunk, order_numbers
from protocols.mycarenet.message_cut import RECORD
from protocols.mycarenet.problems import read_data
from protocols.record_fields import Field

_NAMES = (*KINDS, "start", "end")
_START = _NAMES.index("start")
_FIRST, _TOTAL, _LAST, _END = (KINDS.index(kind) for kind in ("10", "95", "90", "96"))
_ANY = frozenset(("?", "21"))  # nothing is known of what may stand beside them
_CHECK = slice(348, 350)
_ORDER = slice(2, 8)
_MANY = 512  # rows that are quicker kind by kind
_MOST_BREAKS = 1  # told once for each chunk: a file has all of them or none


class Last(NamedTuple):
    """What the records before a chunk leave: kind, order numbers, whether one was off.

    An order number of -1 is not known.
    """

    kind: int = _START
    order: int = 0
    before: int = -1
    off: bool = False


def check_order(chunk: Chunk, last: Last) -> tuple[list[Finding], Last]:
    """Return what is wrong with the order of a chunk's records, and what they leave."""
    findings = [*_check_neighbours(chunk, last), *_check_lengths(chunk)]
    found, left = _check_numbers(chunk, last)
    findings += found
    if chunk.closes:
        findings += _check_end(chunk, left)
    return findings, left


def check_digits_of_records(table: Table) -> Iterator[Finding]:
    """Yield the records whose zone 99 does not fit."""
    chunk = table.chunk
    stated = numbers(chunk.rows[:, _CHECK])
    right = _right_checks(table)
    wrong = (stated != right) & _framed(chunk)
    if wrong.any():

        def words(rows: Rows, which: int) -> str:
            row = rows[which]
            return f"holds {stated[row]:02}; {right[row]:02} is expected"

        for kind, rows in _by_kind(np.flatnonzero(wrong), chunk):
            yield Finding(
                rule="record-check",
                rows=rows,
                words=partial(words, rows),
                field=_field(kind, "record_check"),
                position=_CHECK.start + 1,
                code={"rr": kind},
            )


def _right_checks(table: Table) -> Numbers:
    """Return zone 99 as it should be of each row that is framed."""
    rows = table.chunk.rows
    if len(rows) < _MANY:
        return record_checks(rows)
    right = np.zeros(len(rows), np.int64)
    for kind in table.kinds():
        if kind not in TOTALS:
            extremes = table.extremes(kind)
            right[table.rows(kind)] = alike_checks(
                table.records(kind), extremes.least, extremes.most
            )
    return right


def _framed(chunk: Chunk) -> Flags:
    """Say which rows are records of an invoice or a sending, totals left out."""
    flags: Flags = (chunk.kinds > 0) & (chunk.kinds < _TOTAL)
    return flags


def _field(kind: str, name: str) -> Field | None:
    layout = LAYOUTS.get(kind)
    return layout[name] if layout else None


def _by_kind(rows: Rows, chunk: Chunk) -> Iterator[tuple[str, Rows]]:
    kinds = chunk.kinds[rows]
    for kind in np.unique(kinds).tolist():
        yield KINDS[kind], rows[kinds == kind]


@cache
def _may_follow(column: str) -> Flags:
    """Return a table of the kind after by the kind before, by one side's rule."""
    table = np.ones((len(_NAMES), len(_NAMES)), np.bool_)
    for row in read_data("record_order"):
        kind, allowed = _NAMES.index(row["record"]), row[column].split()
        line = np.array([name in allowed or name in _ANY for name in _NAMES])
        if column == "preceded_by":
            table[:, kind] = line
        else:
            table[kind, :] = line
    return table


def _check_neighbours(chunk: Chunk, last: Last) -> Iterator[Finding]:
    after = chunk.kinds.astype(np.intp)
    before = np.concatenate(([last.kind], after))[:-1]
    wrong = np.flatnonzero(~_may_follow("preceded_by")[before, after])
    for kind, rows in _by_kind(wrong, chunk):
        yield _out_of_place(kind, rows, before)
    wrong = np.flatnonzero(~_may_follow("followed_by")[before, after])
    kinds = before[wrong]
    for index in np.unique(kinds).tolist():
        if index < _TOTAL:
            name, rows = KINDS[index], wrong[kinds == index]
            yield Finding(
                rule="followed",
                rows=rows - 1,
                words=f"record {name} is followed by another record than it may be; "
                f"{_allowed(name, 'followed_by')} is expected",
                code={"rr": name},
            )


def _out_of_place(kind: str, rows: Rows, before: Rows) -> Finding:
    def words(which: int) -> str:
        found = _NAMES[before[rows[which]]]
        place = "at the beginning" if found == "start" else f"behind a record {found}"
        wanted = _allowed(kind, "preceded_by")
        return f"record {kind} stands {place}; {wanted} is expected before it"

    rule = "totals-order" if kind in TOTALS else "preceded"
    if kind == "10":
        rule = "first-record"
    return Finding(rule=rule, rows=rows, words=words, code={"rr": kind})


@cache
def _allowed(kind: str, column: str) -> str:
    rows = {row["record"]: row[column].split() for row in read_data("record_order")}
    return " or ".join(rows[kind]).replace("start", "nothing").replace("end", "nothing")


def _check_lengths(chunk: Chunk) -> Iterator[Finding]:
    if chunk.odd:
        rows = np.array(sorted(chunk.odd), np.intp)

        def words(which: int) -> str:
            row = int(rows[which])
            hint = ""
            if b"\xc3" in chunk.record(row):
                hint = "; accents in UTF-8 count twice: write plain letters"
            return f"has {chunk.odd[row]} characters; {RECORD} are expected{hint}"

        yield Finding(rule="record-length", rows=rows, words=words)
    if chunk.breaks:
        yield Finding(
            rule="line-break",
            rows=np.array(chunk.breaks[:_MOST_BREAKS], np.intp),
            words="is followed by a line end; the next record is expected at once",
            position=RECORD,
        )
    unknown = np.flatnonzero(chunk.kinds == 0)
    if len(unknown):
        words_of = "begins with no type of record; 10, 20, 30, 40, 50, 51, 52, 80, 90, "
        yield Finding(
            rule="unknown-record", rows=unknown, words=words_of + "95 or 96 is expected"
        )
    if chunk.cut:
        yield Finding(
            rule="invoice-too-long",
            rows=row_of(len(chunk.rows) - 1),
            words="the invoice goes on for too long without a record 80",
        )


def _check_numbers(chunk: Chunk, last: Last) -> tuple[list[Finding], Last]:
    """Compare each order number with the one before; one that is off is told once."""
    framed = _framed(chunk)
    digits = (chunk.rows[:, _ORDER] - np.uint8(ZERO) <= NINE).all(axis=1)
    own = np.where(framed & digits, order_numbers(chunk.rows), -1)
    order = np.concatenate(([last.before, last.order], own))
    off = np.concatenate(([False, last.off], np.zeros(len(own), np.bool_)))
    off[2:] = (own >= 0) & (order[1:-1] >= 0) & (own != order[1:-1] + 1)
    again = off[2:] & off[1:-1] & (order[:-2] >= 0) & (own == order[:-2] + 2)
    wrong = np.flatnonzero(off[2:] & ~again)
    findings = [
        Finding(
            rule="first-record" if kind == "10" else "order-number",
            rows=rows,
            words=partial(_tell_order, order, rows),
            field=_field(kind, "order_number"),
            position=_ORDER.start + 1,
            code={"rr": kind},
        )
        for kind, rows in _by_kind(wrong, chunk)
    ]
    findings += [
        Finding(
            rule="order-digits",
            rows=rows,
            words="holds something else than digits; six digits are expected",
            field=_field(kind, "order_number"),
            position=_ORDER.start + 1,
            code={"rr": kind},
        )
        for kind, rows in _by_kind(np.flatnonzero(framed & ~digits), chunk)
    ]
    kind = int(chunk.kinds[-1]) if len(own) else last.kind
    return findings, Last(kind, int(order[-1]), int(order[-2]), bool(off[-1]))


def _tell_order(order: Numbers, rows: Rows, which: int) -> str:
    row = int(rows[which])
    before = int(order[row + 1])
    return f"is {order[row + 2]:06}; {before + 1:06} is expected"


def _check_end(chunk: Chunk, last: Last) -> Iterator[Finding]:
    row = row_of(len(chunk.rows) - 1)
    if last.kind == _START:
        yield Finding(
            rule="no-record",
            rows=row,
            words="the message has no record; 10 is expected",
        )
    elif last.kind in (_LAST, _TOTAL):
        words = "the message ends here; a record 96 with the grand total is expected"
        yield Finding(rule="no-grand-total", rows=row, words=words)
    elif last.kind != _END:
        words = "the message ends here; a record 90 and the totals are expected"
        yield Finding(rule="no-sending-end", rows=row, words=words)
