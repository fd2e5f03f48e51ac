"""Comments of payers (zone 149) as the payer's own page lists them."""

from __future__ import annotations

import pytest

from protocols.mycarenet.comments import UNREAD, tell

_TOLD = [
    (
        "500545",
        "Hospitalisé CHU SPECIMEN du 20261101 à 20261105",
        "patient in hospital from 2026-11-01 to 2026-11-05",
    ),
    (
        "500403",
        "Le patient a un trajet de soins diabète à cette date.",
        "a diabetes care path covers that day",
    ),
    (
        "500444",
        "425014 02/11/2026 du 03/11/2026 facturée par 41234567401",
        "act 425014 of 2026-11-02 billed on 2026-11-03 by 41234567401",
    ),
    (
        "500445",
        "0425014 2026-11-02 du 3.11.2026 facturee par 4-12345-67-401",
        "act 0425014 of 2026-11-02 billed on 2026-11-03 by 41234567401",
    ),
    (
        "502255",
        "425014 20261102 facturée par 41234567401",
        "act 425014 of 2026-11-02 billed by 41234567401",
    ),
    (
        "501942",
        "Plafond dépassé par 41234567401 dans fact 000000000012",
        "ceiling exceeded by 41234567401 in invoice 000000000012",
    ),
    (
        "500450",
        "L'affilié est inscrit à la maison médicale 83212345",
        "medical house 83212345",
    ),
]


@pytest.mark.parametrize(("code", "comment", "expected"), _TOLD)
def test_a_comment_is_told_by_its_template(
    code: str, comment: str, expected: str
) -> None:
    assert tell(code, comment) == expected
    assert tell(code, f"  {comment.upper()}   ") == expected


@pytest.mark.parametrize(
    "comment", ["", "   ", "502255", "502255".ljust(99) + "|500444", "9" * 200]
)
def test_a_comment_that_only_repeats_codes_tells_nothing(comment: str) -> None:
    assert tell("502255", comment) == ""


@pytest.mark.parametrize("code", ["500545", "502255", "999999"])
def test_a_comment_of_another_form_is_not_told(code: str) -> None:
    """The name of the hospital is left out as well: only numbers and days are told."""
    assert tell(code, "Le patient X habite à Y") == UNREAD


def test_a_day_that_is_none_is_not_repeated() -> None:
    told = tell("500545", "Hospitalisé X du 20261399 à 20261105")

    assert told == "patient in hospital from a day that is none to 2026-11-05"
