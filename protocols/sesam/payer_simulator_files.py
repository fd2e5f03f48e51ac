"""The files that a simulated caisse sends back: acknowledgements and payments.

Payments are NOEMIE 0580 for all professionals of a file at once, so that the
gateway has a mixed return to split.  Acknowledgements are of the SIMULATED
format, because the national one is not public (see `arl`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from protocols.records import load_layouts
from protocols.sesam.arl import (
    FILE,
    LOT,
    NEGATIVE,
    POSITIVE,
    REASON,
    SIMULATED_LAYOUTS,
    SIMULATED_MARK,
)
from protocols.sesam.noemie_physical import Form
from protocols.sesam.noemie_writer import ReturnWriter
from protocols.sesam.payer_simulator_decisions import Decision, Part, yymmdd
from protocols.sesam.payer_simulator_sent import SentFile, SentLot

Refusal = Sequence[tuple[str, str, int]]  # code, label and record of each reason
Values = dict[str, str | int]
_PAYMENTS = "0580"
_LEVEL: Values = {"level": "03"}
_PARTS = (("198", "amo"), ("199", "amc"))


def acknowledge(
    sent: SentFile,
    lots: Sequence[tuple[SentLot, Refusal]],
    *,
    number: int,
    day: date,
    form: Form,
) -> bytes:
    """Write a SIMULATED acknowledgement: negative if the lots have reasons."""
    negative = any(reasons for _, reasons in lots)
    head = _header(sent, NEGATIVE if negative else POSITIVE, number=number, day=day) | {
        "message": SIMULATED_MARK
    }
    layouts = load_layouts(SIMULATED_LAYOUTS)
    writer = ReturnWriter(
        header=layouts["000"].write(head), form=form, layouts=SIMULATED_LAYOUTS
    )
    writer.add(
        FILE,
        {
            "sent_file_id": sent.header["file_id"],
            "received": yymmdd(day),
            "lots": len(lots),
        },
    )
    for lot, reasons in lots:
        writer.add(
            LOT,
            {
                "professional": lot.professional,
                "lot_date": _digits(lot.record["lot_created"]),
                "lot": _digits(lot.record["lot_no"]),
                "organism": _digits(lot.record["dest_organism"]),
                "invoices": min(len(lot.claims), 9999),
            },
        )
        writer.item(lot=lot.key)
        for code, label, record in reasons:
            writer.add(
                REASON,
                {
                    "code": code[:4].upper(),
                    "label": _plain(label)[:80],
                    "record": min(record, 999_999),
                },
            )
    return writer.finish()


def pay(
    sent: SentFile,
    decided: Mapping[str, Sequence[Decision]],
    *,
    number: int,
    day: date,
    form: Form,
) -> bytes:
    """Write a NOEMIE 0580: the invoices decided, by professional."""
    head = _header(sent, _PAYMENTS, number=number, day=day)
    writer = ReturnWriter(header=load_layouts("noemie")["000"].write(head), form=form)
    for professional, decisions in decided.items():
        writer.add("040", {"payee": professional})
        writer.add(
            "071",
            {
                "day": yymmdd(day),
                "transfer": f"SIMULATED TRANSFER {number:06}",
                "payer": sent.header["recipient_no"][-10:],
            },
        )
        writer.add("081", {"return_kind": "01"})
        for decision in decisions:
            _invoice(writer, professional, decision)
        writer.control(f"02{professional:>015}")
    return writer.finish()


def _invoice(writer: ReturnWriter, professional: str, decision: Decision) -> None:
    record = decision.claim.record
    insured, own = record["insured_nir"], decision.claim.seen.patient
    if own.startswith(insured):
        own = ""
    writer.add(
        "102",
        _LEVEL
        | {
            "invoice": decision.invoice,
            "lot": decision.lot,
            "lot_date": decision.lot_date,
            "invoice_kind": "D" if decision.claim.request else "B",
            "amc_route": "A" if decision.claim.split else "",
            "invoice_date": _digits(decision.claim.seen.date.replace("-", "")[2:]),
            "insurance": "AS",
        },
    )
    writer.add(
        "103",
        _LEVEL
        | {
            "insured": insured,
            "insured_check": _digits(record["insured_nir_key"]),
            "patient": own[:13],
            "patient_check": _digits(own[13:]),
            "birth_date": _digits(record["birth_date"]),
            "birth_rank": _digits(record["birth_rank"]),
        },
    )
    parts: Mapping[str, Part] = {"amo": decision.amo, "amc": decision.amc}
    for code, name in _PARTS:
        asked, state, paid = parts[name]
        if name == "amo" if decision.claim.request else name == "amc" and not asked:
            continue
        values = _LEVEL | {"asked": asked, "state": state, "paid": paid, "sign": "P"}
        if name == "amc":
            values["amc"] = _digits(record["amc_no"])
        writer.add(code, values)
    main = decision.amo[1] == "R" or not decision.amc[0]
    part = "O" if main and not decision.claim.request else "C"
    for reason, label in decision.reasons:
        values = _LEVEL | {"code": reason, "label": label, "scope": "F", "part": part}
        writer.add("294", values)
    lot = (professional, decision.lot, decision.lot_date)
    writer.item(lot=lot, items=1, paid=decision.paid)


def _header(sent: SentFile, reference: str, *, number: int, day: date) -> Values:
    header = sent.header
    return {
        "sender_type": header["recipient_type"],
        "sender_no": _digits(header["recipient_no"]),
        "recipient_type": header["sender_type"],
        "recipient_no": header["sender_no"],
        "exchange": "NO",
        "file_id": f"{number % 1_000_000:06}",
        "file_created": yymmdd(day),
        "reference": reference,
        "currency": "U",
        "flow": "T",
    }


def _digits(text: str) -> str:
    """Return a number, or nothing where there is none."""
    return text if text.isascii() and text.isdigit() else ""


def _plain(text: str) -> str:
    """Return a text in the characters that such files have."""
    return text.upper().encode("ascii", "replace").decode("ascii").replace("@", " ")
