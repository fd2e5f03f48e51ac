"""The chase of a lot whose answers are late: its states, and what is known so far.

One chase stands for all unanswered claims of a lot; it ends with their answer, or
with a person.  `remedy.next_remedy` decides what is done; what each try taught is
kept in `Known`, so a decision can be made again from rows alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Final, Self

from attrs import asdict, evolve, field, frozen

from routing.transitions import Lifecycle


class ChaseState(StrEnum):
    """Where a chase stands."""

    OPEN = "open"  # goes on at its `next_at`
    PAUSED = "paused"  # the payer as a whole is silent; goes on when it is heard
    APPROVAL = "approval"  # a second person must agree to the next remedy
    GIVEN_UP = "given-up"  # nothing safe is left; a person has it
    ENDED = "ended"  # everything is answered, or nothing is owed any more


class ChaseEvent(StrEnum):
    """What happens to a chase."""

    PAUSE = "pause"
    RESUME = "resume"
    WANT_APPROVAL = "want-approval"
    DECIDE = "decide"  # a second person agreed, or refused
    GIVE_UP = "give-up"
    END = "end"
    REOPEN = "reopen"  # a person starts it again, or the lot was sent again


def _chase_table() -> dict[tuple[ChaseState, ChaseEvent], ChaseState]:
    s, e = ChaseState, ChaseEvent
    table = {
        (s.OPEN, e.PAUSE): s.PAUSED,
        (s.PAUSED, e.RESUME): s.OPEN,
        (s.OPEN, e.WANT_APPROVAL): s.APPROVAL,
        (s.APPROVAL, e.DECIDE): s.OPEN,
        (s.OPEN, e.GIVE_UP): s.GIVEN_UP,
        (s.APPROVAL, e.GIVE_UP): s.GIVEN_UP,
    }
    for state in s:
        table[state, e.END] = s.ENDED
        table[state, e.REOPEN] = s.OPEN
    return table


CHASE: Final = Lifecycle(
    name="chase",
    initial=ChaseState.OPEN,
    final=frozenset({ChaseState.GIVEN_UP, ChaseState.ENDED}),
    revive=frozenset({ChaseEvent.REOPEN, ChaseEvent.END}),
    table=_chase_table(),
)


class RemedyState(StrEnum):
    """Where one try of a remedy stands; also an `outcome` of its metric."""

    APPROVAL = "approval"  # waits for a second person
    PLANNED = "planned"  # journaled, and not done yet
    TRIED = "tried"  # done; what it brings is awaited
    BROUGHT = "brought"  # claims were answered after it
    NOTHING = "nothing"  # the next remedy had to be tried
    FAILED = "failed"  # it could not be done
    DENIED = "denied"  # the second person refused it


class RemedyEvent(StrEnum):
    """What happens to one try of a remedy."""

    APPROVE = "approve"
    DENY = "deny"
    DO = "do"
    BRING = "bring"
    LAPSE = "lapse"
    FAIL = "fail"


def _remedy_table() -> dict[tuple[RemedyState, RemedyEvent], RemedyState]:
    s, e = RemedyState, RemedyEvent
    return {
        (s.APPROVAL, e.APPROVE): s.PLANNED,
        (s.APPROVAL, e.DENY): s.DENIED,
        (s.APPROVAL, e.LAPSE): s.NOTHING,
        (s.APPROVAL, e.FAIL): s.FAILED,  # no second person answered in time
        (s.APPROVAL, e.BRING): s.NOTHING,  # the answer came without it
        (s.PLANNED, e.DO): s.TRIED,
        (s.PLANNED, e.FAIL): s.FAILED,
        (s.PLANNED, e.LAPSE): s.NOTHING,
        (s.PLANNED, e.BRING): s.NOTHING,
        (s.TRIED, e.BRING): s.BROUGHT,
        (s.TRIED, e.LAPSE): s.NOTHING,
        (s.TRIED, e.FAIL): s.FAILED,
        (s.BROUGHT, e.BRING): s.BROUGHT,
        (s.NOTHING, e.BRING): s.BROUGHT,  # late, and the last that was tried
    }


REMEDY: Final = Lifecycle(
    name="remedy",
    initial=RemedyState.PLANNED,
    final=frozenset(
        {
            RemedyState.BROUGHT,
            RemedyState.NOTHING,
            RemedyState.FAILED,
            RemedyState.DENIED,
        }
    ),
    revive=frozenset({RemedyEvent.BRING}),
    table=_remedy_table(),
)


class Status(StrEnum):
    """What a payer's desk says of a file or lot."""

    UNASKED = ""
    UNKNOWN = "unknown"  # the payer does not have it
    RECEIVED = "received"  # it has it, and has not decided
    REFUSED = "refused"  # it refused it, for the reason given
    ANSWERED = "answered"  # it has answered


def _texts(found: Iterable[str]) -> frozenset[str]:
    return frozenset(found)


@frozen(kw_only=True)
class Known:
    """What a chase has learned; epoch seconds.  `tried` counts tries by remedy."""

    tried: Mapping[str, int] = field(factory=dict)
    last: Mapping[str, float] = field(factory=dict)
    status: Status = field(default=Status.UNASKED, converter=Status)
    status_at: float = 0.0
    enrolled: bool | None = None  # what the payer said of the sender; None: not asked
    denied: frozenset[str] = field(default=frozenset(), converter=_texts)

    def after(self, remedy: str, at: float) -> Self:
        """Return what is known once a remedy was tried."""
        tried = {**self.tried, remedy: self.tried.get(remedy, 0) + 1}
        return evolve(self, tried=tried, last={**self.last, remedy: at})

    def without(self, remedy: str) -> Self:
        """Return what is known once a try turns out not to have been made."""
        left = max(0, self.tried.get(remedy, 0) - 1)
        return evolve(self, tried={**self.tried, remedy: left})

    def refused(self, remedy: str) -> Self:
        """Return what is known once a second person refused a remedy."""
        return evolve(self, denied=frozenset({*self.denied, remedy}))

    def told(self, status: Status, at: float) -> Self:
        """Return what is known once the payer's desk said how the lot stands."""
        return evolve(self, status=status, status_at=at)

    def elsewhere(self) -> Self:
        """Return what is known once another payer has it: not what the old one said."""
        return evolve(self, status=Status.UNASKED, status_at=0.0, enrolled=None)

    def to_json(self) -> str:
        """Write it down for the journal."""
        found: dict[str, Any] = asdict(self)
        found["denied"] = sorted(self.denied)
        return json.dumps(found, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote; an empty text is nothing known."""
        return cls(**json.loads(text)) if text else cls()
