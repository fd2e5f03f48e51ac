"""Which payer a French card leads to: the fund of its regime, fund and centre."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from protocols.interface import Tables
from protocols.sesam import routing
from protocols.sesam.importer import read_destinations
from routing.card import Card, CardFound, CardRow


def read_card(card: Card, tables: Tables, day: date) -> CardFound | None:
    """Return the codes of the fund; None where a card names none."""
    if "regime" not in card or "fund" not in card:
        return None
    destination = {
        "invoice_regime": card["regime"],
        "fund": card["fund"],
        "fund_centre": card.get("centre", ""),
    }
    return CardFound(codes=tuple(routing.payer_codes(destination, tables)))


def rows(tables: Tables) -> Iterator[CardRow]:
    """Yield what cards may say by the national table of funds."""
    for each in read_destinations(tables.get(routing.TABLE, ())):
        data = {"regime": each.regime, "fund": each.fund, "centre": each.centre}
        yield CardRow(each.regime + each.organism, data)
