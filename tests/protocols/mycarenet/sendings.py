"""Invented sendings (920000) to answer: every number is made up, with right checks."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import field, frozen

from protocols.mycarenet.check_digits import (
    codes_check,
    nihii_key,
    niss_key,
    record_check,
)
from protocols.records import load_layouts

THIRD_PARTY = f"0{412345}{nihii_key('412345'):02}401"
_ACCOUNT = {"bic_a": "AXABBE22", "iban_a": "BE68539007547034"}
Values = dict[str, str | int]


@frozen(kw_only=True)
class Line:
    """One service; with `read`, a record 52 follows it."""

    code: int = 425014
    date: str = "20261102"
    amount: int = 1000
    share: int = 0
    on_b: bool = False
    read: bool = False


@frozen(kw_only=True)
class Bill:
    """One invoice."""

    number: int = 1
    patient: int = 1
    mutuality: str = "134"
    lines: Sequence[Line] = field(factory=lambda: [Line()])
    corrects: tuple[int, str, int] | None = None  # sending, year and month, invoice


def niss(patient: int) -> str:
    """A national number that belongs to nobody: born on 1 January 1901."""
    base = f"010101{patient % 1000:03}"
    return f"{base}{niss_key(base, since_2000=False):02}"


def sending(
    bills: Sequence[Bill] = (Bill(),),
    *,
    reference: str = "20261126000001",
    number: int = 7,
    year_month: str = "202611",
    created: str = "20261126",
    union: str | None = None,
    third_party: str = THIRD_PARTY,
) -> bytes:
    """Return a valid message with the bills in the order given."""
    layouts = load_layouts("efact")
    common: Values = {
        "sending_number": f"{number:03}",
        "instructions_version": "0001999",
        "created": created,
    }
    segments = [
        layouts["200"].write(
            {
                "message_type": "920000",
                "format_version": "03",
                "environment": "12",
                "reference": reference,
            }
        ),
        layouts["300"].write(
            common
            | {
                "year_month": year_month,
                "contact_name": "SPECIMEN",
                "invoice_type": "03",
                "account_mode": "01",
            }
        ),
    ]
    month: Values = {"year": f"0{year_month[:4]}", "month": year_month[4:]}
    party: Values = {"third_party": third_party, **month, **_ACCOUNT}
    kinds: list[tuple[str, Values]] = [
        ("10", common | party | {"billing_content": "050", "profession": "401"})
    ]
    for bill in bills:
        kinds += _bill(bill, created)
    lines = [line for bill in bills for line in bill.lines]
    total: Values = {
        "sending_number": f"{number:03}",
        "sending_check": f"{_check(lines):02}",
        **_amounts(lines),
        **party,
    }
    kinds.append(("90", total))
    records = []
    for order, (kind, values) in enumerate(kinds, 1):
        own: Values = {"rec_type": kind, "order_number": f"{order:06}"}
        made = layouts[kind].write(values | own)
        records.append(made[:348] + b"%02d" % record_check(made))
    return b"".join([*segments, *records, *_totals(bills, union)])


def _bill(bill: Bill, created: str) -> list[tuple[str, Values]]:
    who: Values = {"patient": f"00{niss(bill.patient)}", "sex": "1"}
    head: Values = who | {
        "affiliation_mutuality": bill.mutuality,
        "destination_mutuality": bill.mutuality,
        "invoice_number": f"{bill.number:012}",
        "invoice_type": "3",
        "billing_provider": THIRD_PARTY,
        "patient_flag": "1",
    }
    previous: Values = {}
    if bill.corrects is not None:
        sent, month, invoice = bill.corrects
        previous = {
            "previous_sending": f"{sent:03}",
            "previous_year_month": month,
            "previous_invoice": f"{invoice:012}",
        }
    made: list[tuple[str, Values]] = [("20", head | previous)]
    for line in bill.lines:
        what: Values = who | {
            "code": f"{line.code:07}",
            "first_date": line.date,
            "provider": THIRD_PARTY,
        }
        priced: Values = {
            "last_date": line.date,
            "affiliation_mutuality": bill.mutuality,
            "insurer_amount": line.amount,
            "patient_share": line.share,
            "units": 1 if line.amount >= 0 else -1,
            "supplement": 0,
            "account_used": str(int(line.on_b)),
        }
        made.append(("50", what | priced))
        if line.read:
            del what["sex"]
            card: Values = {
                "read_date": line.date,
                "read_time": "0815",
                "input_type": "1",
            }
            card |= {"support_type": "1", "support_serial": "591000000001"}
            made.append(("52", what | card))
    close: Values = {
        "invoice_date": created,
        "patient_share": sum(line.share for line in bill.lines),
        "supplement": 0,
        "invoice_check": f"{_check(bill.lines):02}",
        **_amounts(bill.lines),
    }
    made.append(("80", head | close))
    return made


def _totals(bills: Sequence[Bill], union: str | None) -> list[bytes]:
    layouts = load_layouts("efact")
    made = []
    mutualities = sorted({bill.mutuality for bill in bills})
    for kind, whom in (*(("95", each) for each in mutualities), ("96", "")):
        of = [bill for bill in bills if whom in {"", bill.mutuality}]
        lines = [line for bill in of for line in bill.lines]
        amounts = _amounts(lines)
        name = whom or f"{(union or mutualities[0])[0]}99"
        values: Values = {
            "rec_type": kind,
            "mutuality": name,
            "insurer_amount": sum(line.amount for line in lines),
            "records": sum(2 + len(bill.lines) for bill in of),
            "check": f"{_check(lines):02}",
            **amounts,
        }
        made.append(layouts[kind].write(values))
    return made


def _amounts(lines: Sequence[Line]) -> Values:
    return {
        "insurer_amount_a": sum(line.amount for line in lines if not line.on_b),
        "insurer_amount_b": sum(line.amount for line in lines if line.on_b),
    }


def _check(lines: Sequence[Line]) -> int:
    return codes_check(sum(line.code * (2 if line.read else 1) for line in lines))
