"""What a card or its attestation says, and what a network's tables make of it.

A card is its data by name, whatever of it is known: `regime`, `fund` and `centre` of
a compulsory payer; `amc`, `convention` and `criterion` of a complementary one; and
what else a network knows (`config.card_data`).  Nothing of it names a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from attrs import field, frozen

Card = Mapping[str, str]


class CardRow(NamedTuple):
    """What a card may say, and the code of the payer that it leads to.

    Where that holds for some days only, `valid_from` and `valid_until` stand in it.
    """

    code: str
    data: Card


@frozen(kw_only=True)
class CardFound:
    """What a network makes of a card.

    `codes` are those of the payer, best first, or of `several` payers of which the
    tables cannot tell which one is meant.  `told` is how that was found, as plain
    values; empty where there is nothing to tell.
    """

    codes: tuple[str, ...]
    several: bool = False
    told: Mapping[str, Any] = field(factory=dict)
