"""Makes valid B2 files of any size, for the demo, the tests and the benchmarks.

Everything in them is invented by the random generator that the caller gives:
national numbers have right keys and belong to nobody, totals add up.  The same
generator state gives the same bytes.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from datetime import date
from typing import BinaryIO

from protocols.records import load_layouts
from protocols.sesam import amc_payers
from protocols.sesam.keys import nir_key
from protocols.sesam.routing import RECIPIENT_TYPES
from protocols.sesam.sample_lines import NORMS
from protocols.sesam.sample_lots import (
    AmcFacts,
    FileFacts,
    FundFacts,
    LotMaker,
    SenderFacts,
)
from protocols.sesam.sample_numbers import with_luhn, yymmdd

__all__ = (
    "NORMS",
    "AmcFacts",
    "FileFacts",
    "FundFacts",
    "SenderFacts",
    "fund_of",
    "make_file",
    "make_sender",
    "nir_key",
    "parts_of",
    "with_luhn",
    "write_file",
)
_NAMES = ("DES TILLEULS", "DU MOULIN", "DE LA FONTAINE", "DES GLYCINES", "DU LAC")


def make_sender(rng: random.Random, *, kind: str = "TP") -> SenderFacts:
    """Invent a professional or establishment whose number has a right key."""
    number = with_luhn(f"{rng.randrange(10, 96)}{rng.randrange(1_000_000):06}")
    return SenderFacts(
        kind=kind, number=number, name=f"CABINET {rng.choice(_NAMES)} {number[-3:]}"
    )


def fund_of(code: str, rules: Mapping[str, object]) -> FundFacts:
    """Say how invoices for a payer are addressed: its code, and its directory's rules.

    Requests to a complementary payer bear the insured person's fund as well.
    """
    if amc_payers.is_code(code):
        return FundFacts(
            organism="000",
            recipient_type=str(rules.get("recipient_type", "OC")),
            recipient=str(rules.get("recipient_number", "")).zfill(14),
        )
    regime, organism = code[:2], code[2:]
    kind = rules.get("recipient_type") or RECIPIENT_TYPES.get(regime, "CT")
    return FundFacts(
        regime=regime,
        fund=organism,
        organism=organism,
        computer_centre=str(rules.get("centre", "000")),
        recipient_type=str(kind),
    )


def make_file(
    rng: random.Random,
    *,
    sender: SenderFacts,
    lots: int,
    invoices_per_lot: int,
    day: str,
    norm: str = "FR",
    fund: FundFacts | None = None,
    file_number: int = 1,
    first_lot: int = 1,
    first_invoice: int = 1,
    line_end: bytes = b"",
    amc: AmcFacts | None = None,
) -> bytes:
    """Return a whole valid file; `day` is ISO, invoices are numbered onwards.

    Lot numbers go on from `first_lot`; beyond 999 they begin again one day
    earlier.  Raises ValueError for a norm that is not one of `NORMS`.
    """
    facts = FileFacts(
        sender=sender,
        fund=fund or FundFacts(),
        lots=lots,
        invoices_per_lot=invoices_per_lot,
        day=day,
        norm=norm,
        file_number=file_number,
        first_lot=first_lot,
        first_invoice=first_invoice,
        line_end=line_end,
        amc=amc,
    )
    return b"".join(parts_of(rng, facts))


def write_file(rng: random.Random, facts: FileFacts, into: BinaryIO) -> int:
    """Write a whole valid file lot by lot; return its size."""
    size = 0
    for part in parts_of(rng, facts):
        size += into.write(part)
    return size


def parts_of(rng: random.Random, facts: FileFacts) -> Iterator[bytes]:
    """Yield the file's start, each lot and the file's end."""
    if facts.norm not in NORMS:
        raise ValueError(
            f"the norm {facts.norm!r} is unknown; one of {NORMS} is wanted"
        )
    layouts = load_layouts("b2")
    fund, sender = facts.fund, facts.sender
    ends = {
        "sender_type": sender.kind,
        "sender_no": sender.number,
        "recipient_type": fund.recipient_type,
        "recipient_no": fund.number,
        "application": "TR",
        "file_id": f"{facts.file_number % 1_000_000:06}",
    }
    day = date.fromisoformat(facts.day)
    start = {**ends, "file_created": yymmdd(day), "norm_code": facts.norm}
    yield layouts["000"].write(start) + facts.line_end
    records = 2
    for index in range(facts.lots):
        maker = LotMaker(rng, facts, index)
        lot = maker.make()
        records += len(lot)
        yield facts.line_end.join(lot) + facts.line_end
    counts = {"nb_records": records, "nb_lots": facts.lots % 1000}
    yield layouts["999"].write({**ends, **counts}) + facts.line_end
