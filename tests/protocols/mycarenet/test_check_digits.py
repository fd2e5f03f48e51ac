"""Check digits: computed, recognised, and the same one by one as in bulk."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.mycarenet.check_digits import (
    NIHII_MODULI,
    alike_checks,
    codes_check,
    iban_check,
    is_iban,
    is_nihii,
    is_niss,
    may_name_patient,
    nihii_key,
    niss_key,
    record_check,
    record_checks,
)
from protocols.mycarenet.checks_rules import rules
from tests.protocols.mycarenet.sendings import THIRD_PARTY, niss


def test_a_record_counts_its_characters() -> None:
    """Digits count themselves, a blank 10, a letter from 11, anything else 37."""
    assert record_check(b"0" * 348) == 97
    assert record_check(b"1" + b"0" * 347) == 1
    assert record_check(b" " + b"0" * 347) == 10
    assert record_check(b"aZ" + b"0" * 346) == 11 + 36
    assert record_check(b"+\xe9" + b"0" * 346) == 74
    assert record_check(b"9" + b"0" * 347 + b"99") == 9  # itself it is not counted


@settings(max_examples=30)
@given(
    st.lists(st.binary(min_size=350, max_size=350), min_size=1, max_size=7),
    st.lists(st.integers(0, 347), max_size=40),
)
def test_many_records_are_counted_as_one_by_one(
    records: list[bytes], differing: list[int]
) -> None:
    """Whatever they hold; and those that differ in some columns only, by their kind."""
    rows = np.frombuffer(b"".join(records), np.uint8).reshape(-1, 350)
    assert record_checks(rows).tolist() == [record_check(each) for each in records]

    alike = np.repeat(rows[:1], len(rows), axis=0)
    alike[:, differing] = rows[:, differing]
    alike[:, 7] = ord("0") + np.arange(len(rows))  # digits in all of them
    found = alike_checks(alike, alike.min(axis=0), alike.max(axis=0))
    assert found.tolist() == [record_check(each.tobytes()) for each in alike]


def test_the_highest_record_is_counted_right() -> None:
    """348 characters of the greatest worth carry nothing into their neighbours."""
    rows = np.full((2, 350), ord("*"), np.uint8)

    assert record_checks(rows).tolist() == [348 * 37 % 97] * 2


def test_services_are_added_up_to_two_digits() -> None:
    assert codes_check(423135 + 425110) == (423135 + 425110) % 97
    assert codes_check(0) == codes_check(97 * 5) == 97


@settings(max_examples=30)
@given(st.integers(0, 10**9 - 1), st.booleans())
def test_a_national_number_is_known_by_its_key(number: int, later: bool) -> None:
    """Of both centuries; a digit more or another key is none."""
    base = f"{number:09}"
    niss = f"{base}{niss_key(base, since_2000=later):02}"

    assert is_niss(niss)
    keys = {niss_key(base, since_2000=each) for each in (False, True)}
    wrong = next(key for key in range(97) if key not in keys)
    assert not is_niss(f"{base}{wrong:02}")
    assert not is_niss(niss + "0")


@settings(max_examples=30)
@given(st.integers(0, 10**6 - 1), st.integers(0, 999))
def test_a_provider_is_known_by_its_key(number: int, competence: int) -> None:
    base = f"{number:06}"
    nihii = f"{base}{nihii_key(base):02}{competence:03}"

    assert is_nihii(nihii)
    keys = {modulus - number % modulus for modulus in NIHII_MODULI}
    wrong = next(key for key in range(97) if key not in keys)
    assert not is_nihii(f"{base}{wrong:02}{competence:03}")


@settings(max_examples=30)
@given(st.text("0123456789", min_size=12, max_size=12))
def test_an_account_is_known_by_its_check_digits(account: str) -> None:
    iban = f"BE{iban_check('BE', account)}{account}"

    assert is_iban(iban)
    swapped = f"BE{(int(iban[2:4]) + 1) % 100:02}{account}"
    assert not is_iban(swapped)


@pytest.mark.parametrize("text", ["", "BE", "BE12", "1234567890123456", "é" * 20])
def test_what_is_no_number_at_all_is_none(text: str) -> None:
    assert not is_iban(text)
    assert not is_niss(text)
    assert not is_nihii(text)


@pytest.mark.parametrize("around", ["{}", "00{}", "{}0", "   {} "])
def test_a_national_number_is_known_wherever_it_stands(around: str) -> None:
    """A character that was lost displaces all zones behind it."""
    assert may_name_patient(around.format(niss(7)))
    assert may_name_patient(niss(7)[1:])  # and cut
    for harmless in ("000000000000", "20261102", "X", THIRD_PARTY):
        assert not may_name_patient(harmless)


def test_a_value_that_may_name_a_patient_is_never_told() -> None:
    """Nor in a zone that holds none, where it stands by mistake."""
    for rule in rules():
        assert niss(7) not in rule.told(niss(7))
