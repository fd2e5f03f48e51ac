"""The payers as client software is told of them, and what two versions differ in.

What is told depends on the files of the directory alone, never on the day, so that one
version is one content and a client can keep what it has until the version changes.
Hosts, accounts and a network's own rules are no part of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import NamedTuple

from attrs import frozen

from config.directory_records import CodeEntry, DirectoryData, Rows
from routing.card import Card, CardRow

CardRows = Callable[[str, Mapping[str, Rows]], Iterable[CardRow]]
"""Yields what cards may say, of a network and the directory's tables of it."""


@frozen(kw_only=True)
class ListedPayer:
    """One payer; `professions` are those that it takes claims of, all if empty.

    `cards` is what cards say that lead to it, by the tables of the directory;
    `open` says that it can be reached from here.
    """

    id: str
    name: str
    network: str
    country: str
    flows: tuple[str, ...]
    professions: tuple[str, ...]
    codes: tuple[CodeEntry, ...]
    enrolment: bool
    open: bool
    cards: tuple[Card, ...]

    def codes_on(self, day: date) -> tuple[str, ...]:
        """Return the codes that it has on a day."""
        return tuple(each.code for each in self.codes if each.covers(day))

    def takes(self, profession: str) -> bool:
        """Say whether it takes claims of a profession; all, where it names none."""
        return not self.professions or profession in self.professions


Payers = Mapping[str, ListedPayer]
"""All payers of a version by their ids, in the order of these."""


def payers_of(data: DirectoryData, card_rows: CardRows) -> Payers:
    """List the payers of a directory."""
    cards: dict[tuple[str, str], list[Card]] = {}
    for network in sorted({payer.network for payer in data.payers}):
        for row in card_rows(network, data.tables.get(network, {})):
            cards.setdefault((network, row.code), []).append(row.data)
    return {
        payer.id: ListedPayer(
            id=payer.id,
            name=payer.name,
            network=payer.network,
            country=payer.country,
            flows=payer.flows,
            professions=payer.professions,
            codes=payer.codes,
            enrolment=payer.enrolment,
            open=payer.endpoint is not None,
            cards=tuple(
                card
                for code in dict.fromkeys(each.code for each in payer.codes)
                for card in cards.get((payer.network, code), ())
            ),
        )
        for payer in sorted(data.payers, key=lambda payer: payer.id)
    }


class Change(NamedTuple):
    """A payer that is new or says something else; None for one that is gone."""

    id: str
    payer: ListedPayer | None


def changes(before: Payers, after: Payers) -> Iterator[Change]:
    """Yield what is different in the later version, in the order of the ids."""
    for id in sorted({*before, *after}):
        if before.get(id) != after.get(id):
            yield Change(id, after.get(id))
