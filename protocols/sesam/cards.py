"""Which payer a French card leads to: a fund by its number, or a complementary payer.

A card that names an AMC, or a mutual by its older number, is decided by the national
tables of conventions; where these say that the fund handles both parts, the fund is the
payer.  Any other card is its fund's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from protocols.payer_finder import AMBIGUOUS, DECIDED, FoundPayer
from protocols.sesam import amc_cards, routing
from protocols.sesam.amc_finder import AMC_FINDER
from protocols.sesam.importer import read_destinations
from protocols.tables import Tables
from routing.card import Card, CardFound, CardRow

_ASKED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "amc": "amc_number",
        "mutual_number": "mutual_number",
        "regime": "regime",
        "fund": "fund",
        "centre": "centre",
        "convention": "convention_type",
        "criterion": "criterion",
        "agreement": "agreement",
        "nature": "nature",
    }
)
"""What the tables of conventions are asked, by what a card calls it."""


def read_card(card: Card, tables: Tables, day: date) -> CardFound | None:
    """Return the codes of the payer; None where a card names neither fund nor AMC."""
    if "amc" in card or "mutual_number" in card:
        told = {_ASKED[name]: value for name, value in card.items() if name in _ASKED}
        found = AMC_FINDER.find(told, day=day, tables=tables)
        return CardFound(
            codes=_codes(found, _fund(card, tables)),
            several=found.outcome == AMBIGUOUS,
            told=_told(found),
        )
    if "regime" in card and "fund" in card:
        return CardFound(codes=_fund(card, tables))
    return None


def rows(tables: Tables) -> Iterator[CardRow]:
    """Yield what cards may say by the national tables."""
    for each in read_destinations(tables.get(routing.TABLE, ())):
        data = {"regime": each.regime, "fund": each.fund, "centre": each.centre}
        days = {"valid_from": each.valid_from, "valid_until": each.valid_until}
        known = {name: value for name, value in days.items() if value}
        yield CardRow(each.regime + each.organism, data | known)
    yield from amc_cards.rows(tables)


def _fund(card: Card, tables: Tables) -> tuple[str, ...]:
    destination = {
        "invoice_regime": card.get("regime", ""),
        "fund": card.get("fund", ""),
        "fund_centre": card.get("centre", ""),
    }
    return tuple(routing.payer_codes(destination, tables))


def _codes(found: FoundPayer, fund: tuple[str, ...]) -> tuple[str, ...]:
    if found.outcome == AMBIGUOUS:
        named = (each.get("code", "") for each in found.candidates)
        return tuple(dict.fromkeys(code for code in named if code))
    if found.outcome == DECIDED:
        return (found.code,) if found.code else fund
    return ()


def _told(found: FoundPayer) -> dict[str, Any]:
    return {
        "outcome": found.outcome,
        "words": found.words,
        "convention": dict(found.facts),
        "candidates": [dict(each) for each in found.candidates]
        if found.outcome == AMBIGUOUS
        else [],
        "steps": [each._asdict() for each in found.steps],
    }
