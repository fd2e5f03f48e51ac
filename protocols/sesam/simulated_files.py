"""The files at the payers' side of a study: B2 read, returns written, in bulk.

This does what `payer_simulator` does, for a hundred thousand claims, and without its
faults: what goes wrong is decided outside, only how numbers are spoilt is known here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple
from zlib import crc32

from protocols.records import load_layouts
from protocols.sesam import arl
from protocols.sesam.amc_identity import amc_of, identity_of
from protocols.sesam.enriched import invoices, is_request
from protocols.sesam.keys import iso_date, lot_key, request_lot_key
from protocols.sesam.noemie_writer import WRAPPED, ReturnWriter
from protocols.sesam.payer_simulator_decisions import LOWERED, REASONS, yymmdd
from protocols.sesam.stamp import stamps
from protocols.simulation import Decided, SentFile, SentLot, Told

_RECORD: Final = 128
_B2: Final = load_layouts("b2")
_LEVEL: Final = "03"
_PAYMENTS: Final = "0580"
_REJECTED, _LOWERED = 0.04, 0.07  # of the claims; the second includes the first
_LESS: Final = 80  # per cent paid of what is lowered
REASONS_BY_NAME: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "unknown-patient": REASONS[0],
        "no-rights": REASONS[1],
        "no-prescription": REASONS[2],
        "price": LOWERED,
    }
)
_REFUSED: Final = ("SIM9", "SIMULATED REFUSAL OF THE WHOLE LOT")
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


class _Claim(NamedTuple):
    """One invoice as it was sent: its first record, and the cents asked.

    `patient` is the patient's own number with its key, where it is not the insured.
    """

    record: bytes
    patient: bytes
    amo: int
    amc: int


def read_sent(content: bytes) -> SentFile:
    """Read a file that the gateway made; a lot keeps the file's first record as well."""
    first = content[:_RECORD]
    header = _B2["000"].read(first)
    lots = tuple(
        _sent(first, content[begin * _RECORD : end * _RECORD])
        for begin, end in _spans(content[::_RECORD])
    )
    return SentFile(f"{header['sender_no']}|{header['file_id']}", lots)


def _spans(kinds: bytes) -> Iterator[tuple[int, int]]:
    """Yield where lots begin and end, in records, by the first characters of all."""
    end = 0
    while (begin := kinds.find(b"1", end)) >= 0:
        end = kinds.index(b"6", begin) + 1
        yield begin, end


def _sent(first: bytes, records: bytes) -> SentLot:
    head = _B2["1"].read(records[:_RECORD])
    of_lot = head["ps_id"], iso_date(head["lot_created"]), head["lot_no"]
    key = lot_key(*of_lot)
    if is_request(records[_RECORD : 2 * _RECORD]):
        cut = range(_RECORD, len(records), _RECORD)
        invoice = next(invoices([records[at : at + _RECORD] for at in cut]))
        key = request_lot_key(*of_lot, amc_of(identity_of(invoice)))
    return SentLot(
        key=key,
        sender=head["ps_id"],
        claims=records[::_RECORD].count(b"5"),
        content=first + records,
    )


def write_arl(
    lots: Sequence[SentLot], *, number: int, day: date, refused: bool = False
) -> bytes:
    """Write a SIMULATED acknowledgement: of lots that have come, or are all refused."""
    stamp = stamps(arl.SIMULATED_LAYOUTS)
    sent = _B2["000"].read(lots[0].content[:_RECORD])
    writer = ReturnWriter(
        header=stamp["000"].fill(
            **_head(sent, arl.NEGATIVE if refused else arl.POSITIVE, number, day),
            message=arl.SIMULATED_MARK,
        ),
        form=WRAPPED,
        layouts=arl.SIMULATED_LAYOUTS,
    )
    writer.raw(
        stamp[arl.FILE].fill(
            sent_file_id=sent["file_id"], received=yymmdd(day), lots=len(lots)
        )
    )
    for lot in lots:
        head = _B2["1"].read(lot.content[_RECORD : 2 * _RECORD])
        writer.raw(
            stamp[arl.LOT].fill(
                professional=lot.sender,
                lot_date=head["lot_created"],
                lot=head["lot_no"],
                organism=head["dest_organism"],
                invoices=lot.claims,
            )
        )
        writer.item(lot=lot.key)
        if refused:
            code, label = _REFUSED
            writer.raw(stamp[arl.REASON].fill(code=code, label=label))
    return writer.finish()


def write_payments(lots: Sequence[Told], *, number: int, day: date) -> bytes:
    """Write one NOEMIE 0580 for all lots, by professional; some under wrong numbers."""
    stamp = stamps("noemie")
    sent = _B2["000"].read(lots[0].lot.content[:_RECORD])
    writer = ReturnWriter(
        header=stamp["000"].fill(**_head(sent, _PAYMENTS, number, day)), form=WRAPPED
    )
    whose: dict[str, list[Told]] = {}
    for told in lots:
        whose.setdefault(told.lot.sender, []).append(told)
    for professional, own in whose.items():
        writer.raw(stamp["040"].fill(payee=professional))
        writer.raw(
            stamp["071"].fill(
                day=yymmdd(day),
                transfer=f"SIMULATED TRANSFER {number:06}",
                payer=sent["recipient_no"][-10:],
            )
        )
        writer.raw(stamp["081"].fill(return_kind="01"))
        for told in own:
            _write_lot(writer, told)
        writer.control(f"02{professional:>015}")
    return writer.finish()


def _write_lot(writer: ReturnWriter, told: Told) -> None:
    head = _B2["1"].read(told.lot.content[_RECORD : 2 * _RECORD])
    altered = Altered(told.alteration) if told.alteration else None
    decided = iter(told.decided)
    for claim in _claims(told.lot.content):
        _write_claim(writer, head, claim, altered, next(decided, None))


def _claims(content: bytes) -> Iterator[_Claim]:
    first = patient = b""
    for start in range(2 * _RECORD, len(content), _RECORD):
        kind = content[start : start + 1]
        if kind == b"2":
            record = content[start : start + _RECORD]
            if first:
                patient = record[_PATIENT]
            else:
                first = record
        elif kind == b"5":
            record = content[start : start + _RECORD]
            yield _Claim(first, patient, int(record[_AMO]), int(record[_AMC]))
            first = patient = b""


def _write_claim(
    writer: ReturnWriter,
    lot: Mapping[str, str],
    claim: _Claim,
    altered: Altered | None,
    decided: Decided | None,
) -> None:
    stamp = stamps("noemie")
    invoice = claim.record[_INVOICE].decode("ascii")
    throw = crc32(claim.record) / 2**32
    share = 0 if throw < _REJECTED else _LESS if throw < _LOWERED else 100
    why = LOWERED if share else REASONS[int(throw * 2**20) % 3]
    if decided is not None:
        share = decided.share
        why = REASONS_BY_NAME.get(decided.reason, LOWERED)
    state = "P" if share else "R"
    request = is_request(claim.record)
    writer.raw(
        stamp["102"].fill(
            level=_LEVEL,
            invoice=altered.number(invoice) if altered else invoice,
            lot=lot["lot_no"],
            lot_date=lot["lot_created"],
            invoice_kind="D" if request else "B",
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
    for code, asked in (("198", 0 if request else claim.amo), ("199", claim.amc)):
        if asked or (code == "198" and not request):
            given = asked * share // 100
            paid += given
            writer.raw(
                stamp[code].fill(
                    level=_LEVEL, asked=asked, state=state, paid=given, sign="P"
                )
            )
    if share < 100:  # noqa: PLR2004 - per cent
        reason, label = why
        writer.raw(
            stamp["294"].fill(
                level=_LEVEL,
                code=reason,
                label=label,
                scope="F",
                part="C" if request else "O",
            )
        )
    key = (lot["ps_id"], lot["lot_no"], lot["lot_created"])
    writer.item(lot=key, items=1, paid=paid)


def _head(
    sent: Mapping[str, str], reference: str, number: int, day: date
) -> dict[str, str]:
    """Return the header of a return to who sent a file, from its addressee."""
    return {
        "sender_type": sent["recipient_type"],
        "sender_no": sent["recipient_no"],
        "recipient_type": sent["sender_type"],
        "recipient_no": sent["sender_no"],
        "exchange": "NO",
        "file_id": f"{number % 1_000_000:06}",
        "file_created": yymmdd(day),
        "reference": reference,
        "currency": "U",
        "flow": "T",
    }
