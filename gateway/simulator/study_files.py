"""The files between the gateway and a study's payers: B2 read, returns written.

The formats are the network's own, as `protocols.sesam.payer_simulator` speaks them;
this does the same in bulk, for a hundred thousand claims, and without its faults.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple
from zlib import crc32

from attrs import frozen

from protocols.records import load_layouts
from protocols.sesam import arl
from protocols.sesam.keys import iso_date, lot_key
from protocols.sesam.noemie_writer import WRAPPED, ReturnWriter
from protocols.sesam.payer_simulator_decisions import LOWERED, REASONS, yymmdd
from protocols.sesam.stamp import stamps

_RECORD: Final = 128
_B2: Final = load_layouts("b2")
_LEVEL: Final = "03"
_PAYMENTS: Final = "0580"
_REJECTED, _LOWERED = 0.04, 0.07  # of the claims; the second includes the first
_LESS: Final = 80  # per cent paid of what is lowered
_FEW: Final = 5  # digits that are left of a number that was cut
_DIGITS: Final = 9
_NIR: Final = 13


def _place(kind: str, name: str) -> slice:
    field = _B2[kind][name]
    return slice(field.start - 1, field.end)


_INVOICE = _place("2", "invoice_no")
_INVOICE_DATE = _place("2", "invoice_date")
_PATIENT = slice(
    _place("2S", "patient_nir").start, _place("2S", "patient_nir_key").stop
)
_AMO, _AMC = _place("5", "total_amo"), _place("5", "total_amc")


class Claim(NamedTuple):
    """One invoice as it was sent: its first record, and the cents asked.

    `patient` is the patient's own number with its key, where it is not the insured.
    """

    record: bytes
    patient: bytes
    amo: int
    amc: int


@frozen(kw_only=True)
class SentLot:
    """One lot as it was sent; `key` is what answers are matched by."""

    key: str
    file: str
    professional: str
    number: str
    day: str
    organism: str
    claims: tuple[Claim, ...]


@frozen(kw_only=True)
class SentFile:
    """One file as its payer has it; `ident` tells a number that comes again."""

    header: Mapping[str, str]
    ident: str
    sha256: str
    lots: tuple[SentLot, ...]


class Altered(StrEnum):
    """How a payer's system spoils the numbers of invoices; the same for a lot."""

    CUT_LEFT = "cut-left"  # only the last digits are kept
    CUT_RIGHT = "cut-right"
    PADDED = "padded"
    RENUMBERED = "renumbered"

    def number(self, invoice: str) -> str:
        """Return what an invoice is called in the answers."""
        if self is Altered.CUT_LEFT:
            return invoice[-_FEW:]
        if self is Altered.CUT_RIGHT:
            return invoice[:-1]
        if self is Altered.PADDED:
            return invoice.lstrip("0").ljust(_DIGITS, "0")
        return f"9{crc32(invoice.encode()) % 10**8:08}"


class Parties(NamedTuple):
    """Who a return is from and for, by kind and number."""

    sender_type: str
    sender_no: str
    recipient_type: str
    recipient_no: str


def read_b2(content: bytes) -> SentFile:
    """Read a file that the gateway made; it is believed to be sound."""
    header = _B2["000"].read(content[:_RECORD])
    return SentFile(
        header=header,
        ident=f"{header['sender_no']}|{header['file_id']}",
        sha256=hashlib.sha256(content).hexdigest(),
        lots=tuple(_lots(content, header["file_id"])),
    )


def _lots(content: bytes, file: str) -> Iterator[SentLot]:
    head: Mapping[str, str] = {}
    claims: list[Claim] = []
    first = patient = b""
    for start in range(_RECORD, len(content), _RECORD):
        kind = content[start : start + 1]
        if kind == b"2":
            record = content[start : start + _RECORD]
            if first:
                patient = record[_PATIENT]
            else:
                first = record
        elif kind == b"5":
            record = content[start : start + _RECORD]
            claims.append(Claim(first, patient, int(record[_AMO]), int(record[_AMC])))
            first = patient = b""
        elif kind == b"1":
            head = _B2["1"].read(content[start : start + _RECORD])
        elif kind == b"6":
            yield SentLot(
                key=lot_key(
                    head["ps_id"], iso_date(head["lot_created"]), head["lot_no"]
                ),
                file=file,
                professional=head["ps_id"],
                number=head["lot_no"],
                day=head["lot_created"],
                organism=head["dest_organism"],
                claims=tuple(claims),
            )
            claims = []


def write_arl(
    lots: Sequence[SentLot], parties: Parties, *, number: int, day: date
) -> bytes:
    """Write a SIMULATED acknowledgement that says of lots that they have come."""
    stamp = stamps(arl.SIMULATED_LAYOUTS)
    writer = ReturnWriter(
        header=stamp["000"].fill(
            **_head(parties, arl.POSITIVE, number, day), message=arl.SIMULATED_MARK
        ),
        form=WRAPPED,
        layouts=arl.SIMULATED_LAYOUTS,
    )
    writer.raw(
        stamp[arl.FILE].fill(
            sent_file_id=lots[0].file, received=yymmdd(day), lots=len(lots)
        )
    )
    for lot in lots:
        writer.raw(
            stamp[arl.LOT].fill(
                professional=lot.professional,
                lot_date=lot.day,
                lot=lot.number,
                organism=lot.organism,
                invoices=len(lot.claims),
            )
        )
        writer.item(lot=lot.key)
    return writer.finish()


def write_payments(
    lots: Iterable[tuple[SentLot, Altered | None]],
    parties: Parties,
    *,
    number: int,
    day: date,
) -> bytes:
    """Write one NOEMIE 0580 for all lots, by professional; some under wrong numbers."""
    stamp = stamps("noemie")
    writer = ReturnWriter(
        header=stamp["000"].fill(**_head(parties, _PAYMENTS, number, day)),
        form=WRAPPED,
    )
    whose: dict[str, list[tuple[SentLot, Altered | None]]] = {}
    for lot, altered in lots:
        whose.setdefault(lot.professional, []).append((lot, altered))
    for professional, own in whose.items():
        writer.raw(stamp["040"].fill(payee=professional))
        writer.raw(
            stamp["071"].fill(
                day=yymmdd(day),
                transfer=f"SIMULATED TRANSFER {number:06}",
                payer=parties.sender_no[-10:],
            )
        )
        writer.raw(stamp["081"].fill(return_kind="01"))
        for lot, altered in own:
            for claim in lot.claims:
                _write_claim(writer, lot, claim, altered)
        writer.control(f"02{professional:>015}")
    return writer.finish()


def _write_claim(
    writer: ReturnWriter, lot: SentLot, claim: Claim, altered: Altered | None
) -> None:
    stamp = stamps("noemie")
    invoice = claim.record[_INVOICE].decode("ascii")
    throw = crc32(claim.record) / 2**32
    state = "R" if throw < _REJECTED else "P"
    share = 0 if state == "R" else _LESS if throw < _LOWERED else 100
    writer.raw(
        stamp["102"].fill(
            level=_LEVEL,
            invoice=altered.number(invoice) if altered else invoice,
            lot=lot.number,
            lot_date=lot.day,
            invoice_kind="B",
            invoice_date=claim.record[_INVOICE_DATE].decode("ascii"),
            insurance="AS",
        )
    )
    sent = _B2["2"]
    writer.raw(
        stamp["103"].fill(
            level=_LEVEL,
            insured=sent["insured_nir"].raw(claim.record),
            insured_check=sent["insured_nir_key"].raw(claim.record),
            patient=claim.patient[:_NIR].decode("ascii"),
            patient_check=claim.patient[_NIR:].decode("ascii"),
            birth_date=sent["birth_date"].raw(claim.record),
            birth_rank=sent["birth_rank"].raw(claim.record),
        )
    )
    paid = 0
    for code, asked in (("198", claim.amo), ("199", claim.amc)):
        if asked or code == "198":
            given = asked * share // 100
            paid += given
            writer.raw(
                stamp[code].fill(
                    level=_LEVEL, asked=asked, state=state, paid=given, sign="P"
                )
            )
    if share < 100:  # noqa: PLR2004 - per cent
        reason, label = LOWERED if share else REASONS[int(throw * 2**20) % 3]
        writer.raw(
            stamp["294"].fill(
                level=_LEVEL, code=reason, label=label, scope="F", part="O"
            )
        )
    writer.item(lot=(lot.professional, lot.number, lot.day), items=1, paid=paid)


def _head(parties: Parties, reference: str, number: int, day: date) -> dict[str, str]:
    return {
        **parties._asdict(),
        "exchange": "NO",
        "file_id": f"{number % 1_000_000:06}",
        "file_created": yymmdd(day),
        "reference": reference,
        "currency": "U",
        "flow": "T",
    }
