"""Each structural rule, broken once in a valid sending, is named by its code."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from protocols.mycarenet.problems import RULES, SHARE, explain
from routing.envelope import Severity
from tests.protocols.mycarenet.efact_files import (
    codes,
    head,
    numbered,
    parts,
    problems,
    put,
    sealed,
    sending,
)

_GOOD = sending()


def _set(record: int, field: str, value: str) -> Callable[[], bytes]:
    return lambda: put(_GOOD, record, field, value)


def _head(field: str, value: str) -> Callable[[], bytes]:
    return lambda: head(_GOOD, field, value)


def _without(*dropped: int) -> Callable[[], bytes]:
    """Leave out records; those that remain are numbered anew."""

    def make() -> bytes:
        header, *records = parts(_GOOD)
        kept = [each for at, each in enumerate(records, 1) if at not in dropped]
        return b"".join([header, *numbered(kept)])

    return make


def _order(*order: int) -> Callable[[], bytes]:
    """Put records into another order; they are numbered anew."""

    def make() -> bytes:
        header, *records = parts(_GOOD)
        return b"".join([header, *numbered([records[at - 1] for at in order])])

    return make


def _raw(record: int, position: int, value: bytes) -> Callable[[], bytes]:
    def make() -> bytes:
        cut = parts(_GOOD)
        at = position - 1
        changed = cut[record][:at] + value + cut[record][at + len(value) :]
        cut[record] = sealed(changed)
        return b"".join(cut)

    return make


_HEADER_RULES = (
    ("200-22", _head("message_type", "920098")),
    ("201-10", _head("format_version", "00")),
    ("201-11", _head("format_version", "AB")),
    ("202-20", _head("environment", "13")),
    ("204-10", _head("reference", "0" * 14)),
    ("204-11", _head("reference", "2026110200041X")),
    ("300-11", _head("year_month", "202613")),
    ("header-differs", _head("sending_number", "018")),
    ("header-differs", _head("year_month", "202609")),
    ("header-differs", _head("created", "20261103")),
    ("302-11", _head("created", "20261131")),
    ("302-21", _head("created", "20011231")),
    ("304-21", _head("environment", "12")),
    ("304-20", _head("instructions_version", "0000000")),
    ("308-20", _head("invoice_type", "04")),
    ("309-20", _head("account_mode", "03")),
)
_ORDER_RULES = (
    ("B100110", _order(2, *range(1, 18))),
    ("B200110", _without(1)),
    ("B200110", _without(7)),
    ("B100111", _without(2)),
    ("B200111", _without(3, 4, 5, 6)),
    ("B500110", _without(2)),
    ("B520110", _order(1, 2, 3, 4, 4, *range(5, 18))),
    ("B520111", _order(1, 2, 3, 4, 4, *range(5, 18))),
    ("B800110", _without(3, 4, 5, 6)),
    ("B800111", _without(8)),
    ("B900110", _without(13)),
    ("B900111", _order(1, 14, *range(2, 18))),
    ("B900104", _without(14, 15, 16, 17)),
    ("totals-order", _order(*range(1, 15), 17, 15, 16)),
    ("no-mutuality-total", _without(15)),
    ("no-grand-total", _without(17)),
    ("B200210", _raw(8, 3, b"000020")),
    ("B500201", _raw(3, 3, b"00000X")),
    ("B100110", _raw(1, 3, b"000002")),
    ("unknown-record", _raw(4, 1, b"77")),
)
_CHECK_RULES = (
    ("B809802", _set(7, "invoice_check", "00")),
    ("B909802", _set(14, "sending_check", "00")),
    ("410-41", _set(15, "check", "00")),
    ("510-41", _set(17, "check", "00")),
    ("F801910", _set(7, "insurer_amount_a", "+00000000001")),
    ("F801510", _set(7, "insurer_amount_b", "+00000000001")),
    ("F802710", _set(7, "patient_share", "-000000001")),
    ("F803010", _set(7, "supplement", "+000000001")),
    ("B901910", _set(14, "insurer_amount_a", "+00000000001")),
    ("B901510", _set(14, "insurer_amount_b", "+00000000001")),
    ("404-41", _set(16, "insurer_amount_a", "+00000000001")),
    ("406-41", _set(16, "insurer_amount_b", "+00000000001")),
    ("408-20", _set(16, "insurer_amount", "+00000000001")),
    ("504-41", _set(17, "insurer_amount_a", "+00000000001")),
    ("508-20", _set(17, "insurer_amount", "+00000000001")),
    ("404-11", _set(16, "insurer_amount_a", "+0000000000X")),
    ("403-40", _set(16, "insurer_amount_a", "000000000001")),
    ("401-21", _set(16, "mutuality", "305")),
    ("501-20", _set(17, "mutuality", "300")),
    ("B101402", _set(1, "third_party", "049164450401")),
    ("B101404", _set(1, "third_party", "149164449401")),
    ("B103602", _set(1, "iban_a", "BE00001234567897".ljust(34))),
    ("B103610", _set(1, "iban_a", " " * 34)),
    ("B103110", _set(1, "bic_a", " " * 11)),
    ("B104902", _set(1, "iban_b", "BE00001234567897".ljust(34))),
    ("F200802", _set(2, "patient", "0070010100199")),
    ("F200810", _set(2, "patient", "0" * 13)),
    ("F203203", _set(2, "patient_flag", "2")),
    ("F201402", _set(2, "billing_provider", "010000107004")),
    ("R501502", _set(3, "provider", "010000107004")),
    ("R501402", _set(3, "care_place", "010000107004")),
    ("R502402", _set(3, "prescriber", "010000107004")),
    ("R504902", _set(3, "care_assistant", "010000107004")),
)
_ZONE_RULES = (
    ("B100703", _set(1, "sending_number", "000")),
    ("B102204", _set(1, "year", "12026")),
    ("B102303", _set(1, "month", "13")),
    ("B102311", _set(1, "month", "12")),
    ("B102501", _set(1, "created", "20261131")),
    ("B101601", _set(1, "filler_80", "1")),
    ("B104309", _set(1, "filler_230", "1")),
    ("B202401", _set(2, "invoice_number", "00000000000X")),
    ("B202403", _set(2, "invoice_number", "0" * 12)),
    ("B202704", _set(2, "holder_codes", "1000110110")),
    ("B500401", _set(3, "code", "042501X")),
    ("B500501", _set(3, "first_date", "20261032")),
    ("B500501", _set(3, "first_date", "00000000")),
    ("R500612", _set(3, "last_date", "20260930")),
    ("B501905", _set(3, "insurer_amount", "000000000512")),
    ("B501901", _set(3, "insurer_amount", "+0000000051 ")),
    ("B520309", _set(4, "manual_reason", "X")),
    ("character", _set(2, "own_reference", "A\x07".ljust(25))),
)
_REPEAT_RULES = (
    ("F800712", _set(7, "affiliation_mutuality", "305")),
    ("F800812", _set(7, "patient", "0070010100122")),
    ("F800912", _set(7, "sex", "9")),
    ("F801012", _set(7, "invoice_type", "1")),
    ("F801412", _set(7, "billing_provider", "010000106004")),
    ("B801812", _set(7, "destination_mutuality", "305")),
    ("F802412", _set(7, "invoice_number", "000000000099")),
    ("F803212", _set(7, "patient_flag", "0")),
    ("R500712", _set(3, "affiliation_mutuality", "305")),
    ("F500812", _set(3, "patient", "0070010100122")),
    ("R500912", _set(3, "sex", "9")),
    ("R520412", _set(4, "code", "0425375")),
    ("R520512", _set(4, "first_date", "20261001")),
    ("R520812", _set(4, "patient", "0070010100122")),
    ("R521512", _set(4, "provider", "010000106004")),
    ("B900712", _set(14, "sending_number", "018")),
    ("B901412", _set(14, "third_party", "010000106004")),
    ("B902212", _set(14, "year", "02025")),
    ("B902312", _set(14, "month", "09")),
    ("B902712", _set(14, "enterprise_number", "0400000097")),
    ("B903112", _set(14, "bic_a", "KREDBEBB   ")),
    ("B903612", _set(14, "iban_a", "BE80001000000177".ljust(34))),
    ("B202420", _set(8, "invoice_number", "000000000001")),
    ("B201812", _set(8, "destination_mutuality", "303")),
    ("several-unions", _set(8, "destination_mutuality", "509")),
)
_RULES = (*_HEADER_RULES, *_ORDER_RULES, *_CHECK_RULES, *_ZONE_RULES, *_REPEAT_RULES)


def test_the_sending_that_is_broken_is_right() -> None:
    assert problems(_GOOD) == []


@pytest.mark.parametrize(("code", "make"), _RULES)
def test_a_broken_rule_is_named_by_its_code(
    code: str, make: Callable[[], bytes]
) -> None:
    """With the code that a payer would give, where payers have one.

    What refuses an invoice or a line only is a warning, until there is too much of it.
    """
    found = [each for each in problems(make()) if each.code == code]
    part = code[0] in "FR"

    assert found
    severity = Severity.WARNING if part else Severity.ERROR
    assert all(each.message and each.severity is severity for each in found)


@pytest.mark.parametrize(
    ("code", "make"),
    [each for each in (*_HEADER_RULES, *_ZONE_RULES) if "-" not in each[0]]
    + [each for each in _CHECK_RULES if each[0][0] in "FR"]
    + [each for each in _REPEAT_RULES if each[0][0] == "R"],
)
def test_what_hangs_on_a_broken_zone_is_not_reported_for_long(
    code: str, make: Callable[[], bytes]
) -> None:
    """One wrong zone gives few errors, so that the one to correct is seen."""
    assert len(codes(make())) <= 6


def test_the_place_of_a_broken_rule_is_told() -> None:
    """Record, position, field and zone: what a vendor needs to find it."""
    told = problems(put(_GOOD, 7, "patient_share", "+000000001"))
    (found,) = [each for each in told if each.code != SHARE]

    assert (found.record, found.position) == (7, 128)
    assert found.field == "patient_share"
    assert "zone 27" in found.message
    assert "0.01" in found.message


def test_a_header_is_told_by_its_own_positions() -> None:
    (found,) = problems(head(_GOOD, "environment", "12"))

    assert (found.record, found.position) == (None, 67 + 39)
    assert found.message.startswith("header, ")


def test_zone_99_off_by_ten_is_told_for_each_record() -> None:
    """As files were that were made by another reading of the rule."""
    header, *records = parts(_GOOD)
    off = [
        each
        if each[:1] == b"9" and each[:2] != b"90"
        else each[:348] + b"%02d" % ((int(each[348:]) + 10) % 97)
        for each in records
    ]

    found = problems(b"".join([header, *off]))

    assert [each.record for each in found] == list(range(1, 15))
    assert {each.code[3:] for each in found} == {"9902"}


def test_an_order_number_that_is_off_is_told_once() -> None:
    """The record behind it, which is right, is not blamed; a gap is told at its end."""
    alone = problems(_raw(5, 3, b"000099")())
    assert [(each.record, each.code) for each in alone] == [(5, "B500210")]

    header, *records = parts(_GOOD)
    del records[9]  # a record 50 is lost, and the rest keep their numbers
    gap = problems(b"".join([header, *records]))
    assert [each.record for each in gap if each.code.endswith("0210")] == [10]


def test_unions_whose_affiliation_is_not_compared_are_spared() -> None:
    """Payers do not compare zone 7 of a line for the unions 200, 400 and 500."""
    other = sending(union="500")

    assert "R500712" not in codes(put(other, 3, "affiliation_mutuality", "000"))


def test_blanks_where_nothing_is_used_are_a_warning() -> None:
    (found,) = problems(put(_GOOD, 3, "filler_283", "    "))

    assert (found.code, found.severity) == ("reserve-blank", Severity.WARNING)


def test_something_in_the_unused_end_of_a_total_is_a_warning() -> None:
    (found,) = problems(put(_GOOD, 17, "filler_94", "X".rjust(257)))

    assert (found.code, found.severity) == ("reserve", Severity.WARNING)


def test_accents_are_a_warning() -> None:
    (found,) = problems(put(_GOOD, 2, "own_reference", "Andr\xe9".ljust(25)))

    assert (found.code, found.severity) == ("accent", Severity.WARNING)


def test_no_message_repeats_what_identifies_a_patient() -> None:
    """Neither a national number nor what was typed in its place is in any message."""
    niss = "0070010100199"
    for record in (2, 3, 4, 7):
        for value in (niss, "X" + niss[1:]):
            for each in problems(put(_GOOD, record, "patient", value)):
                assert value[2:] not in each.message
                assert niss[5:] not in each.message


def test_every_code_is_explained() -> None:
    """Each code that a file may be told by has words, and advice what to do."""
    for code, _ in _RULES:
        rule = explain(code)
        assert rule is not None, code
        assert rule.explanation.endswith(".")
        assert rule.advice.endswith(".")
    assert explain("B123456789") is None
    assert {each.severity for each in RULES.values()} == set(Severity)
