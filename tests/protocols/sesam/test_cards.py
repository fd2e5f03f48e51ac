"""A French card leads to its fund, or to the complementary payer of its attestation."""

from __future__ import annotations

from datetime import date
from random import Random

import pytest

from protocols.sesam.amc_tables import CONVENTIONS, CORRESPONDENCES, GROUPINGS
from protocols.sesam.network import SESAM
from routing.card import Card
from tests.protocols.sesam.amc_invented import (
    convention,
    grouping,
    invented,
    taken_over,
)

DAY = date(2026, 11, 26)
WHERE = ("OC", "901", "AMC.Example")
OTHER = ("SP", "7", "pay.example")
TABLES = taken_over(
    {
        CORRESPONDENCES: [["75000001", "08???????", "300000001", "La Première"]],
        GROUPINGS: [
            grouping("300000001", "8001", criterion="08???????"),
            grouping("8001", "8002"),
        ],
        CONVENTIONS: [
            convention("C", signatory="8002", grouped="1", address=WHERE),
            convention("C", signatory="8003", amc="300000003", address=WHERE),
            convention("C", signatory="8004", amc="300000003", address=OTHER),
            convention("I", signatory="8003", amc="300000005", kind="RO"),
            convention("C", signatory="300000004", kind="SP", address=OTHER),
        ],
    }
)
FUND = {
    "destinations": [
        {
            "regime": "01",
            "fund": "753",
            "centre": "0000",
            "label": "A fund",
            "organism": "751",
        }
    ]
}


@pytest.mark.parametrize(
    ("card", "codes"),
    [
        ({"regime": "01", "fund": "753", "centre": "0000"}, ("01751", "01753")),
        ({"regime": "01", "fund": "753", "amc": "300000005"}, ("01751", "01753")),
        ({"amc": "0300000004", "convention": "SP"}, ("SP/007/pay.example",)),
        ({"amc": "300000001", "criterion": "081110000"}, ("OC/901/amc.example",)),
        (
            {"mutual_number": "75000001", "criterion": "081110000"},
            ("OC/901/amc.example",),
        ),
        ({"amc": "300000099"}, ()),
    ],
    ids=["fund", "fund-handles-both", "own", "grouped", "mutual", "nobody"],
)
def test_a_card_gives_the_codes_of_its_payer(
    card: Card, codes: tuple[str, ...]
) -> None:
    """By the national tables; where the fund handles both parts, its fund's."""
    found = SESAM.read_card(card, {**TABLES, **FUND}, DAY)
    assert found is not None
    assert found.codes == codes
    assert not found.several


def test_several_conventions_are_several_payers_with_every_step() -> None:
    """Nobody guesses; the address of each is told."""
    found = SESAM.read_card({"amc": "300000003"}, TABLES, DAY)
    assert found is not None
    assert (found.several, found.codes) == (
        True,
        ("OC/901/amc.example", "SP/007/pay.example"),
    )
    assert found.told["outcome"] == "ambiguous"
    assert [each["domain"] for each in found.told["candidates"]] == [
        "AMC.Example",
        "pay.example",
    ]
    assert all(each["why"] for each in found.told["steps"])


def test_what_is_no_french_card_is_not_read() -> None:
    """A Belgian mutuality is another network's."""
    assert SESAM.read_card({"mutuality": "319"}, TABLES, DAY) is None


def test_what_software_keeps_stands_with_the_payer() -> None:
    """Funds by their numbers; AMCs, who signs for them, and who for these."""
    rows = list(SESAM.card_rows({**TABLES, **FUND}))
    assert [(row.code, row.data.get("amc", "")) for row in rows] == [
        ("01751", ""),
        ("OC/901/amc.example", "0000008002"),
        ("OC/901/amc.example", "0000008001"),
        ("OC/901/amc.example", "0300000001"),
        ("OC/901/amc.example", "0300000003"),
        ("SP/007/pay.example", "0300000003"),
        ("SP/007/pay.example", "0300000004"),
    ]


def test_each_card_that_software_keeps_leads_to_its_payer() -> None:
    """Gone back through tables that touch in every way, and asked for forward again."""
    tables = taken_over(invented(Random(3)))
    kept = list(SESAM.card_rows(tables))
    assert len(kept) > 50
    for row in kept:
        card = {
            **row.data,
            "criterion": row.data.get("criterion", "").replace("?", "1"),
            "nature": row.data.get("nature", "").split(",")[0],
        }
        found = SESAM.read_card(card, tables, DAY)
        assert found is not None
        assert row.code in found.codes, row


def test_a_way_that_no_day_has_is_not_listed() -> None:
    """A grouping that ended before the convention began leads nowhere on any day."""

    def numbers(ended: str) -> set[str]:
        first, *groups = TABLES[GROUPINGS]
        signed, *others = TABLES[CONVENTIONS]
        changed = {
            **TABLES,
            GROUPINGS: [{**first, "valid_until": ended}, *groups],
            CONVENTIONS: [{**signed, "valid_from": "2026-06-01"}, *others],
        }
        return {each.data["amc"] for each in SESAM.card_rows(changed)}

    assert "0300000001" in numbers("2026-06-01")
    assert "0300000001" not in numbers("2026-05-31")
