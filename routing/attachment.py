"""Supporting documents: when one may go, by where its claim's lot stands."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from routing.ledger import Account
from routing.lifecycle import LotState

FLOW: Final = "attachment"
"""The flow of lots that are supporting documents; they hold no claims."""


class Way(StrEnum):
    """What a document waits for, or that it may go."""

    CLAIM = "claim"  # the claim is not here yet
    WORD = "word"  # the payer has not acknowledged the claim's lot yet
    REFUSED = "refused"  # the claim's lot does not stand with its payer
    OPEN = "open"


def way(state: str, account: str) -> Way:
    """Say whether a document may follow its claim's lot."""
    if account == Account.REJECTED or state in {LotState.REFUSED, LotState.WITHDRAWN}:
        return Way.REFUSED
    heard = state in {LotState.ACKNOWLEDGED, LotState.ANSWERED}
    return Way.OPEN if heard else Way.WORD
