"""The enrolment of a sender with a payer for a flow: states, and who acts next.

A payer that does not know a sender drops what it sends, often in silence.  So a
lot waits here while its sender's enrolment is known not to be open, and goes by
itself when it opens.  The decision that surprises: no row is not `absent`.  A
payer that says nothing about enrolment is believed to know everybody until there
is evidence; a payer that requires it knows only those who are listed.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from routing.transitions import Lifecycle


class EnrolmentState(StrEnum):
    """Where an enrolment stands."""

    ABSENT = "absent"  # the payer does not know the sender
    TO_SIGN = "to-sign"  # the sender must give a paper or a mandate
    REQUESTED = "requested"  # the payer has been asked
    OPEN = "open"
    SUSPENDED = "suspended"
    CLOSED = "closed"


class EnrolmentEvent(StrEnum):
    """What happens to an enrolment."""

    ASK = "ask"
    WANT_PAPER = "want-paper"
    OPEN = "open"
    REFUSE = "refuse"
    SUSPEND = "suspend"
    CLOSE = "close"


class Actor(StrEnum):
    """Who has to act next."""

    NOBODY = "nobody"
    GATEWAY = "gateway"
    SENDER = "sender"
    PAYER = "payer"


_AFTER: Final = {
    EnrolmentEvent.ASK: EnrolmentState.REQUESTED,
    EnrolmentEvent.WANT_PAPER: EnrolmentState.TO_SIGN,
    EnrolmentEvent.OPEN: EnrolmentState.OPEN,
    EnrolmentEvent.REFUSE: EnrolmentState.ABSENT,
    EnrolmentEvent.SUSPEND: EnrolmentState.SUSPENDED,
    EnrolmentEvent.CLOSE: EnrolmentState.CLOSED,
}
"""Where each event leads: the payer's word holds wherever we stood."""


def _table() -> dict[tuple[EnrolmentState, EnrolmentEvent], EnrolmentState]:
    table = {
        (state, event): after
        for state in EnrolmentState
        for event, after in _AFTER.items()
    }
    # who is known already is not taken back by our asking again
    table[EnrolmentState.OPEN, EnrolmentEvent.ASK] = EnrolmentState.OPEN
    return table


ENROLMENT: Final = Lifecycle(
    name="enrolment",
    initial=EnrolmentState.ABSENT,
    final=frozenset({EnrolmentState.OPEN, EnrolmentState.CLOSED}),
    revive=frozenset(EnrolmentEvent),
    table=_table(),
)

ACTS_NEXT: Final = {
    EnrolmentState.ABSENT: Actor.GATEWAY,
    EnrolmentState.TO_SIGN: Actor.SENDER,
    EnrolmentState.REQUESTED: Actor.PAYER,
    EnrolmentState.OPEN: Actor.NOBODY,
    EnrolmentState.SUSPENDED: Actor.SENDER,
    EnrolmentState.CLOSED: Actor.NOBODY,
}
"""Who has to act next, by state."""

NEXT: Final = {
    EnrolmentState.ABSENT: "the payer must be asked to register the sender",
    EnrolmentState.TO_SIGN: "the sender must give the paper or mandate it was asked for",
    EnrolmentState.REQUESTED: "the payer was asked and must answer",
    EnrolmentState.OPEN: "nobody has to act",
    EnrolmentState.SUSPENDED: "the sender must clear it with the payer",
    EnrolmentState.CLOSED: "nobody is asked to act: the payer has closed it for good",
}
"""What has to be done next, by state, in words."""


def event_to(state: EnrolmentState) -> EnrolmentEvent:
    """Return the event by which somebody says that an enrolment stands so."""
    return next(event for event, after in _AFTER.items() if after is state)


def may_go(state: EnrolmentState | None, *, required: bool) -> bool:
    """Say whether a lot may be sent: `state` is None where nothing is known."""
    if state is None:
        return not required
    return state is EnrolmentState.OPEN
