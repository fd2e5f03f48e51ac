"""The payment commitment that an invoice carries: warnings with the payer's codes."""

from __future__ import annotations

import pytest

from protocols.mycarenet.commitment import check_invoice, check_rule

CARRIED = {
    "payment_commitment": "2ABCDEF",
    "communicated": "20261103",
    "insured_from": "20261101",
    "insured_until": "20261231",
}


@pytest.mark.parametrize(
    ("changed", "first", "last", "codes"),
    [
        ({}, "2026-11-03", "2026-12-03", []),
        ({}, "2026-11-03", "2026-12-04", ["F204226"]),
        ({}, "2026-10-31", "2026-11-04", ["R500525"]),
        ({"insured_until": "20261115"}, "2026-11-03", "2026-11-16", ["R500525"]),
        (
            {"insured_until": "20261115"},
            "2026-10-01",
            "2026-12-04",
            ["F204226", "R500525", "R500525"],
        ),
        ({"insured_from": "0", "insured_until": "0"}, "2026-10-01", "2026-12-03", []),
        ({"communicated": "00000000"}, "2026-11-03", "2027-01-01", ["R500525"]),
        ({"payment_commitment": ""}, "2026-11-03", "2026-11-03", ["F205311", "F205411", "F205511"]),
        ({}, "", "", []),
    ],
)  # fmt: skip
def test_a_stale_or_foreign_commitment_is_named(
    changed: dict[str, str], first: str, last: str, codes: list[str]
) -> None:
    found = list(check_invoice(CARRIED | changed, first, last))
    assert [each.code for each in found] == codes


def test_an_invoice_without_one_is_told_only_where_it_is_expected() -> None:
    empty = {"payment_commitment": "0" * 48}
    assert list(check_invoice(empty, "2026-11-03", "2026-11-03")) == []
    (found,) = check_invoice(empty, "2026-11-03", "2026-11-03", expected=True)
    assert found.code == "commitment-missing"
    assert "801000" in found.words


def test_the_rule_of_the_directory_has_two_values() -> None:
    assert list(check_rule({"commitments": "warn"})) == []
    assert list(check_rule({})) == []
    assert list(check_rule({"commitments": "yes"})) == [
        "commitments is 'yes'; 'warn' or 'off' is expected"
    ]
