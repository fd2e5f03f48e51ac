"""Whether a payer asks for warnings about invoices without a payment commitment."""

from __future__ import annotations

from protocols.mycarenet.network import MYCARENET


def test_the_rule_of_the_directory_has_two_values() -> None:
    assert list(MYCARENET.check_rules({"commitments": "warn"})) == []
    assert list(MYCARENET.check_rules({})) == []
    assert list(MYCARENET.check_rules({"commitments": "yes"})) == [
        "commitments: is 'yes'; wanted 'warn' or 'off'"
    ]
