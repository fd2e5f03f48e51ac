"""The billing files that simulated vendor software sends: good ones, and bad ones.

A bad file is bad in one known way, so the software knows what it should be told
of it.  All numbers are used once, and nothing in a file belongs to anybody.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Collection, Mapping, Sequence
from enum import StrEnum
from random import Random
from typing import Final

from attrs import frozen

from gateway.simulator.vendor_accounts import Account, NumberBook, Numbers
from protocols.catalog import Simulated
from protocols.interface import Network
from protocols.simulation import Order, Sender, Spoilt

_HEAD: Final = 4096
_BAD_SHARE: Final = 0.08
_MERGED_SHARE: Final = 0.1  # of files that still bear the code of a closed fund
_LARGE_SHARE: Final = 0.05
_DOCUMENT_SHARE: Final = 0.5  # of good files whose payer takes documents


@frozen(kw_only=True)
class Address:
    """How a payer is addressed; `merged` for a code that another took over.

    `flows` are those that it says it takes.
    """

    network: str
    code: str
    rules: Mapping[str, object]
    merged: bool = False
    flows: tuple[str, ...] = ()


class Kind(StrEnum):
    """What is wrong with a file, if anything."""

    GOOD = "good"
    TRUNCATED = str(Spoilt.TRUNCATED)
    WRONG_TOTALS = str(Spoilt.WRONG_TOTALS)
    UNROUTABLE = "unroutable"  # for a payer that nobody knows
    NOISE = "noise"  # no billing file at all


_SPOILT: Final = frozenset({Kind.TRUNCATED, Kind.WRONG_TOTALS})
REFUSED: Final = _SPOILT | {Kind.NOISE}
"""Kinds that the gateway must report as having errors; it must not any other."""


@frozen(kw_only=True)
class Bill:
    """One file to be sent; `asked` is cents by the match key of each claim.

    They are all that is asked, and each payer's part where there are two.
    """

    name: str
    content: bytes
    kind: Kind
    asked: Mapping[str, Collection[int]]

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
        simulated: Sequence[Simulated],
        addresses: Sequence[Address],
        numbers: NumberBook,
        rng: Random,
        today: Callable[[], str],
    ) -> None:
        self._account = account
        self._networks = {each.name: each for each in simulated}
        self._addresses = addresses
        self._numbers = numbers
        self._rng = rng
        self._today = today
        self._document: Bill | None = None  # of the file before, and next

    def next(self) -> Bill:
        """Make the next file; now and then a bad one, or a document of the one before."""
        if (document := self._document) is not None:
            self._document = None
            return document
        rng = self._rng
        sender = rng.choice(self._account.senders)
        kind = Kind.GOOD
        if rng.random() < _BAD_SHARE:
            kind = rng.choice([each for each in Kind if each is not Kind.GOOD])
        return self.make(kind, sender)

    def make(self, kind: Kind, sender: Sender) -> Bill:
        """Make a file of a kind; its numbers are used up whatever becomes of it."""
        rng = self._rng
        large = rng.random() < _LARGE_SHARE
        lots, invoices = (
            (rng.randint(6, 12) if large else rng.randint(1, 3)),
            (rng.randint(15, 30) if large else rng.randint(2, 8)),
        )
        numbers = self._numbers.take(sender.number, lots=lots, invoices=lots * invoices)
        network, simulation = self._networks[sender.network]
        address = self._address(kind, sender.network)
        content = simulation.bill(
            rng,
            Order(
                sender=sender,
                code=address.code if address else simulation.nobody,
                rules=address.rules if address else {},
                lots=lots,
                claims=invoices,
                day=self._today(),
                file=numbers.file,
                first_lot=numbers.lot,
                first_claim=numbers.invoice,
                style=rng.choice(simulation.styles),
            ),
        )
        asked = _asked(network, content) if kind is Kind.GOOD else {}
        if asked and address and simulation.documents in address.flows:
            self._document = self._scanned(sender, numbers)
        if kind is Kind.NOISE:
            content = rng.randbytes(rng.randint(100, 5000))
        elif kind in _SPOILT:
            content = simulation.spoil(content, Spoilt(kind), rng)
        return Bill(
            name=f"{sender.number}-{numbers.file:06}{simulation.suffix}",
            content=content,
            kind=kind,
            asked=asked,
        )

    def _scanned(self, sender: Sender, numbers: Numbers) -> Bill | None:
        """Make, now and then, the document of a file's first claim."""
        if self._rng.random() >= _DOCUMENT_SHARE:
            return None
        name, content = self._networks[sender.network].simulation.document(
            self._rng, sender, lot=numbers.lot, claim=numbers.invoice
        )
        return Bill(name=name, content=content, kind=Kind.GOOD, asked={})

    def _address(self, kind: Kind, network: str) -> Address | None:
        """Choose a payer of a network, or none that anybody knows."""
        if kind is Kind.UNROUTABLE:
            return None
        there = [each for each in self._addresses if each.network == network]
        merged = [each for each in there if each.merged]
        if merged and self._rng.random() < _MERGED_SHARE:
            return self._rng.choice(merged)
        return self._rng.choice([each for each in there if not each.merged])


def _asked(network: Network, content: bytes) -> dict[str, Collection[int]]:
    format = network.recognise(content[:_HEAD])
    if format is None:
        raise ValueError(f"network {network.name} does not know its own simulated file")
    return {
        claim.match_key: {claim.asked, claim.asked_main, claim.asked_other}
        for lot in network.read(io.BytesIO(content), format).lots()
        for claim in lot.claims
    }
