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


def _table() -> dict[tuple[EnrolmentState, EnrolmentEvent], EnrolmentState]:
    s, e = EnrolmentState, EnrolmentEvent
    table = {
        (s.ABSENT, e.ASK): s.REQUESTED,
        (s.TO_SIGN, e.ASK): s.REQUESTED,
        (s.SUSPENDED, e.ASK): s.REQUESTED,
        (s.CLOSED, e.ASK): s.REQUESTED,
        (s.REQUESTED, e.ASK): s.REQUESTED,
        (s.REQUESTED, e.WANT_PAPER): s.TO_SIGN,
        (s.ABSENT, e.WANT_PAPER): s.TO_SIGN,
        (s.REQUESTED, e.REFUSE): s.ABSENT,
        (s.TO_SIGN, e.REFUSE): s.ABSENT,
        (s.OPEN, e.SUSPEND): s.SUSPENDED,
    }
    for state in s:
        table[state, e.OPEN] = s.OPEN  # the payer's word holds wherever we stood
        table[state, e.CLOSE] = s.CLOSED
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


def may_go(state: EnrolmentState | None, *, required: bool) -> bool:
    """Say whether a lot may be sent: `state` is None where nothing is known."""
    if state is None:
        return not required
    return state is EnrolmentState.OPEN
