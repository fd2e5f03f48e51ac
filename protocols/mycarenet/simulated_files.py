"""The files at the payers' side of a study: sendings read, returns written, in bulk.

What a union decides of an invoice follows from the invoice alone; which faults hit
its returns is decided outside.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from random import Random
from types import MappingProxyType
from typing import Final
from zlib import crc32

from protocols.mycarenet import rules
from protocols.mycarenet.keys import lot_key, normal_sender
from protocols.mycarenet.payer_simulator_decisions import refuse_line, reject
from protocols.mycarenet.return_records import INVOICE
from protocols.mycarenet.return_sending import Sending, is_priced, read_sending
from protocols.mycarenet.return_writer import (
    BLOCKING,
    Payer,
    Verdict,
    write_receipt,
    write_settlement,
    write_verdict,
)
from protocols.simulation import Decided, ReturnFile, SentFile, SentLot, Told

_REJECTED, _PARTLY = 0.04, 0.07  # of the invoices; the second includes the first
_WHOLE: Final = 100  # per cent
_MOST: Final = 1000  # sendings answered under one number of the study
_REFERENCE: Final = slice(20, 34)  # zone 204 in the header
REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "unknown-patient": "F200820",
        "no-rights": "F200742",
        "no-prescription": "R521921",
        "price": "S501903",
    }
)
"""Real codes of the payers; that these invoices deserve them is SIMULATED."""

RENUMBERED: Final = "renumbered"
"""A return bears the reference of another sending."""


def read_sent(content: bytes) -> SentFile:
    """Read the one sending of a file that a gateway composed."""
    sending = read_sending(content)
    number = sending.head("sending_number")
    month = sending.head("year_month")
    lot = SentLot(
        key=lot_key(sending.head("reference"), month, number),
        sender=normal_sender(sending.third_party),
        claims=sum(each.kind == INVOICE for each in sending.records),
        content=content,
    )
    return SentFile(f"{lot.sender}|{month[:4]}|{number}", (lot,))


def write_returns(
    kind: str, lots: Sequence[Told], *, number: int, day: date
) -> Iterator[ReturnFile]:
    """Write one return for each sending: a union answers them one by one."""
    for index, told in enumerate(lots):
        sending = read_sending(told.lot.content)
        union = f"{sending.destination[:1]}00"
        payer = Payer(
            union=union,
            dialect=union,
            number=number * _MOST + index,
            day=f"{day:%Y%m%d}",
            series=number % 100_000,
        )
        message, content = _write(kind, sending, payer, told)
        if told.alteration:
            content = _renumbered(content)
        yield ReturnFile(f"{message}-{union}-{number:06}-{index:03}.txt", content)


def _write(kind: str, sending: Sending, payer: Payer, told: Told) -> tuple[str, bytes]:
    if kind == rules.RECEIPT:
        return "931000", write_receipt(sending, payer)
    if kind == rules.VERDICT and told.refused:
        return "920099", write_verdict(
            sending, payer, {}, refusal=BLOCKING, records=False
        )
    if kind == rules.VERDICT:
        return "920098", write_verdict(sending, payer, {})
    verdicts = _as_told(sending, told.decided) if told.decided else _decided(sending)
    return "920900", write_settlement(sending, payer, verdicts)


def _as_told(sending: Sending, decided: Sequence[Decided]) -> dict[int, Verdict]:
    found: dict[int, Verdict] = {}
    for invoice, each in zip(sending.invoices(), decided, strict=False):
        code = REASONS.get(each.reason, REASONS["price"])
        lines = [record for record in invoice if is_priced(record)]
        if each.share == 0 and code.startswith("F"):
            found |= reject(invoice, code)
        elif each.share == 0:
            found |= {line.place: Verdict((code,)) for line in lines}
        elif each.share < _WHOLE:
            for line in lines:
                accepted = line.amount("insurer_amount") * each.share // _WHOLE
                found[line.place] = Verdict((code,), accepted=accepted)
    return found


def _decided(sending: Sending) -> dict[int, Verdict]:
    found: dict[int, Verdict] = {}
    for invoice in sending.invoices():
        throw = crc32(invoice[0].content) / 2**32
        lines = [each for each in invoice if is_priced(each)]
        if throw < _REJECTED:
            found |= reject(invoice)
        elif throw < _PARTLY and lines:
            found |= refuse_line(lines, Random(throw))  # noqa: S311 - invented
    return found


def _renumbered(content: bytes) -> bytes:
    """Give a return the reference of another sending (zone 204)."""
    reference = content[_REFERENCE]
    other = reference.translate(bytes.maketrans(b"0123456789", b"9876543210"))
    return content[: _REFERENCE.start] + other + content[_REFERENCE.stop :]
