"""The states of everything that lives in the journal, and the ways between them.

Each life is a table of (state, event) -> state; the journal moves a row along it
by compare-and-set.  The decision that surprises: a payer's word is legal in
every state of a lot, because an answer to a first sending may come after a
person replayed, withdrew or refused the lot, and late always wins over missing.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from routing.transitions import Lifecycle


class DepositState(StrEnum):
    """Where a deposit stands."""

    RECEIVED = "received"
    SPLIT = "split"
    UNREADABLE = "unreadable"


class DepositEvent(StrEnum):
    """What happens to a deposit."""

    SPLIT = "split"
    UNREADABLE = "unreadable"
    REPLAY = "replay"  # a person has it read again


DEPOSIT: Final = Lifecycle(
    name="deposit",
    initial=DepositState.RECEIVED,
    final=frozenset({DepositState.SPLIT, DepositState.UNREADABLE}),
    revive=frozenset({DepositEvent.REPLAY}),
    table={
        (DepositState.RECEIVED, DepositEvent.SPLIT): DepositState.SPLIT,
        (DepositState.RECEIVED, DepositEvent.UNREADABLE): DepositState.UNREADABLE,
        (DepositState.UNREADABLE, DepositEvent.REPLAY): DepositState.RECEIVED,
    },
)


class LotState(StrEnum):
    """Where a lot stands."""

    NEW = "new"
    HELD = "held"  # not routable now; `reroute` tries again
    ROUTED = "routed"
    GATHERED = "gathered"  # in a dispatch that is not handed over yet
    SENT = "sent"
    ACKNOWLEDGED = "acknowledged"
    ANSWERED = "answered"
    REFUSED = "refused"  # bad content: returned to its client with the reason
    WITHDRAWN = "withdrawn"


class LotEvent(StrEnum):
    """What happens to a lot."""

    ROUTE = "route"
    HOLD = "hold"
    REROUTE = "reroute"
    REFUSE = "refuse"
    GATHER = "gather"
    RELEASE = "release"  # its dispatch was withdrawn before it left
    SEND = "send"
    ACKNOWLEDGE = "acknowledge"
    ANSWER = "answer"
    WITHDRAW = "withdraw"
    REPLAY = "replay"  # route and send it anew, by today's directory


def _lot_table() -> dict[tuple[LotState, LotEvent], LotState]:
    s, e = LotState, LotEvent
    table = {
        (s.NEW, e.ROUTE): s.ROUTED,
        (s.NEW, e.HOLD): s.HELD,
        (s.NEW, e.REFUSE): s.REFUSED,
        (s.NEW, e.WITHDRAW): s.WITHDRAWN,
        (s.HELD, e.ROUTE): s.ROUTED,
        (s.HELD, e.HOLD): s.HELD,  # held for another cause
        (s.HELD, e.REROUTE): s.NEW,
        (s.HELD, e.REFUSE): s.REFUSED,
        (s.HELD, e.WITHDRAW): s.WITHDRAWN,
        (s.ROUTED, e.HOLD): s.HELD,  # its payer left the directory
        (s.ROUTED, e.GATHER): s.GATHERED,
        (s.ROUTED, e.WITHDRAW): s.WITHDRAWN,
        (s.GATHERED, e.RELEASE): s.ROUTED,
        (s.GATHERED, e.SEND): s.SENT,
        (s.ACKNOWLEDGED, e.SEND): s.ACKNOWLEDGED,  # the word came before the outcome
        (s.ANSWERED, e.SEND): s.ANSWERED,
        (s.SENT, e.REPLAY): s.NEW,
        (s.ACKNOWLEDGED, e.REPLAY): s.NEW,
        (s.ANSWERED, e.REPLAY): s.NEW,
        (s.REFUSED, e.REPLAY): s.NEW,
        (s.WITHDRAWN, e.REPLAY): s.NEW,
    }
    settled = {s.ANSWERED, s.REFUSED, s.WITHDRAWN}
    for state in s:
        table[state, e.ANSWER] = s.ANSWERED
        table[state, e.ACKNOWLEDGE] = state if state in settled else s.ACKNOWLEDGED
    return table


LOT: Final = Lifecycle(
    name="lot",
    initial=LotState.NEW,
    final=frozenset({LotState.ANSWERED, LotState.REFUSED, LotState.WITHDRAWN}),
    revive=frozenset({LotEvent.REPLAY, LotEvent.ANSWER}),
    table=_lot_table(),
)


class DispatchState(StrEnum):
    """Where a dispatch stands."""

    READY = "ready"
    SENDING = "sending"  # one worker holds the lease
    UNKNOWN = "unknown"  # the payer may have it: ask, never send blindly
    SENT = "sent"
    REFUSED = "refused"  # needs a person
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"


class DispatchEvent(StrEnum):
    """What happens to a dispatch."""

    CLAIM = "claim"
    ACCEPTED = "accepted"
    RETRY = "retry"
    LOST = "lost"  # the line or the worker was lost during the handing over
    ARRIVED = "arrived"
    ABSENT = "absent"
    REFUSE = "refuse"
    ANSWER = "answer"
    REPLAY = "replay"
    WITHDRAW = "withdraw"
    OUTSIDE = "outside"  # a person handed it over on another way, and has proof


def _dispatch_table() -> dict[tuple[DispatchState, DispatchEvent], DispatchState]:
    s, e = DispatchState, DispatchEvent
    return {
        (s.READY, e.CLAIM): s.SENDING,
        (s.READY, e.REFUSE): s.REFUSED,  # given up after too many attempts
        (s.READY, e.WITHDRAW): s.WITHDRAWN,
        (s.READY, e.OUTSIDE): s.SENT,
        (s.SENDING, e.ACCEPTED): s.SENT,
        (s.SENDING, e.RETRY): s.READY,
        (s.SENDING, e.LOST): s.UNKNOWN,
        (s.SENDING, e.REFUSE): s.REFUSED,
        (s.UNKNOWN, e.ARRIVED): s.SENT,
        (s.UNKNOWN, e.ABSENT): s.READY,
        (s.UNKNOWN, e.REFUSE): s.REFUSED,  # asked, and it cannot be told
        (s.UNKNOWN, e.ANSWER): s.ANSWERED,  # an answer proves the arrival
        (s.UNKNOWN, e.OUTSIDE): s.SENT,
        (s.REFUSED, e.ARRIVED): s.SENT,  # a person found it at the payer's
        (s.REFUSED, e.ANSWER): s.ANSWERED,
        (s.REFUSED, e.OUTSIDE): s.SENT,
        (s.REFUSED, e.REPLAY): s.READY,
        (s.REFUSED, e.WITHDRAW): s.WITHDRAWN,
        (s.SENT, e.ANSWER): s.ANSWERED,
        (s.SENT, e.REPLAY): s.READY,  # only to a payer that takes the same number twice
        (s.ANSWERED, e.ANSWER): s.ANSWERED,
    }


DISPATCH: Final = Lifecycle(
    name="dispatch",
    initial=DispatchState.READY,
    final=frozenset({DispatchState.ANSWERED, DispatchState.WITHDRAWN}),
    table=_dispatch_table(),
)


class ExpectationState(StrEnum):
    """Where an expected answer stands; also the `state` label of its metric."""

    OPEN = "open"
    LATE = "late"
    MISSING = "missing"
    MET = "met"
    WAIVED = "waived"


class ExpectationEvent(StrEnum):
    """What happens to an expectation."""

    LAPSE = "lapse"  # its due date has passed
    MISS = "miss"
    MEET = "meet"
    WAIVE = "waive"
    RENEW = "renew"  # a remedy was applied, or the payer deferred: a new due date


def _expectation_table() -> dict[
    tuple[ExpectationState, ExpectationEvent], ExpectationState
]:
    s, e = ExpectationState, ExpectationEvent
    table = {
        (s.OPEN, e.LAPSE): s.LATE,
        (s.OPEN, e.WAIVE): s.WAIVED,
        (s.OPEN, e.RENEW): s.OPEN,
        (s.LATE, e.MISS): s.MISSING,
        (s.LATE, e.WAIVE): s.WAIVED,
        (s.LATE, e.RENEW): s.OPEN,
        (s.MISSING, e.WAIVE): s.WAIVED,
        (s.MISSING, e.RENEW): s.OPEN,
        (s.WAIVED, e.RENEW): s.OPEN,  # what was taken back is answered after all
    }
    return table | {(state, e.MEET): s.MET for state in s}


EXPECTATION: Final = Lifecycle(
    name="expectation",
    initial=ExpectationState.OPEN,
    final=frozenset({ExpectationState.MET, ExpectationState.WAIVED}),
    revive=frozenset({ExpectationEvent.MEET, ExpectationEvent.RENEW}),
    table=_expectation_table(),
)


class ReturnState(StrEnum):
    """Where a return stands."""

    STORED = "stored"
    MATCHED = "matched"
    PARTLY_MATCHED = "partly-matched"  # orphans are left, and tried again
    UNREADABLE = "unreadable"


class ReturnEvent(StrEnum):
    """What happens to a return."""

    MATCH = "match"
    MATCH_PART = "match-part"
    REMATCH = "rematch"
    UNREADABLE = "unreadable"


def _return_table() -> dict[tuple[ReturnState, ReturnEvent], ReturnState]:
    s, e = ReturnState, ReturnEvent
    return {
        (s.STORED, e.MATCH): s.MATCHED,
        (s.STORED, e.MATCH_PART): s.PARTLY_MATCHED,
        (s.STORED, e.UNREADABLE): s.UNREADABLE,
        (s.PARTLY_MATCHED, e.MATCH): s.MATCHED,
        (s.PARTLY_MATCHED, e.MATCH_PART): s.PARTLY_MATCHED,
        (s.PARTLY_MATCHED, e.REMATCH): s.STORED,
        (s.MATCHED, e.REMATCH): s.STORED,
        (s.UNREADABLE, e.REMATCH): s.STORED,
    }


RETURN: Final = Lifecycle(
    name="return",
    initial=ReturnState.STORED,
    final=frozenset({ReturnState.MATCHED, ReturnState.UNREADABLE}),
    revive=frozenset({ReturnEvent.REMATCH}),
    table=_return_table(),
)


class HandbackState(StrEnum):
    """Where a client's own return file stands."""

    READY = "ready"
    FETCHED = "fetched"
    ACKNOWLEDGED = "acknowledged"


class HandbackEvent(StrEnum):
    """What happens to a client's own return file."""

    FETCH = "fetch"
    ACKNOWLEDGE = "acknowledge"
    OFFER = "offer"  # a person offers it again


def _handback_table() -> dict[tuple[HandbackState, HandbackEvent], HandbackState]:
    s, e = HandbackState, HandbackEvent
    return {
        (s.READY, e.FETCH): s.FETCHED,
        (s.READY, e.ACKNOWLEDGE): s.ACKNOWLEDGED,
        (s.FETCHED, e.FETCH): s.FETCHED,
        (s.FETCHED, e.ACKNOWLEDGE): s.ACKNOWLEDGED,
        (s.FETCHED, e.OFFER): s.READY,
        (s.ACKNOWLEDGED, e.FETCH): s.ACKNOWLEDGED,
        (s.ACKNOWLEDGED, e.ACKNOWLEDGE): s.ACKNOWLEDGED,
        (s.ACKNOWLEDGED, e.OFFER): s.READY,
    }


HANDBACK: Final = Lifecycle(
    name="handback",
    initial=HandbackState.READY,
    final=frozenset({HandbackState.ACKNOWLEDGED}),
    revive=frozenset({HandbackEvent.OFFER}),
    table=_handback_table(),
)


class AnomalyState(StrEnum):
    """Where an anomaly stands."""

    OPEN = "open"
    ASSIGNED = "assigned"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"


class AnomalyEvent(StrEnum):
    """What happens to an anomaly."""

    ASSIGN = "assign"
    UNASSIGN = "unassign"
    SNOOZE = "snooze"
    WAKE = "wake"
    RESOLVE = "resolve"
    REOPEN = "reopen"  # by a person, or because the same thing happened again


def _anomaly_table() -> dict[tuple[AnomalyState, AnomalyEvent], AnomalyState]:
    s, e = AnomalyState, AnomalyEvent
    return {
        (s.OPEN, e.ASSIGN): s.ASSIGNED,
        (s.OPEN, e.SNOOZE): s.SNOOZED,
        (s.OPEN, e.RESOLVE): s.RESOLVED,
        (s.ASSIGNED, e.ASSIGN): s.ASSIGNED,
        (s.ASSIGNED, e.UNASSIGN): s.OPEN,
        (s.ASSIGNED, e.SNOOZE): s.SNOOZED,
        (s.ASSIGNED, e.RESOLVE): s.RESOLVED,
        (s.SNOOZED, e.ASSIGN): s.ASSIGNED,
        (s.SNOOZED, e.WAKE): s.OPEN,
        (s.SNOOZED, e.RESOLVE): s.RESOLVED,
        (s.RESOLVED, e.REOPEN): s.OPEN,
    }


ANOMALY: Final = Lifecycle(
    name="anomaly",
    initial=AnomalyState.OPEN,
    final=frozenset({AnomalyState.RESOLVED}),
    revive=frozenset({AnomalyEvent.REOPEN}),
    table=_anomaly_table(),
)
