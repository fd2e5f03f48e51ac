"""Sending numbers: which may be used, and what may be done after each message.

A union takes each number of a third-party payer once in a year, from whatever
program it comes (belgium.md 4, "Sending numbers"); a refused sending comes again
under the same number, an accepted one never does (belgium.md 2, after the payers'
FAQ).  The rules are the table `RULINGS`; what a number's uses come to is its key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from routing.envelope import Outcome
from routing.number_use import NumberRuling, NumberUse

RECEIPT: Final = "receipt"  # 931000
VERDICT: Final = "verdict"  # 920999, 920099, 920098
SETTLEMENT: Final = "settlement"  # 920900
PAYMENT: Final = "payment"


class NumberState(StrEnum):
    """What a sending number's uses come to; in this order the later one wins."""

    FREE = "free"
    REFUSED = "refused"  # 920099, or 920999 for its header
    WAITING = "waiting"
    DUPLICATE = "duplicate"  # 920999: it came twice, the first one's verdict counts
    BEFORE = "before"  # used past us, or before us
    ACCEPTED = "accepted"  # 920098 or 920900


_ORDER: Final = tuple(NumberState)


def series(sender: str, union: str, year: str) -> str:
    """Name the register of a third-party payer's numbers with a union in a year."""
    return f"{sender}/{union}/{year}"


def state_of(uses: Sequence[NumberUse]) -> NumberState:
    """Return what the uses of a number come to."""
    found = [_state_of(use) for use in uses]
    return max(found, key=_ORDER.index, default=NumberState.FREE)


def rule(uses: Sequence[NumberUse]) -> NumberRuling:
    """Return what may be done with a number, given its uses."""
    return RULINGS[state_of(uses)]


def _state_of(use: NumberUse) -> NumberState:
    if not use.lot:
        return NumberState.BEFORE
    if any(kind in {SETTLEMENT, PAYMENT} for kind, _ in use.said):
        return NumberState.ACCEPTED
    verdicts = {outcome for kind, outcome in use.said if kind == VERDICT}
    for outcome, state in _VERDICTS:
        if outcome in verdicts:
            return state
    return NumberState.WAITING


_VERDICTS: Final = (
    (Outcome.ACKNOWLEDGED, NumberState.ACCEPTED),
    (Outcome.REJECTED, NumberState.REFUSED),
    (Outcome.DEFERRED, NumberState.DUPLICATE),
)

_NEVER: Final = (
    "the number is never used again, even if the whole sending is cancelled later; "
    "refused invoices are billed again in a later sending under a new number"
)

RULINGS: Final[Mapping[NumberState, NumberRuling]] = MappingProxyType(
    {
        NumberState.FREE: NumberRuling(
            state=NumberState.FREE,
            may_go=True,
            waits=False,
            words="no sending of the year bears it",
            advice="it may be used",
        ),
        NumberState.REFUSED: NumberRuling(
            state=NumberState.REFUSED,
            may_go=True,
            waits=False,
            words="the payer refused the whole sending that bore it and pays nothing of it",
            advice="correct the sending and send all of it again under the same number",
        ),
        NumberState.WAITING: NumberRuling(
            state=NumberState.WAITING,
            may_go=False,
            waits=True,
            words="a sending bears it on which the payer has not decided",
            advice="wait for the verdict (920098, 920099) and send nothing under it "
            "meanwhile: refused, it may be used again; accepted, it may not",
        ),
        NumberState.DUPLICATE: NumberRuling(
            state=NumberState.DUPLICATE,
            may_go=False,
            waits=True,
            words="the payer says that the number came to it twice (920999)",
            advice="wait for its verdict on the first one: after 920098 do not send the "
            "sending again, after 920099 send the corrected one under the same number",
        ),
        NumberState.BEFORE: NumberRuling(
            state=NumberState.BEFORE,
            may_go=False,
            waits=False,
            words="it was used by another program, or before the gateway was",
            advice=_NEVER,
        ),
        NumberState.ACCEPTED: NumberRuling(
            state=NumberState.ACCEPTED,
            may_go=False,
            waits=False,
            words="the payer has accepted a sending that bears it",
            advice=_NEVER,
        ),
    }
)
"""What may be done with a number now, by what its uses come to."""
