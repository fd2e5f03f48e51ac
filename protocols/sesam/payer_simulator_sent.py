"""What a simulated caisse finds in a B2 file: who sent it, its lots and invoices.

The identifiers are taken from the records as they stand, because a payer
repeats them as it got them; what is wrong with a lot is the reader's word, the
same that an operator sees.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

from attrs import frozen

from protocols.records import load_layouts
from protocols.sesam import reader
from routing.envelope import ClaimSeen, LotSeen, Problem, Severity, Share

RECORD = 128


@frozen(kw_only=True)
class SentClaim:
    """One invoice: what its first record says, and the amounts asked in cents.

    `request`: it asks a complementary payer alone; `split`: a concentrator split it.
    """

    seen: ClaimSeen
    record: Mapping[str, str]
    request: bool = False
    split: bool = False

    @property
    def number(self) -> str:
        """The invoice's number as sent."""
        return self.seen.number.rjust(9, "0")[-9:]


@frozen(kw_only=True)
class SentLot:
    """One lot: what its record 1 says, its invoices and what is wrong with it."""

    key: str
    record: Mapping[str, str]
    claims: Sequence[SentClaim]
    errors: Sequence[Problem]

    @property
    def professional(self) -> str:
        """Who billed."""
        return self.record["ps_id"]


@frozen(kw_only=True)
class SentFile:
    """One file as its payer has it."""

    header: Mapping[str, str]
    lots: Sequence[SentLot]

    @property
    def key(self) -> str:
        """What makes the file one and the same for its payer: sender and number."""
        return f"{self.header['sender_no']}|{self.header['file_id']}"


def read_sent(content: bytes) -> SentFile:
    """Read a B2 file; a fault of the whole file is a fault of each of its lots."""
    reading = reader.read(io.BytesIO(content))
    seen = list(reading.lots())
    of_file = [
        problem
        for problem in reading.summary().problems  # those of lots are not in it
        if problem.severity is Severity.ERROR
    ]
    header = load_layouts("b2")["000"].read(content[:RECORD])
    return SentFile(header=header, lots=[_lot(content, each, of_file) for each in seen])


def _lot(content: bytes, seen: LotSeen, of_file: Sequence[Problem]) -> SentLot:
    layouts = load_layouts("b2")
    own = [each for each in seen.problems if each.severity is Severity.ERROR]
    return SentLot(
        key=seen.match_key,
        record=layouts["1"].read(content[seen.offset : seen.offset + RECORD]),
        claims=[
            _claim(content, each, request=seen.share is Share.OTHER)
            for each in seen.claims
        ],
        errors=[*own, *of_file],
    )


def _claim(content: bytes, seen: ClaimSeen, *, request: bool) -> SentClaim:
    layouts = load_layouts("b2")
    stop = seen.offset + seen.length
    mark = layouts["5"]["split_by_oct"].raw(content[stop - RECORD : stop])
    return SentClaim(
        seen=seen,
        record=layouts["2"].read(content[seen.offset : seen.offset + RECORD]),
        request=request,
        split=bool(mark.strip()),
    )
