"""What webhooks tell: each kind, the event of the history behind it, and its words.

The one place to add a kind.  What is told holds ids, states, counts and links,
and never anything about a patient.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

TEST: Final = "webhook.test"

DEPOSIT, LOT, RETURN = "deposit", "lot", "return"

MEMBERS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        DEPOSIT: ("deposit", "link"),
        LOT: ("deposit", "lot", "lot_number", "claims", "link"),
        RETURN: ("return", "network", "format", "link"),
    }
)
"""What is told of each kind of thing."""


class Kind(NamedTuple):
    """One kind: what it is about, the event it comes from, and what it says."""

    about: str
    source: str
    words: str
    facts: tuple[str, ...] = ()  # of that event, that are told


KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "deposit.read": Kind(
            DEPOSIT,
            "deposit.split",
            "a file of yours was read; it tells how many lots, claims and errors",
            ("lots", "claims", "errors"),
        ),
        "deposit.refused": Kind(
            DEPOSIT,
            "deposit.unreadable",
            "a file of yours is in no known format; its report says why",
        ),
        "lot.held": Kind(
            LOT,
            "lot.held",
            "a lot cannot be sent now; `cause` says why",
            ("cause",),
        ),
        "lot.refused": Kind(
            LOT,
            "lot.refused",
            "a lot has content that a payer would refuse; a corrected one must come",
            ("cause",),
        ),
        "lot.sent": Kind(LOT, "lot.sent", "the payer took the file that a lot is in"),
        "return.available": Kind(
            RETURN,
            "return.ready",
            "a return waits for you to be fetched and acknowledged",
            ("answers",),
        ),
        "answer.late": Kind(
            LOT,
            "expectation.late",
            "an answer that a payer owes for a lot is past due; it is chased",
            ("kind",),
        ),
        "answer.missing": Kind(
            LOT,
            "expectation.missing",
            "an answer has not come, and it is past its grace as well",
            ("kind",),
        ),
    }
)
"""Every kind that an endpoint may ask for."""

OF_SOURCE: Final[Mapping[str, str]] = MappingProxyType(
    {kind.source: name for name, kind in KINDS.items()}
)
"""The kind that comes from an event of the history."""
