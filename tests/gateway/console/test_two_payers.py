"""A claim that two payers owe is one page: both parts, and how the payer was found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from gateway.journal import schema
from tests.gateway.console.browser import Console
from tests.gateway.steps.site import Site
from tests.gateway.steps.two_payers import FUND_CODE, bill, opened, respond

WORDS = {
    "en": ("compulsory", "complementary", "waits at payer-OC/981/amc.example since"),
    "fr": ("obligatoire", "complémentaire", "en attente chez payer-OC/981/amc.example"),
}


@pytest.fixture
def site() -> Iterator[Site]:
    with closing(opened("sqlite")) as made:
        yield made


@pytest.mark.parametrize("language", ["en", "fr"])
def test_both_parts_of_an_invoice_are_on_its_page(
    site: Site, console: Console, language: str
) -> None:
    """Found from either part; the looks into tables are told, and the fund has paid."""
    bill(site)
    site.run()
    respond(site, FUND_CODE)
    site.run()
    browser = console.browser("viewer", **{"Accept-Language": language})
    for lot in site.rows(schema.lot):
        assert browser.get(f"/console/claims/{lot.id}/1").status == 200
        for words in (*WORDS[language], "row 1" if language == "en" else "ligne 1"):
            assert words in browser.text, words
        assert browser.get(f"/console/claims/{lot.id}/1/records").status == 200
        assert browser.get(f"/console/lots/{lot.id}").status == 200
        assert browser.get(f"/console/deposits/{lot.deposit_id}").status == 200
        fund = f"lot {lot.number} {WORDS[language][0]}"  # both have that number
        assert fund in browser.text
