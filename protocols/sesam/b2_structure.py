"""The nesting of a chunk's records: lots, invoices, and what is out of place.

A record that is unknown or stands where none may is taken out of the nesting,
so that it spoils its own lot at most: the next record 1 begins anew.  Invoices
behind a record 1 that is lost are still a lot if the lot's end is there.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from protocols.sesam.b2_frames import Chunk
from protocols.sesam.b2_nesting import (
    GROUPS,
    Group,
    describe,
    followers,
    may_follow,
)
from protocols.sesam.b2_records import RECORD, Bytes, Family

Rows = NDArray[np.intp]
_PAIR = np.uint8(4)  # bits of a group beside which that of the next row stands
_MAY_FOLLOW = np.zeros((1 << _PAIR, 1 << _PAIR), np.uint8)
_MAY_FOLLOW[:GROUPS, :GROUPS] = may_follow()
_MAY_FOLLOW_TABLE = _MAY_FOLLOW.tobytes()
_OUTER = np.zeros(GROUPS, np.bool_)
_OUTER[[Group.FILE_START, Group.LOT_START, Group.FILE_END]] = True
_LOST = (
    "the lot begins here without its record 1, which is missing or destroyed; its day "
    "is not known, so it has no key that an answer could be tied to: send it again whole"
)
_UTF8 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]")


class Finding(NamedTuple):
    """One kind of problem and the rows that have it.

    `explain` gives the exact code and the message for one of them, by its
    place in `rows`; it is asked only for problems that are kept.
    """

    code: str
    rows: Rows
    position: int | None
    field: str | None
    explain: Callable[[int], tuple[str, str]]
    outer: bool = False  # of the file, though it stands in a lot


def said(
    code: str, rows: Rows, position: int | None, name: str | None, words: str
) -> Finding:
    """Return a finding that says the same of every row."""
    outer = code.startswith("file-")
    return Finding(code, rows, position, name, lambda _: (code, words), outer)


@frozen(kw_only=True, eq=False)
class Structure:
    """Kind and group of each row; first row and row behind the last of each lot.

    `invoice_of` tells, by row, the index of the invoice begun last; `damaged`
    are the rows whose lots cannot be added up.
    """

    kinds: Bytes
    groups: Bytes
    lots: Rows
    stops: Rows
    invoices: Rows
    invoice_of: Rows
    damaged: Rows
    findings: tuple[Finding, ...]

    def lot_of(self, rows: Rows) -> Rows:
        """Return the index of the lot that holds each row; -1 before the first."""
        return self.lots.searchsorted(rows, side="right") - 1


def find_structure(chunk: Chunk, family: Family, before: int) -> Structure:
    """Find the nesting of a chunk; `before` is the group of the row before it."""
    kinds = family.kinds(chunk.heads)
    groups = look_up(kinds, family.group_table)
    previous = np.empty_like(groups)
    previous[0] = before
    previous[1:] = groups[:-1]
    allowed = look_up(previous << _PAIR | groups, _MAY_FOLLOW_TABLE)
    findings: list[Finding] = []
    damaged: list[Rows] = []
    unknown = (kinds == 0).nonzero()[0]
    misplaced = (allowed == 0).nonzero()[0]
    if len(unknown):
        findings.append(_unknown(chunk, unknown, family))
        damaged.append(unknown)
    outer = _OUTER[groups[misplaced]]
    if outer.any():
        findings.append(_misplaced(misplaced[outer], previous, groups, outer=True))
    if not outer.all():
        findings.append(_misplaced(misplaced[~outer], previous, groups))
        damaged.append(misplaced[~outer])
    if chunk.odd:
        odd = np.array(sorted(chunk.odd), np.intp)
        findings.append(_odd(chunk, odd))
        damaged.append(odd)
    lots = (groups == Group.LOT_START).nonzero()[0]
    stops = (groups == Group.LOT_END).nonzero()[0] + 1
    regular = len(lots) == len(stops) and _OUTER[groups[0]]
    if damaged or not regular or (lots >= stops).any():
        stops = _stops(groups, lots)
        lost = _headless(chunk.rows, groups, lots, stops)
        if len(lost):
            findings.append(said("lot-start-lost", lost, None, None, _LOST))
            lots = np.sort(np.concatenate((lots, lost)))
            stops = _stops(groups, lots)
        strays = _strays(groups, lots, stops)
        if len(strays):
            known = strays[kinds[strays] != 0]
            if len(known):
                findings.append(_stray(known, groups))
            kinds[strays] = 0
            groups = groups.copy()
            groups[strays] = Group.UNKNOWN
        opened = stops[groups[stops - 1] != Group.LOT_END] - 1
        if len(opened):
            findings.append(_open(opened))
    invoices = (groups == Group.INVOICE).nonzero()[0]
    return Structure(
        kinds=kinds,
        groups=groups,
        lots=lots,
        stops=stops,
        invoices=invoices,
        invoice_of=_last_of(invoices, len(groups)),
        damaged=np.concatenate(damaged) if damaged else np.empty(0, np.intp),
        findings=tuple(findings),
    )


def look_up(keys: Bytes, table: bytes) -> Bytes:
    """Return what a table of 256 bytes has for each key; not to be written to."""
    return np.frombuffer(keys.tobytes().translate(table), np.uint8)


def _last_of(rows: Rows, count: int) -> Rows:
    """Return, for each of `count` rows, which of some rows came last; -1 for none."""
    lengths = np.diff(rows, prepend=0, append=count)
    return np.arange(-1, len(rows), dtype=np.intp).repeat(lengths)


def _stops(groups: Bytes, lots: Rows) -> Rows:
    """Return the row behind each lot: its end, or what begins next."""
    ends = (groups == Group.LOT_END).nonzero()[0] + 1
    outer = (
        (groups == Group.LOT_START)
        | (groups == Group.FILE_START)
        | (groups == Group.FILE_END)
    ).nonzero()[0]
    limits = np.append(outer, len(groups))
    nexts: Rows = limits[limits.searchsorted(lots, side="right")]
    if not len(ends):
        return nexts
    places = ends.searchsorted(lots, side="right")
    own_ends: Rows = np.append(ends, len(groups))[places]
    stops: Rows = np.minimum(nexts, own_ends)
    return stops


def _headless(rows: Bytes, groups: Bytes, lots: Rows, stops: Rows) -> Rows:
    """Return where lots begin whose own first record is missing or destroyed.

    Between lots only the file's start and end may stand.  If an invoice does, and
    behind it the end of a lot of the same professional, it is a lot all the same.
    """
    outside = _outside(groups, lots, stops)
    before = np.append(False, outside[:-1] & (groups[:-1] != Group.LOT_END))
    begins = (outside & ~before).nonzero()[0]
    invoices = (outside & (groups == Group.INVOICE)).nonzero()[0]
    ends = (outside & (groups == Group.LOT_END)).nonzero()[0]
    beyond = len(groups) - 1
    first = np.append(invoices, beyond)[invoices.searchsorted(begins)]
    end = np.append(ends, beyond)[ends.searchsorted(begins)]
    found = first < end
    found &= end < np.append(begins[1:], len(groups))
    found &= groups[end] == Group.LOT_END
    found &= (rows[first, 1:10] == rows[end, 1:10]).all(axis=1)
    lost: Rows = begins[found]
    return lost


def _outside(groups: Bytes, lots: Rows, stops: Rows) -> NDArray[np.bool_]:
    """Say which rows are in no lot, and are neither start nor end of a file."""
    inside = np.zeros(len(groups) + 1, np.int8)
    np.add.at(inside, lots, 1)
    np.add.at(inside, stops, -1)
    outside: NDArray[np.bool_] = np.cumsum(inside[:-1]) == 0
    outside &= (groups != Group.FILE_START) & (groups != Group.FILE_END)
    return outside


def _strays(groups: Bytes, lots: Rows, stops: Rows) -> Rows:
    """Return rows outside any lot, and rows of a lot before its first invoice."""
    row = np.arange(len(groups))
    begins = np.full(len(groups), -1)
    begins[lots] = lots
    last_lot = np.maximum.accumulate(begins)
    last_invoice = np.maximum.accumulate(np.where(groups == Group.INVOICE, row, -1))
    of_invoice = (groups > Group.INVOICE) & (groups < Group.LOT_END)
    early = of_invoice & (last_invoice < last_lot)
    strays: Rows = (_outside(groups, lots, stops) | early).nonzero()[0]
    return strays


def _unknown(chunk: Chunk, rows: Rows, family: Family) -> Finding:
    def explain(which: int) -> tuple[str, str]:
        row = chunk.rows[rows[which]]
        start = row[:3].tobytes().decode("latin-1")
        if chr(row[0]) not in "123456":
            words = f"begins with {start!r}; a type 1 to 6, 000 or 999 is expected"
        else:
            words = (
                f"type {chr(row[0])} has the letter {chr(row[35])!r}, which "
                f"the {family.name} norm does not know"
            )
        return "unknown-record", words

    return Finding("unknown-record", rows, 1, "rec_type", explain)


def _misplaced(
    rows: Rows, previous: Bytes, groups: Bytes, *, outer: bool = False
) -> Finding:
    found = groups[rows]

    def explain(which: int) -> tuple[str, str]:
        before = int(previous[rows[which]])
        after = followers(before) or "nothing"
        where = (
            "at the beginning of the file"
            if before == Group.BEGIN
            else f"after {describe(before)}"
        )
        code = {
            Group.BEGIN: "no-file-start",
            Group.FILE_END: "after-file-end",
        }.get(before, "out-of-place")
        return (
            code,
            f"{describe(int(found[which]))} cannot stand {where}; {after} is expected",
        )

    return Finding("out-of-place", rows, 1, "rec_type", explain, outer)


def _odd(chunk: Chunk, rows: Rows) -> Finding:
    def explain(which: int) -> tuple[str, str]:
        row = int(rows[which])
        length = chunk.odd[row]
        words = f"has {length} characters; {RECORD} are expected"
        if length > RECORD and _has_utf8(chunk.rows[row]):
            words += "; accents seem to be in UTF-8, export the file in Latin-1"
        elif length < RECORD:
            words += "; a character is missing, or trailing blanks were cut"
        return "record-length", words

    return Finding("record-length", rows, None, None, explain)


def _has_utf8(row: Bytes) -> bool:
    return _UTF8.search(row.tobytes()) is not None


def _stray(rows: Rows, groups: Bytes) -> Finding:
    def explain(which: int) -> tuple[str, str]:
        what = describe(int(groups[rows[which]]))
        return "stray-record", f"{what} stands outside any lot or invoice"

    return Finding("stray-record", rows, 1, "rec_type", explain)


def _open(rows: Rows) -> Finding:
    def explain(_: int) -> tuple[str, str]:
        return "lot-open", "the lot stops here without a record 6; it was cut off"

    return Finding("lot-open", rows, None, None, explain)
