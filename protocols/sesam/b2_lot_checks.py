"""What the records 1 and 6 of lots, and the numbers of invoices, are checked for.

Numbers used before are remembered for the whole file: a lot number may come
once a day and professional, an invoice number once a professional.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from protocols.sesam.b2_fields import Flags
from protocols.sesam.b2_frames import Chunk
from protocols.sesam.b2_kinds import Kinds
from protocols.sesam.b2_nesting import Group
from protocols.sesam.b2_numbers import in_order
from protocols.sesam.b2_records import Bytes
from protocols.sesam.b2_structure import Finding, Structure, said
from protocols.sesam.repeats import Repeats

_MOST_INVOICES = 10_000  # of one lot; record 6 can count 999


class LotChecks:
    """Checks the lots of one file, chunk by chunk."""

    def __init__(self) -> None:
        self._lot_numbers = Repeats(bits=16)
        self._invoice_numbers = Repeats(bits=22)

    def check(
        self,
        chunk: Chunk,
        structure: Structure,
        kinds: Kinds,
        header: Mapping[str, str],
        created: int,
    ) -> Iterator[Finding]:
        """Yield what is wrong; `header` is the file's start, `created` its day."""
        yield from self._check_starts(kinds, header, created)
        yield from _check_sizes(chunk, structure)
        yield from _check_ends(structure, kinds)
        yield from self._check_invoices(kinds)

    def _check_starts(
        self, kinds: Kinds, header: Mapping[str, str], created: int
    ) -> Iterator[Finding]:
        rows = kinds.of(Group.LOT_START)
        if not len(rows):
            return
        records = kinds.records(kinds.family.kind(Group.LOT_START))
        ps, number, day = (
            kinds.numbers(Group.LOT_START, name)
            for name in ("ps_id", "lot_no", "lot_created")
        )
        layout = kinds.family.layout(kinds.family.kind(Group.LOT_START))
        keys = (ps * 1_000_000 + day) * 1_000 + number
        again = self._lot_numbers.find(keys.astype(np.uint64))
        norm = header.get("norm_code", "")[:2].ljust(2).encode("latin-1")
        strange = (records[:, 78:80] != np.frombuffer(norm, np.uint8)).any(axis=1)
        checks = (
            ("repeated-lot", again, "lot_no", "was used by an earlier lot of the file"),
            ("zero-number", number == 0, "lot_no", "is zero; 001 to 999 is expected"),
            (
                "lot-in-future",
                (in_order(day) > created) & bool(created),
                "lot_created",
                "is later than the file's own day",
            ),
            (
                "norm-differs",
                strange & bool(header),
                "norm_code",
                "is not the norm that the file's start names",
            ),
            (
                "professional-key",
                ~_luhn(records[:, 1:10]) & (kinds.family.letters_cp is not None),
                "ps_id",
                "the last digit does not fit the others; check the number",
            ),
        )
        for code, wrong, name, words in checks:
            if wrong.any():
                yield said(code, rows[wrong], layout[name].start, name, words)

    def _check_invoices(self, kinds: Kinds) -> Iterator[Finding]:
        rows = kinds.of(Group.INVOICE)
        if not len(rows):
            return
        number = kinds.numbers(Group.INVOICE, "invoice_no")
        starts = kinds.of(Group.LOT_START)
        senders = kinds.numbers(Group.LOT_START, "ps_id") if len(starts) else ()
        lots = starts.searchsorted(rows, side="right")
        keys = np.append(senders, np.int64(0))[lots - 1] * 1_000_000_000 + number
        again = self._invoice_numbers.find(keys.astype(np.uint64)) & (number != 0)
        position = kinds.family.number.start + 1
        name = "invoice_no"
        if again.any():
            words = "was used by an earlier invoice of the file; each needs its own"
            yield said("repeated-invoice", rows[again], position, name, words)
        if (number == 0).any():
            words = "is zero; a number of its own is expected"
            yield said("zero-number", rows[number == 0], position, name, words)


def _check_sizes(chunk: Chunk, structure: Structure) -> Iterator[Finding]:
    begins = structure.invoices.searchsorted(structure.lots)
    counts = structure.invoices.searchsorted(structure.stops) - begins
    if (counts == 0).any():
        empty = structure.lots[counts == 0]
        yield said("lot-empty", empty, None, None, "holds no invoice")
    long = counts > _MOST_INVOICES
    if chunk.cut and len(long):
        long[-1] = True
    if long.any():
        words = "is longer than any payer takes; split it into lots of at most 999"
        yield said("lot-too-long", structure.lots[long], None, None, words)


def _check_ends(structure: Structure, kinds: Kinds) -> Iterator[Finding]:
    rows = kinds.of(Group.LOT_END)
    starts = kinds.of(Group.LOT_START)
    if not len(rows) or not len(starts):
        return
    ended = kinds.numbers(Group.LOT_END, "lot_no")
    begun = kinds.numbers(Group.LOT_START, "lot_no")
    own = structure.lots[structure.lot_of(rows)]
    places = np.minimum(starts.searchsorted(own), len(starts) - 1)
    wrong = (starts[places] == own) & (begun[places] != ended)
    if wrong.any():
        words = "is not the number that the lot's record 1 has"
        yield said("lot-number-differs", rows[wrong], 52, "lot_no", words)


def _luhn(digits: Bytes) -> Flags:
    """Say whether the last of each row's digits is the Luhn key of the others."""
    values = (digits & 0x0F).astype(np.int64)
    doubled = values[:, -2::-2] * 2
    total = values[:, ::-2].sum(axis=1) + (doubled // 10 + doubled % 10).sum(axis=1)
    fits: Flags = total % 10 == 0
    return fits
