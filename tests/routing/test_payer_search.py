"""Payers are found by what somebody has in hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest
from attrs import evolve

from config.directory_records import DirectoryData, PayerEntry
from routing.card import Card, CardFound, CardRow
from routing.directory import Directory
from routing.payer_search import Found, PayerSearch, search
from routing.referential import Change, Payers, changes, payers_of
from tests.routing.payers import payer

DAY = date(2026, 11, 18)
OLD = evolve(
    payer("old", "sesam", "Ancienne caisse"), professions=("doctor", "optician")
)
NEW = evolve(
    payer("new", "sesam", "Caisse de l'Été réunie", code="012"),
    professions=("optician",),
)
UNION = payer("union", "mycarenet", "Union Nord", code="300")


def directory(*payers: PayerEntry) -> Directory:
    return Directory(
        DirectoryData(
            payers=payers, endpoints=(), tables={}, sources={"v": len(payers)}
        )
    )


def listed(of: Directory) -> Payers:
    def rows(network: str, tables: Mapping[str, object]) -> list[CardRow]:
        return [CardRow("012", {"fund": "751"})] if network == "sesam" else []

    return payers_of(of.data, rows)


def find(wanted: PayerSearch) -> Found:
    everyone = directory(OLD, NEW, UNION)

    def read_card(network: str, card: Card) -> CardFound | None:
        if network != "sesam":
            return None
        codes = tuple(card["codes"].split())
        return CardFound(codes=codes, several="several" in card)

    return search(wanted, listed(everyone), everyone, read_card, DAY)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (PayerSearch(), ["new", "old", "union"]),
        (PayerSearch(name="ete CAIS"), ["new"]),
        (PayerSearch(name="aisse"), []),
        (PayerSearch(network="sesam", profession="doctor"), ["old"]),
        (PayerSearch(profession="doctor"), ["old", "union"]),
        (PayerSearch(code="01 1"), ["new"]),
        (PayerSearch(code="300"), ["union"]),
        (PayerSearch(code="999"), []),
        (PayerSearch(card={"codes": "999 011 300"}), ["new"]),
        (PayerSearch(card={"codes": "012"}, profession="doctor"), []),
        (PayerSearch(card={"codes": "012"}, network="mycarenet"), []),
    ],
    ids=lambda each: None,
)
def test_all_that_is_asked_must_fit(wanted: PayerSearch, found: list[str]) -> None:
    """Accents and order do not count; a code that is over means who took over."""
    assert [each.id for each in find(wanted).payers] == found


def test_a_card_that_may_mean_several_shows_all_of_them() -> None:
    """The tables cannot tell; nobody guesses."""
    found = find(PayerSearch(card={"codes": "012 013", "several": "yes"}))
    assert [each.id for each in found.payers] == ["new", "old"]
    assert found.cards["sesam"].several


def test_what_changed_is_told_with_what_is_gone() -> None:
    """New, different and gone, in the order of their ids; what stayed is not told."""
    before = listed(directory(OLD, NEW))
    after = listed(directory(UNION, evolve(NEW, name="Autre")))
    assert list(changes(before, after)) == [
        Change("new", after["new"]),
        Change("old", None),
        Change("union", after["union"]),
    ]
    assert list(changes(after, after)) == []


def test_cards_stand_with_the_payer_that_they_lead_to() -> None:
    """So that a change of the tables is a change of that payer."""
    payers = listed(directory(OLD, NEW))
    assert [payers[each].cards for each in ("old", "new")] == [(), ({"fund": "751"},)]
