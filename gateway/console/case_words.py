"""Words of the anomaly desk: what to do about a kind, what happened, reasons to close.

Everything here is said through the catalogue; what a person wrote is shown as it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Row

from gateway.console.visit import Visit
from gateway.journal.deeds import ITSELF
from gateway.steps.bulk import Chore
from gateway.steps.mending import Action
from gateway.telling import advice
from gateway.telling.advice import OF_CAUSE
from routing.chase import RemedyState
from routing.remedy import Remedy

_TITLES: Final = {
    "bad-content": "Content that a payer would refuse",
    "duplicate-lot": "The lot came before",
    "duplicate-invoice": "An invoice came before",
    "number-waiting": "An earlier lot of its number is not decided on",
    "number-used": "Its number is used",
    "no-destination": "No payer is named",
    "payer-undecided": "The tables do not decide who pays",
    "unknown-payer": "Unknown payer",
    "payer-closed": "The payer was closed",
    "no-endpoint": "The payer has no endpoint",
    "attachment-waits": "A document waits for its claim",
    "wrong-flow": "The payer does not take this flow",
    "not-enrolled": "The sender is not enrolled",
}
CAUSES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {name: (title, OF_CAUSE[name].desk) for name, title in _TITLES.items()}
)
"""What holds lots: its title, and what to do about it."""

EVENTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "anomaly.raised": "Raised",
        "anomaly.assign": "Given to {assignee} by {by}",
        "anomaly.unassign": "Given back by {by}",
        "anomaly.comment": "Comment by {by}",
        "anomaly.snooze": "Put off by {by} until {until}",
        "anomaly.wake": "Came back",
        "anomaly.resolve": "Resolved by {by}: {resolution}",
        "anomaly.reopen": "Opened again by {by}",
        "anomaly.reopened": "Happened again",
        "anomaly.asked": "{by} asked for a second person’s word",
        "anomaly.unanswered": "{id} was withdrawn: no second person answered in time",
        "anomaly.agreed": "{by} agreed to what {asked_by} asked for",
    }
)
"""What happened to a case."""

REASONS: Final = (
    "The cause was mended",
    "The client sends it again",
    "The payer confirmed it",
    "It is a duplicate of another case",
    "Nothing needs to be done",
)
"""Reasons to close a case; other words may be written."""

REMEDIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        Remedy.LOOK_AGAIN: "Look into the payer’s outbox at once",
        Remedy.MATCH_AGAIN: "Try the answers that fitted nothing again",
        Remedy.FOLLOW_MERGER: "Send it to the payer that took the old one over",
        Remedy.ASK_STATUS: "Ask the payer how the lot stands",
        Remedy.ASK_ENROLMENT: "Ask the payer whether it knows the sender",
        Remedy.RESEND: "Send it again",
        Remedy.ASK_RETURN: "Ask the payer to send its return again",
        Remedy.COMPLAIN: "Write the payer a complaint",
        Remedy.PERSON: "Give it to a person",
    }
)
"""What each remedy does."""

TRIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        RemedyState.APPROVAL: "waits for a second person",
        RemedyState.PLANNED: "done next",
        RemedyState.TRIED: "done, and awaited",
        RemedyState.BROUGHT: "brought answers",
        RemedyState.NOTHING: "brought nothing",
        RemedyState.FAILED: "could not be done",
        RemedyState.DENIED: "refused",
    }
)
"""Where a try of a remedy stands."""

ACTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        Action.REPLAY: "Do it again",
        Action.RESEND: "Send it again although the payer may have it",
        Action.WITHDRAW: "Withdraw it",
        Action.NOW: "Hand it over now",
        Action.CHASE: "Chase its answers anew",
        Action.DELIVERED: "Delivered outside",
    }
)
"""What may be done with a thing behind a case."""

CHORES: Final[Mapping[str, str]] = MappingProxyType(
    {
        Chore.ASSIGN: "Give to a person",
        Chore.SNOOZE: "Put off",
        Chore.RESOLVE: "Resolve",
        Chore.REPLAY: "Do again what is behind them",
        Chore.WITHDRAW: "Withdraw what is behind them",
    }
)
"""What may be done with many cases."""


def advice_of(case: Any) -> str:
    """Say what to do about a case, of held lots about what holds them."""
    found = advice.advice_of(case)
    return found.desk if found is not None else ""


def happened(visit: Visit, event: Row[*tuple[Any, ...]]) -> str:
    """Say what happened in the language of a visit; another kind shows its name."""
    pattern = EVENTS.get(event.kind)
    if pattern is None:
        return str(event.kind)
    facts: dict[str, Any] = _Facts(json.loads(event.facts))
    if isinstance(facts.get("until"), float):
        zone = visit.premises.zone
        facts["until"] = visit.language.moment(facts["until"], zone, form="short")
    if facts.get("resolution"):
        facts["resolution"] = why_closed(visit, facts["resolution"], facts["by"])
    if facts["by"] in ITSELF:
        facts["by"] = visit.language.say(facts["by"])
    return visit.language.say(pattern).format_map(facts)


def why_closed(visit: Visit, words: str, by: str) -> str:
    """Say why a case was closed; what a person wrote stays as it stands."""
    if by in ITSELF:
        return visit.tell(words)
    chosen, colon, own = words.partition(": ")
    if chosen not in REASONS:
        return words
    return f"{visit.language.say(chosen)}{colon}{own}"


class _Facts(dict[str, Any]):
    """Facts by name; one that an older event does not have shows as `?`."""

    def __missing__(self, key: str) -> str:
        return "?"
