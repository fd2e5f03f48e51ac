"""What the B2 checks find: totals, keys, numbers, days, and that nothing is missed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.records import load_layouts
from protocols.sesam.checks import PROBLEMS, severity_of
from routing.envelope import Severity
from tests.protocols.sesam.b2_files import (
    RECORD,
    b2_file,
    codes_of,
    numbers_of_kind,
    problems_of,
    read_all,
    records_of,
    with_field,
)

OFFICE = b2_file(lots=2, invoices=3)
STAYS = b2_file(lots=2, invoices=6, norm="CP")
TOTALS = {
    "5": (
        "total_billed",
        "total_amo",
        "total_amc",
        "total_patient_before_amc",
    ),
    "5-CP": (
        *("base_hospital", "amo_hospital", "billed_hospital", "amc_hospital"),
        *(
            "fees_billed",
            "fees_amo",
            "amc_fees",
            "patient_before_amc",
        ),
    ),
    "6": (
        *("nb_invoices", "nb_type2_records", "nb_type5_records"),
        *("total_billed", "total_amo", "total_amc", "lot_no"),
    ),
    "999": ("nb_records", "nb_lots", "sender_no"),
}
LINES = {
    "4": ("amo_amount", "total_amount", "amc_amount"),
    "4-CP": ("amo_amount", "total_amount", "amc_amount"),
    "3": ("base", "amo_amount", "total_amount", "amc_amount"),
}


@st.composite
def _tampering(draw: st.DrawFn) -> tuple[bytes, int]:
    """One digit of one total, or of one amount of a line, made another."""
    kind = draw(st.sampled_from([*TOTALS, *LINES]))
    name = draw(st.sampled_from((TOTALS | LINES)[kind]))
    establishment = kind in {"5-CP", "4-CP", "3"}
    data = STAYS if establishment else OFFICE
    numbers = [
        number
        for number in numbers_of_kind(data, kind.removesuffix("-CP").encode())
        if _is_base(records_of(data)[number - 1], establishment)
    ]
    number = draw(st.sampled_from(numbers))
    field = load_layouts("b2")[kind][name]
    at = (number - 1) * RECORD + draw(st.integers(field.start - 1, field.end - 1))
    digit = draw(st.sampled_from([d for d in b"0123456789" if d != data[at]]))
    return data[:at] + bytes([digit]) + data[at + 1 :], number


def _is_base(record: bytes, establishment: bool) -> bool:
    letters = {record[35:36], record[38:39]} if establishment else {record[35:36]}
    return record[:1] not in b"34" or not any(each.isalpha() for each in letters)


@settings(max_examples=120, deadline=None)
@given(_tampering())
def test_tampering_with_a_total_or_an_amount_is_always_found(
    sample: tuple[bytes, int],
) -> None:
    """Any digit changed in any total, or in any amount that makes one, is reported."""
    data, _ = sample

    assert problems_of(data)


@settings(max_examples=100, deadline=None)
@given(_tampering())
def test_tampering_is_found_in_its_own_lot(sample: tuple[bytes, int]) -> None:
    """The lot that was tampered with has the problem, the other one has none."""
    data, number = sample
    lots, _ = read_all(data)

    for lot in lots:
        own = lot.record <= number < lot.record + lot.length // RECORD
        assert own or not lot.problems


@pytest.mark.parametrize(
    ("kind", "start", "name", "value", "code"),
    [
        ("5", b"5", "total_billed", 1, "invoice-billed"),
        ("5", b"5", "total_amo", 1, "invoice-amo"),
        ("5", b"5", "total_amc", 9, "invoice-amc"),
        ("5", b"5", "nb_type4", 99, "invoice-lines"),
        ("5", b"5", "total_patient_before_amc", 1, "invoice-rest"),
        ("6", b"6", "total_billed", 1, "lot-billed"),
        ("6", b"6", "total_amo", 1, "lot-amo"),
        ("6", b"6", "total_amc", 1, "lot-amc"),
        ("6", b"6", "nb_invoices", 1, "lot-invoices"),
        ("6", b"6", "nb_act_lines", 99, "lot-lines"),
        ("6", b"6", "nb_type2_records", 99, "lot-type2"),
        ("6", b"6", "nb_type5_records", 99, "lot-type5"),
        ("6", b"6", "lot_no", 77, "lot-number-differs"),
        ("999", b"999", "nb_records", 1, "file-records"),
        ("999", b"999", "nb_lots", 1, "file-lots"),
        ("999", b"999", "file_id", "ZZZZZZ", "file-id-differs"),
        ("999", b"999", "sender_no", 1, "file-sender-differs"),
        ("1", b"1", "lot_no", 0, "zero-number"),
        ("1", b"1", "lot_created", "261103", "lot-in-future"),
        ("1", b"1", "lot_created", "261131", "date"),
        ("1", b"1", "lot_created", 0, "missing"),
        ("1", b"1", "norm_code", "PH", "norm-differs"),
        ("2", b"2", "invoice_date", "261103", "invoice-in-future"),
        ("2", b"2", "insured_nir_key", "00", "nir-key"),
        ("4", b"4", "act_date", "261103", "act-in-future"),
        ("4", b"4", "act_date", "230101", "old-act"),
        ("4", b"4", "act_code", "", "missing"),
        ("4", b"4", "act_code", "abc", "lower-case"),
        ("4", b"4", "ps_id", "111111118", "sender-differs"),
        ("4", b"4", "invoice_no", 987, "key-differs"),
        ("000", b"000", "norm_code", "QQ", "norm-unknown"),
        ("000", b"000", "norm_family", "C3", "constant"),
    ],
)
def test_each_rule_names_record_and_field(
    kind: str, start: bytes, name: str, value: str | int, code: str
) -> None:
    """One wrong field gives its own code at its own record and position."""
    number = numbers_of_kind(OFFICE, start)[0]
    data = with_field(OFFICE, number, kind, name, value)

    found = [each for each in problems_of(data) if each.code == code]

    assert found
    assert found[0].record == number
    assert found[0].severity is severity_of(code)
    field = load_layouts("b2")[kind][name]
    shared = code in {"key-differs", "nir-key"}
    assert shared or (found[0].position, found[0].field) == (field.start, name)


def test_a_repeated_lot_number_is_found_across_blocks() -> None:
    """The second lot of one number and day is refused, wherever it stands."""
    data = b2_file(lots=6, invoices=2)
    last = numbers_of_kind(data, b"1")[-1]
    end = numbers_of_kind(data, b"6")[-1]
    data = with_field(data, last, "1", "lot_no", 1)
    data = with_field(data, end, "6", "lot_no", 1)

    lots, _ = read_all(data, block=256)

    assert [lot.valid for lot in lots] == [True] * 5 + [False]
    assert [each.code for each in lots[-1].problems] == ["repeated-lot"]


def test_a_repeated_invoice_number_is_found_across_blocks() -> None:
    """An invoice number used twice by one professional is refused the second time."""
    data = b2_file(lots=6, invoices=2)
    lots, _ = read_all(data)
    claim = lots[-1].claims[0]
    number = lots[0].claims[0].number
    records = records_of(data)
    for at in range(claim.record - 1, claim.record - 1 + claim.length // RECORD):
        records[at] = records[at][:26] + number.encode() + records[at][35:]

    lots, _ = read_all(b"".join(records), block=256)

    assert [lot.valid for lot in lots] == [True] * 5 + [False]
    assert [each.code for each in lots[-1].problems] == ["repeated-invoice"]


def test_invoice_numbers_of_two_professionals_do_not_meet() -> None:
    """Two senders may number alike: a concentrated file is full of that."""
    one, two = b2_file(lots=1, seed=1), b2_file(lots=1, seed=2)
    records = [*records_of(one)[:-1], *records_of(two)[1:]]
    last = load_layouts("b2")["999"]
    values = last.read(records[-1]) | {
        "nb_records": str(len(records)),
        "nb_lots": "2",
        "sender_no": records[0][5:19].decode(),
    }

    assert codes_of(b"".join([*records[:-1], last.write(values)])) == set()


def test_moved_invoice_numbers_of_establishments_are_compared() -> None:
    """In stays the number moves by three places; a wrong one is found in both."""
    records = records_of(STAYS)
    detail = next(
        number
        for number, record in enumerate(records)
        if record[:1] == b"4" and record[35:36] == b"M"
    )
    base = detail - 1
    for at, place in ((detail, 26), (base, 29)):
        changed = records[at][:place] + b"987654321" + records[at][place + 9 :]
        data = b"".join([*records[:at], changed, *records[at + 1 :]])
        found = [each for each in problems_of(data) if each.code == "key-differs"]
        assert at + 1 in {each.record for each in found}


def test_a_wrong_establishment_number_is_a_warning() -> None:
    """The key of an establishment's number is common knowledge, so payers decide."""
    records = records_of(STAYS)
    own = records[1][1:10]
    wrong = own[:-1] + bytes([ord("0") + (own[-1] - ord("0") + 1) % 10])

    lots, _ = read_all(STAYS.replace(own, wrong))

    assert {each.code for lot in lots for each in lot.problems} == {"professional-key"}
    assert all(lot.valid for lot in lots)


def test_the_norm_of_2007_cuts_hospital_products_the_old_way() -> None:
    """The version that a lot declares decides how its product records are read."""
    layouts = load_layouts("b2")
    records = records_of(b2_file(lots=1, invoices=1, norm="CP", seed=4))
    fee = next(at for at, record in enumerate(records) if record[:1] == b"4")
    detail = layouts["4H"].write({"sequence": 1, "ucd_or_cip": 1, "quantity": 1})
    own = records[fee]
    records[fee + 1] = own[:26] + own[29:38] + b"H" + detail[36:]
    old = [
        layouts["1"].write(layouts["1"].read(records[1]) | {"norm_version": "062007"})
    ]
    data = b"".join([records[0], *old, *records[2:]])

    assert codes_of(data) == set()
    assert (
        codes_of(b"".join(records)) == {"missing"}
        or codes_of(b"".join(records)) == set()
    )


def test_every_code_is_explained() -> None:
    """The table of problems has words for each code and both severities."""
    assert all(text.endswith(".") for text in PROBLEMS.values())
    assert {severity_of(code) for code in PROBLEMS} == set(Severity)
