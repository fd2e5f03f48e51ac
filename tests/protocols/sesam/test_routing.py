"""Which fund a B2 lot is meant for."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from protocols.sesam.routing import (
    COLUMNS,
    RECIPIENT_TYPES,
    check_rules,
    organism_by_rule,
    payer_codes,
)

LINES = """\
03;990;0000;Independents;991;000;;;
03;990;1100;Independents, a section;992;000;;;
03;995;0000;Closed;995;000;;2019-12-31;01990
03;996;0000;Moved, before;993;000;;2019-12-31;
03;996;0000;Moved, after;994;000;2020-01-01;;
94;751;0511;Another organism than its centre;514;000;;;
"""
TABLES = {
    "destinations": [
        dict(zip(COLUMNS, line.split(";"), strict=True)) for line in LINES.splitlines()
    ]
}


def invoice(regime: str, fund: str, centre: str = "0000") -> dict[str, str]:
    return {"invoice_regime": regime, "fund": fund, "fund_centre": centre}


def test_the_address_of_the_file_comes_first() -> None:
    """What the software addressed wins; what its invoices say is tried after it."""
    destination = {
        "recipient_type": "CT",
        "regime": "01",
        "centre": "000",
        "organism": "751",
        **invoice("02", "015"),
    }
    assert payer_codes(destination, {}) == ("01751", "02751", "02011")


@pytest.mark.parametrize(
    "address",
    [
        {"recipient_type": "OT", "regime": "77", "organism": "751"},
        {"recipient_type": "CT", "regime": "00", "organism": "751"},
        {"recipient_type": "  ", "regime": "  ", "organism": "751"},
    ],
)
def test_a_file_for_a_concentrator_is_routed_by_lot_and_invoice(
    address: dict[str, str],
) -> None:
    """No regime in the address, or one that is part of our own number."""
    assert payer_codes({**address, **invoice("01", "751")}, {}) == ("01751",)


def test_nothing_known_is_no_destination() -> None:
    """A lot without address and without invoice has no code at all."""
    assert payer_codes({}, TABLES) == ()
    assert (
        payer_codes({"organism": "   ", "fund": "x1", "invoice_regime": "01"}, {}) == ()
    )


@pytest.mark.parametrize(
    ("fund", "centre", "codes"),
    [
        ("990", "1100", ("03992",)),  # its own centre
        ("990", "7777", ("03991",)),  # the whole fund, for want of its own
        ("995", "0000", ("03995", "01990")),  # closed: then its successor
        ("996", "0000", ("03994", "03993")),  # newest first
        ("997", "0000", ()),
    ],
)
def test_the_table_knows_what_rules_do_not(
    fund: str, centre: str, codes: tuple[str, ...]
) -> None:
    """Schemes without a rule are found by fund and centre."""
    assert payer_codes(invoice("03", fund, centre), TABLES) == codes


def test_the_table_goes_before_the_rule() -> None:
    """The table is dated data, so it corrects a rule."""
    assert payer_codes(invoice("94", "751", "0511"), TABLES) == ("94514", "94511")


@pytest.mark.parametrize(
    ("regime", "fund", "centre", "organism"),
    [
        ("01", "422", "0000", "422"),
        ("02", "015", "0000", "011"),
        ("02", "011", "0000", "011"),
        ("04", "220", "0000", "110"),
        ("12", "100", "0000", "001"),
        ("91", "751", "0501", "999"),
        ("91", "751", "0506", "751"),
        ("93", "781", "0536", "536"),
        ("93", "061", "0537", "061"),
        ("94", "951", "0599", "599"),
        ("95", "921", "0619", "751"),
        ("96", "291", "0516", "291"),
        ("03", "990", "0000", None),
        ("99", "911", "0606", None),
        ("55", "911", "0606", None),
    ],
)
def test_the_rules_of_the_schemes(
    regime: str, fund: str, centre: str, organism: str | None
) -> None:
    """Each scheme's own rule gives the organism that its invoices go to."""
    assert organism_by_rule(regime, fund, centre) == organism


@example({"regime": "\N{SUPERSCRIPT TWO}", "organism": "0"})
@given(
    st.dictionaries(
        st.sampled_from(
            ["regime", "organism", "invoice_regime", "fund", "fund_centre"]
        ),
        st.text(st.characters(codec="latin-1"), max_size=5),
    )
)
def test_codes_are_five_digits_whatever_the_file_holds(
    destination: dict[str, str],
) -> None:
    """Broken fields give no code rather than a broken one, and never an error."""
    codes = payer_codes(destination, TABLES)
    assert len(set(codes)) == len(codes)
    for code in codes:
        assert code.isascii()
        assert code.isdigit()
        assert len(code) == 5


def test_rules_that_are_right_pass() -> None:
    """What the examples say is complete."""
    rules = {
        "regime": "01",
        "organism": "751",
        "centre": "000",
        "recipient_type": "CT",
        "line_end": "crlf",
        "name": "CAISSE",
    }
    assert list(check_rules(rules)) == []


def test_every_wrong_rule_is_named() -> None:
    """Widths, digits and names are checked, and a missing rule is asked for."""
    rules = {
        "regime": 1,
        "centre": "0000",
        "recipient_type": "ct",
        "line_end": "cr",
        "x": "y",
    }
    assert list(check_rules(rules)) == [
        "organism: is missing; wanted three digits such as 751",
        "regime: is 1; wanted two digits such as 01",
        "centre: is '0000'; wanted three digits such as 000",
        "recipient_type: is 'ct'; wanted two capital letters such as CT",
        "line_end: is 'cr'; wanted one of none, lf, crlf",
        "x: is unknown in sesam; wanted some of regime, organism, centre, "
        "recipient_type, line_end, name",
    ]


def test_every_scheme_has_its_addressee() -> None:
    """The first record of a file can be written for each scheme."""
    assert len(RECIPIENT_TYPES) == 21
    assert all(len(regime) == 2 for regime in RECIPIENT_TYPES)
    assert RECIPIENT_TYPES["01"] == "CT"
