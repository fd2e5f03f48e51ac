"""The billing files that simulated vendor software sends: good ones, and bad ones.

A bad file is bad in one known way, so the software knows what it should be told
of it.  All numbers are used once, and nothing in a file belongs to anybody.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from random import Random
from typing import Final

from attrs import frozen

from gateway.simulator.vendor_accounts import Account, NumberBook
from protocols.records import load_layouts
from protocols.sesam import reader
from protocols.sesam.sample_maker import FundFacts, SenderFacts, make_file

_RECORD: Final = 128
_BAD_SHARE: Final = 0.08
_MERGED_SHARE: Final = 0.1  # of files that still bear the code of a closed fund
_LARGE_SHARE: Final = 0.05
_NORMS: Final = ("FR", "PH", "LB", "TR", "SE", "PM")
_NO_FUND: Final = FundFacts(
    regime="01", fund="888", organism="888", computer_centre="000"
)


@frozen(kw_only=True)
class Fund:
    """How a payer is addressed; `merged` for a code that another took over."""

    facts: FundFacts
    merged: bool = False


class Kind(StrEnum):
    """What is wrong with a file, if anything."""

    GOOD = "good"
    TRUNCATED = "truncated"  # ends in the middle of a record
    WRONG_TOTALS = "wrong-totals"  # a lot whose end does not add up
    UNROUTABLE = "unroutable"  # for a payer that nobody knows
    NOISE = "noise"  # no billing file at all


REFUSED: Final = frozenset({Kind.TRUNCATED, Kind.WRONG_TOTALS, Kind.NOISE})
"""Kinds that the gateway must report as having errors; it must not any other."""


@frozen(kw_only=True)
class Bill:
    """One file to be sent; `asked` is cents by the match key of each claim."""

    name: str
    content: bytes
    kind: Kind
    asked: Mapping[str, int]

    @property
    def sha256(self) -> str:
        """The hash that its receipt must bear."""
        return hashlib.sha256(self.content).hexdigest()


class Typist:
    """Makes one file after the other for an account."""

    def __init__(
        self,
        *,
        account: Account,
        funds: Sequence[Fund],
        numbers: NumberBook,
        rng: Random,
        today: Callable[[], str],
    ) -> None:
        self._account = account
        self._funds = [each.facts for each in funds if not each.merged]
        self._merged = [each.facts for each in funds if each.merged]
        self._numbers = numbers
        self._rng = rng
        self._today = today

    def next(self) -> Bill:
        """Make the next file; now and then a bad one."""
        rng = self._rng
        sender = rng.choice(self._account.senders)
        kind = Kind.GOOD
        if rng.random() < _BAD_SHARE:
            kind = rng.choice([each for each in Kind if each is not Kind.GOOD])
        return self.make(kind, sender)

    def make(self, kind: Kind, sender: SenderFacts) -> Bill:
        """Make a file of a kind; its numbers are used up whatever becomes of it."""
        rng = self._rng
        large = rng.random() < _LARGE_SHARE
        lots, invoices = (
            (rng.randint(6, 12) if large else rng.randint(1, 3)),
            (rng.randint(15, 30) if large else rng.randint(2, 8)),
        )
        numbers = self._numbers.take(sender.number, lots=lots, invoices=lots * invoices)
        content = make_file(
            rng,
            sender=sender,
            lots=lots,
            invoices_per_lot=invoices,
            day=self._today(),
            norm=rng.choice(_NORMS),
            fund=self._fund(kind),
            file_number=numbers.file,
            first_lot=numbers.lot,
            first_invoice=numbers.invoice,
        )
        return Bill(
            name=f"{sender.number}-{numbers.file:06}.b2",
            content=spoil(content, kind, rng),
            kind=kind,
            asked=_asked(content) if kind is Kind.GOOD else {},
        )

    def _fund(self, kind: Kind) -> FundFacts:
        if kind is Kind.UNROUTABLE:
            return _NO_FUND
        if self._merged and self._rng.random() < _MERGED_SHARE:
            return self._rng.choice(self._merged)
        return self._rng.choice(self._funds)


def spoil(content: bytes, kind: Kind, rng: Random) -> bytes:
    """Return the content made bad in the way that its kind says."""
    if kind is Kind.TRUNCATED:
        whole = len(content) // _RECORD
        return content[: rng.randrange(1, whole) * _RECORD + _RECORD // 2]
    if kind is Kind.NOISE:
        return rng.randbytes(rng.randint(100, 5000))
    if kind is Kind.WRONG_TOTALS:
        end_of_lot = len(content) - 2 * _RECORD  # before the end of the file
        layout = load_layouts("b2")["6"]
        values = layout.read(content[end_of_lot : end_of_lot + _RECORD])
        more = {**values, "total_amo": str(int(values["total_amo"]) + 1)}
        return (
            content[:end_of_lot] + layout.write(more) + content[end_of_lot + _RECORD :]
        )
    return content


def _asked(content: bytes) -> dict[str, int]:
    return {
        claim.match_key: claim.asked
        for lot in reader.read(io.BytesIO(content)).lots()
        for claim in lot.claims
    }
