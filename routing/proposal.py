"""Matches that are likely and not sure: a person says yes or no, never the program."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from routing.transitions import Lifecycle


class ProposalState(StrEnum):
    """Where a proposed match stands."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    OVERTAKEN = "overtaken"  # the answer found its claim in another way


class ProposalEvent(StrEnum):
    """What happens to a proposed match."""

    CONFIRM = "confirm"
    REFUSE = "refuse"
    OVERTAKE = "overtake"


PROPOSAL: Final = Lifecycle(
    name="proposal",
    initial=ProposalState.OPEN,
    final=frozenset(
        {ProposalState.CONFIRMED, ProposalState.REFUSED, ProposalState.OVERTAKEN}
    ),
    table={
        (ProposalState.OPEN, ProposalEvent.CONFIRM): ProposalState.CONFIRMED,
        (ProposalState.OPEN, ProposalEvent.REFUSE): ProposalState.REFUSED,
        (ProposalState.OPEN, ProposalEvent.OVERTAKE): ProposalState.OVERTAKEN,
    },
)
