"""What of a card, or of its attestation, leads to a payer; nothing of it names a person."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

CARD_DATA: Final[Mapping[str, str]] = MappingProxyType(
    {
        "regime": "regime of a French card, two digits; with `fund`",
        "fund": "fund of a French card, three digits",
        "centre": "centre of a French card, four digits",
        "amc": "number of the complementary insurer (AMC) on the card or attestation",
        "mutual_number": "older number of a mutual, eight characters, instead of `amc`",
        "convention": "convention type on the attestation",
        "criterion": "secondary criterion on the attestation",
        "agreement": "T for third-party payment, H for none",
        "nature": "nature or specialty, as the national tables of conventions number it",
        "mutuality": "number of a Belgian mutuality, three digits",
    }
)
"""By name, with words."""
