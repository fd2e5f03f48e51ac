"""Which payer a French card leads to: a fund by its number, or a complementary payer.

A card that names an AMC, or a mutual by its older number, is decided by the national
tables of conventions; where these say that the fund handles both parts, the fund is the
payer.  Any other card is its fund's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from protocols.interface import Tables
from protocols.payer_finder import AMBIGUOUS, DECIDED, FoundPayer
from protocols.sesam import amc_tables, routing
from protocols.sesam.amc_finder import AMC_FINDER
from protocols.sesam.amc_masks import meet
from protocols.sesam.importer import read_destinations
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
        yield CardRow(each.regime + each.organism, data)
    yield from _complementary(tables)


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


def _complementary(tables: Tables) -> Iterator[CardRow]:
    """Yield what attestations may say that leads to an address of a convention."""
    by_signatory: dict[str, list[amc_tables.Grouping]] = {}
    for each in amc_tables.groupings(tables.get(amc_tables.GROUPINGS, ())):
        by_signatory.setdefault(each.signatory, []).append(each)
    for convention in amc_tables.conventions(tables.get(amc_tables.CONVENTIONS, ())):
        said = convention.candidate
        where = said.result.address
        if where is None or not said.result.own_request:
            continue
        rest = {"agreement": said.agreement, "nature": said.nature}
        kind, criterion = said.convention_type, said.criterion
        if own := convention.amc_number or said.signatory:
            told = {"convention": kind, "criterion": criterion}
            yield _row(where.code, own, {**told, **rest})
        if convention.by_grouping:
            for group in _behind(convention, by_signatory):
                told = {
                    "convention": kind or group.convention_type,
                    "criterion": group.criterion or criterion,
                }
                yield _row(where.code, group.amc_number, {**told, **rest})


def _behind(
    convention: amc_tables.Convention,
    by_signatory: Mapping[str, Sequence[amc_tables.Grouping]],
) -> Iterator[amc_tables.Grouping]:
    """Yield groupings of those for whom a signatory signs, and for whom these sign."""
    seen, waiting = {convention.signatory}, [convention.signatory]
    while waiting:
        for group in by_signatory.get(waiting.pop(), ()):
            if group.amc_number not in seen and _agree(group, convention):
                seen.add(group.amc_number)
                waiting.append(group.amc_number)
                yield group


def _agree(group: amc_tables.Grouping, convention: amc_tables.Convention) -> bool:
    said = convention.candidate
    kinds = (group.convention_type, said.convention_type)
    return (not all(kinds) or kinds[0] == kinds[1]) and meet(
        group.criterion, said.criterion
    )


def _row(code: str, amc_number: str, data: Mapping[str, str]) -> CardRow:
    number = amc_number.zfill(_AMC_WIDTH) if amc_number.isdecimal() else amc_number
    known = {name: value for name, value in data.items() if value}
    return CardRow(code, {"amc": number, **known})


_AMC_WIDTH: Final = 10
