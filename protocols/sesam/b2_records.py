"""B2 records in bulk: their beginnings, and how the kind of each is told.

The same first character means different records in the two families of norms:
the letter of a detail record stands at position 36, but at 39 in the records
2S, 3S and 3E of establishments, whose invoice number is moved by three
(french.md 1.1, 1.4).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from protocols.records import Layout
from protocols.sesam.b2_nesting import Group

Bytes = NDArray[np.uint8]
RECORD = 128
KEY_WORDS = 5  # the repeated key lies in the first 40 bytes
_AT_ONCE = 4096  # records whose beginnings stay in the cache
_EVERY = np.uint64(0xFFFFFFFFFFFFFFFF)
_SENDER = np.array([0xFFFFFFFFFFFFFF00, 0xFFFF, 0, 0, 0], np.uint64)  # 2-10
_THREE = np.uint64(0xFFFFFF)
LETTER = 35  # of a detail record, counted from 0
LETTER_CP = 38


_FILE_STARTS = (
    (Group.FILE_START, np.uint64(int.from_bytes(b"000", "little"))),
    (Group.FILE_END, np.uint64(int.from_bytes(b"999", "little"))),
)


@frozen(eq=False)
class Heads:
    """The first 40 bytes of each record as five columns of 64-bit words.

    What is asked of every record, its kind and its key, lies in them; so the
    table is walked through once, and the rest is done on columns.
    `new_sender` tells, from the second record on, whether it names another
    professional than the one before.
    """

    words: NDArray[np.uint64]
    new_sender: NDArray[np.bool_]

    def column(self, at: int) -> Bytes:
        """Return one byte of each record; `at` counts from 0."""
        column: Bytes = self.words[at // 8].view(np.uint8)[at % 8 :: 8]
        return column

    def until(self, row: int) -> Heads:
        """Return the heads of the rows before `row`."""
        return Heads(self.words[:, :row], self.new_sender[: max(0, row - 1)])

    def changes(self, mask: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Say, from the second record on, where bits under the mask change."""
        found = np.zeros(max(0, self.words.shape[1] - 1), np.bool_)
        for word, bits in zip(self.words, mask, strict=True):
            if bits:
                part = word if bits == _EVERY else word & bits
                found |= part[1:] != part[:-1]
        return found


def heads_of(rows: Bytes) -> Heads:
    """Return the beginnings of the records of a contiguous table."""
    words = np.empty((KEY_WORDS, len(rows)), np.uint64)
    stored = rows.view("<u8")
    for row in range(0, len(rows), _AT_ONCE):
        part = stored[row : row + _AT_ONCE]
        for at, word in enumerate(words):
            word[row : row + _AT_ONCE] = part[:, at]
    heads = Heads(words, np.zeros(0, np.bool_))
    return Heads(words, heads.changes(_SENDER))


@frozen(kw_only=True)
class Sum:
    """A total of the invoice's end and the fields of lines that it adds up.

    A term is sign, group of line and field; `code` names the problem.
    """

    total: str
    code: str
    terms: tuple[tuple[int, int, str], ...]


@frozen(kw_only=True, eq=False)
class Family:
    """The records of one family of norms.  A kind is its index in `layouts`.

    `group_table` gives the group of every byte, `groups` that of every kind.
    Kind 0 is the record that nobody knows; those from `first_detail` on have
    their letter at 36.  `billed`, `amo` and `amc` are the
    fields of the invoice's end that add up to each, `lines` its count of lines; `number` is the slice of
    the invoice number in most records, `number_in_details` in those whose
    letter stands at 36.  `persons` tells, by kind, which national number is
    checked and where it stands.
    """

    name: str
    layouts: tuple[Layout | None, ...]
    groups: Bytes
    group_table: bytes = field(repr=False)
    only_kinds: tuple[int, ...]
    first_detail: int
    sums: tuple[Sum, ...]
    billed: tuple[str, ...]
    amo: tuple[str, ...]
    amc: tuple[str, ...]
    date: str
    lines: str
    number: slice
    number_in_details: slice
    persons: Mapping[int, tuple[str, slice]]
    letters: Bytes = field(repr=False)
    letters_cp: Bytes | None = field(repr=False)
    key_mask: NDArray[np.uint64] = field(repr=False)

    def kinds(self, heads: Heads) -> Bytes:
        """Return the kind of every record whose beginnings are given."""
        first = heads.column(0).astype(np.uint16) << 8
        kinds: Bytes = self.letters.take(first | heads.column(LETTER))
        if self.letters_cp is not None:
            at_39 = self.letters_cp.take(first | heads.column(LETTER_CP))
            kinds = np.where(kinds >= self.first_detail, kinds, at_39)
        for group, start in _FILE_STARTS:
            found = (kinds == self.kind(group)).nonzero()[0]
            kinds[found[(heads.words[0][found] & _THREE) != start]] = 0
        return kinds

    def kind_of(self, record: bytes) -> int:
        """Return the kind of one record, however short it is."""
        row = np.frombuffer(record.ljust(RECORD)[:RECORD], np.uint8)
        return int(self.kinds(heads_of(row.reshape(1, RECORD)))[0])

    def kind(self, group: int) -> int:
        """Return the one kind of a group that has only one; 0 if there is none."""
        return self.only_kinds[group]

    def layout(self, kind: int) -> Layout:
        """Return the layout of a known kind."""
        layout = self.layouts[kind]
        if layout is None:
            raise LookupError(f"{self.name}: no record has the kind {kind}")
        return layout
