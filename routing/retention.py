"""How long stored files are kept, and what keeps one beyond that.

The longest word counts: of the house, of the network, of each payer concerned.  Time
runs from the last thing that happened, not from the day on which a file came.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from attrs import field, frozen


class Reason(StrEnum):
    """Why a file stays, the weightiest first."""

    IN_WORK = "in-work"
    HELD = "held"
    UNANSWERED = "unanswered"
    UNPAID = "unpaid"
    CONTESTED = "contested"
    UNMATCHED = "unmatched"
    UNFETCHED = "unfetched"
    UNCHAINED = "unchained"
    YOUNG = "young"


WORDS: Final[Mapping[Reason, str]] = MappingProxyType(
    {
        Reason.IN_WORK: "not read, sent or matched to its end",
        Reason.HELD: "a lot of it is held",
        Reason.UNANSWERED: "an answer is owed or a claim has none",
        Reason.UNPAID: "a claim or a transfer is still to be paid",
        Reason.CONTESTED: "an anomaly, chase, proposal or refusal waits for a person",
        Reason.UNMATCHED: "answers in it fit nothing that was sent",
        Reason.UNFETCHED: "its client has not fetched what was answered",
        Reason.UNCHAINED: "its receipt is not in the chain yet",
        Reason.YOUNG: "its retention is not over",
    }
)


@frozen(kw_only=True)
class Keeping:
    """What is said of retention; all in seconds."""

    house: float
    part_paid: float
    networks: Mapping[str, float] = field(factory=dict)
    payers: Mapping[str, float] = field(factory=dict)

    def of(self, network: str, payers: Iterable[str]) -> float:
        """Return how long a file is kept that concerns a network and some payers.

        A payer that the directory does not know any more may have said the longest.
        """
        longest = max(self.payers.values(), default=0.0)
        said = (self.payers.get(payer, longest) for payer in payers)
        return max((self.house, self.networks.get(network, 0.0), *said))
