"""The keys that tie answers to what was sent."""

from __future__ import annotations

import pytest

from protocols.sesam.keys import claim_key, iso_date, lot_key


@pytest.mark.parametrize(
    ("ps", "lot", "invoice"),
    [
        ("991234563", "001", "000000123"),
        ("000000991234563", "1", "123"),
        (" 991234563", " 01", "000000123      "),
        ("00991234563", "001", "00000123"),
    ],
)
def test_padding_does_not_matter(ps: str, lot: str, invoice: str) -> None:
    """However a payer pads or cuts zeros, the claim has one key."""
    assert claim_key(ps, "2026-11-02", lot, invoice) == (
        "991234563|2026-11-02|001|000000123"
    )


def test_letters_are_kept_in_upper_case() -> None:
    """Numbers with letters are compared as they are, but for their case."""
    assert claim_key("2a0002689", "", "7", "ab12") == "2A0002689||007|AB12"
    assert lot_key("1", "2026-11-02", "12") == "1|2026-11-02|012"


def test_dates_of_returns_are_read_alike() -> None:
    """Both sides turn YYMMDD into the same day, and nonsense into nothing."""
    assert iso_date("261102") == "2026-11-02"
    assert iso_date("850101") == "1985-01-01"
    assert iso_date("000000") == ""
