"""Small sendings of a nurse to one union, everything in them invented, to break at will."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Final, NamedTuple

from protocols.mycarenet import check_digits
from protocols.mycarenet.checks import Checks
from protocols.mycarenet.columns import Table
from protocols.mycarenet.findings import describe
from protocols.mycarenet.message import Messages
from protocols.mycarenet.tables import SHIPPED, Tables
from protocols.records import load_layouts
from routing.envelope import Severity

Values = dict[str, str | int]

CREATED: Final = "20261118"
DAY: Final = "20261103"
_LAYOUTS = load_layouts("efact")


def provider(base: str, competence: str = "401") -> str:
    """Return a provider's number of twelve digits from its first six."""
    return f"0{base}{check_digits.nihii_key(base):02}{competence}"


def patient(base: str) -> str:
    """Return a patient's number of thirteen digits from its first nine."""
    return f"00{base}{check_digits.niss_key(base, since_2000=False):02}"


def iban(account: str) -> str:
    """Return a Belgian IBAN from its twelve digits."""
    return f"BE{check_digits.iban_check('BE', account)}{account}"


NURSE: Final = provider("410001")
OTHER_NURSE: Final = provider("410002")
DOCTOR: Final = provider("100001", "004")
PATIENT: Final = patient("500101901")
OTHER_PATIENT: Final = patient("600202902")


COMMITMENT: Final[Values] = {
    "payment_commitment": "A1B2C3D4" * 4,
    "insured_from": "20261101",
    "insured_until": "20261130",
    "communicated": "20261102",
}
NO_COMMITMENT: Final[Values] = dict.fromkeys(COMMITMENT, "")


class Record(NamedTuple):
    """A record before it is written: its kind, and its fields by name."""

    kind: str
    fields: Values


def first(**changes: str | int) -> Record:
    """Make the record 10."""
    values: Values = {
        "account_index": 0,
        "instructions_version": "9991999",
        "sending_number": 17,
        "billing_content": "050",
        "third_party": NURSE,
        "profession": "999",
        "year": "02026",
        "month": "11",
        "created": CREATED,
        "enterprise_number": "0400000086",
        "bic_a": "GEBABEBB",
        "iban_a": iban("001000000000"),
    }
    return Record("10", values | changes)


def invoice(number: int = 1, lines: int = 1, **changes: str | int) -> list[Record]:
    """Make an invoice: its record 20, lines with a card read for each, its record 80."""
    shared: Values = {
        "affiliation_mutuality": "134",
        "patient": PATIENT,
        "sex": 1,
        "invoice_type": 3,
        "billing_provider": NURSE,
        "destination_mutuality": "134",
        "invoice_number": number,
        "patient_flag": 1,
    }
    shared |= {name: value for name, value in changes.items() if name in shared}
    more = {"holder_codes": "0000110110", **COMMITMENT} | {
        name: value for name, value in changes.items() if name not in shared
    }
    records = [Record("20", shared | more)]
    for _ in range(lines):
        records += [line(shared), read()]
    amounts: Values = {"insurer_amount_a": 642 * lines, "insurer_amount_b": 0}
    amounts |= {"patient_share": 0, "supplement": 0}
    return [*records, Record("80", shared | amounts)]


def line(shared: Mapping[str, str | int], **changes: str | int) -> Record:
    """Make a line of an invoice."""
    values: Values = {
        "norm": 0,
        "code": "0425110",
        "first_date": DAY,
        "last_date": DAY,
        "provider": NURSE,
        "insurer_amount": 642,
        "units": 1,
        "prescription_date": "20261030",
        "prescriber": DOCTOR,
        "prescriber_norm": 1,
        "patient_share": 0,
        "supplement": 0,
    }
    own = ("affiliation_mutuality", "patient", "sex")
    return Record("50", {name: shared[name] for name in own} | values | changes)


def read(**changes: str | int) -> Record:
    """Make the record 52 of a line: an identity card that was read."""
    values: Values = {
        "code": "0425110",
        "first_date": DAY,
        "read_date": DAY,
        "patient": PATIENT,
        "input_type": "1",
        "support_type": "1",
        "read_time": "0815",
        "provider": NURSE,
        "support_serial": "591234567890",
    }
    return Record("52", values | changes)


def sending() -> list[Record]:
    """Make a sending of two invoices with two lines each, in which nothing is wrong."""
    return [first(), *invoice(1, 2), *invoice(2, 2), last()]


def last(**changes: str | int) -> Record:
    """Make the record 90."""
    values: Values = {"sending_number": 17, "third_party": NURSE}
    values |= {"insurer_amount_a": 2568, "insurer_amount_b": 0}
    return Record("90", values | changes)


def change(
    records: list[Record], kind: str, which: int = 0, **values: str | int
) -> None:
    """Change fields of one record of a kind."""
    found = [each for each in records if each.kind == kind]
    found[which].fields.update(values)


def write(records: list[Record]) -> bytes:
    """Write a message: header, records numbered and with their check digits."""
    header = _LAYOUTS["200"].write({"message_type": "920000", "format_version": "03"})
    header += _LAYOUTS["300"].write({"year_month": "202611", "sending_number": 17})
    parts = [header]
    for index, each in enumerate(records):
        values = {"order_number": index + 1, **each.fields}
        record = bytearray(_LAYOUTS[each.kind].write(values))
        record[348:] = b"%02d" % check_digits.record_check(bytes(record))
        parts.append(bytes(record))
    return b"".join(parts)


class Found(NamedTuple):
    """What was found: the payer's code, the records that have it (from 0), and words."""

    code: str
    rows: list[int]
    field: str
    severity: Severity
    told: str


def checked(
    content: bytes, block: int = 4 << 20, tables: Tables = SHIPPED
) -> list[Found]:
    """Return everything that the checks find in a message."""
    checks = Checks(tables)
    found = []
    for chunk in Messages(io.BytesIO(content), block=block).chunks():
        for each in checks.check(Table(chunk)):
            problem = describe(each, 0, chunk)
            rows = (each.rows + chunk.first - 1).tolist()
            name = each.field.name if each.field else ""
            found.append(
                Found(problem.code, rows, name, each.severity, problem.message)
            )
    return found


def found(records: list[Record], block: int = 4 << 20) -> list[Found]:
    """Return everything that the checks find in a sending."""
    return checked(write(records), block)


def codes_of(records: list[Record]) -> set[str]:
    """Return the codes of everything that the checks find in a sending."""
    return {each.code for each in found(records)}
