"""The payers that somebody means: by name, code, profession, or what a card says."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date

from attrs import field, frozen

from routing.card import Card, CardFound
from routing.directory import Directory
from routing.errors import NoRoute
from routing.referential import ListedPayer, Payers

ReadCard = Callable[[str, Card], CardFound | None]
"""What a network makes of a card; None where it is no card of that network."""


@frozen(kw_only=True)
class PayerSearch:
    """What is asked for; whatever is empty is not asked.

    `name` are the beginnings of words, in any order and however accented.  A `code`
    that is over means the payer that took it over; so does what a card says.
    """

    name: str = ""
    code: str = ""
    network: str = ""
    profession: str = ""
    card: Card = field(factory=dict)


@frozen(kw_only=True)
class Found:
    """Payers in the order of their ids, and what each network made of the card."""

    payers: Sequence[ListedPayer]
    cards: Mapping[str, CardFound] = field(factory=dict)


def search(
    wanted: PayerSearch,
    payers: Payers,
    directory: Directory,
    read_card: ReadCard,
    on: date,
) -> Found:
    """Find the payers that all of it fits."""
    found = [
        payer
        for payer in payers.values()
        if wanted.network in {"", payer.network}
        and (not wanted.profession or payer.takes(wanted.profession))
        and (not wanted.name or named_so(payer.name, wanted.name))
    ]
    networks = sorted({payer.network for payer in payers.values()})
    if wanted.network:
        networks = [each for each in networks if each == wanted.network]
    cards: dict[str, CardFound] = {}
    if wanted.code:
        asked = CardFound(codes=("".join(wanted.code.split()),))
        means = {
            payer for each in networks for payer in _meant(directory, each, asked, on)
        }
        found = [each for each in found if each.id in means]
    if wanted.card:
        read = ((each, read_card(each, wanted.card)) for each in networks)
        cards = {network: card for network, card in read if card is not None}
        means = {
            payer
            for network, card in cards.items()
            for payer in _meant(directory, network, card, on)
        }
        found = [each for each in found if each.id in means]
    return Found(payers=found, cards=cards)


def named_so(name: str, words: str) -> bool:
    """Say whether each of the words begins one of a name, however they are accented."""
    told = _plain(name).split()
    return all(
        any(each.startswith(word) for each in told) for word in _plain(words).split()
    )


def _meant(
    directory: Directory, network: str, card: CardFound, on: date
) -> Iterator[str]:
    """Yield the payers that codes lead to: the first of them, or each of several."""
    for code in card.codes:
        try:
            yield directory.lookup(network, code, on).payer.id
        except NoRoute:
            continue
        if not card.several:
            return


def _plain(text: str) -> str:
    """Return a text in small letters without accents, its words apart."""
    bare = unicodedata.normalize("NFKD", text).casefold()
    kept = (" " if not each.isalnum() else each for each in bare if not _mark(each))
    return "".join(kept)


def _mark(letter: str) -> bool:
    return unicodedata.combining(letter) != 0
