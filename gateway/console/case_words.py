"""Words of the anomaly desk: what to do about a kind, what happened, reasons to close.

Everything here is said through the catalogue; what the journal holds as sentences is
shown as it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Row

from gateway.console.visit import Visit
from gateway.steps.bulk import Chore
from gateway.steps.mending import Action
from routing.chase import RemedyState
from routing.remedy import Remedy

ADVICE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "deposit-unreadable": "Look at what is wrong with the file and tell its client, who "
        "must send the right one. If the program was at fault, have it read again.",
        "deposit-damaged": "Look at what is wrong with the file; its client must send again "
        "what is missing.",
        "claims-rejected": "The clients have the payer’s answers, and must correct the claims and "
        "bill them anew. Tell the vendor if many of its clients have the same.",
        "lot-refused": "Its client has the reasons, and must send a corrected lot.",
        "lot-held": "Mend what holds the lots, often in the payer directory; they go on by "
        "themselves when a new directory is loaded.",
        "attachment-stranded": "See with its client whether the name gives the right sender, "
        "lot and invoice. It goes on by itself once its claim is acknowledged; else it must go "
        "on paper.",
        "dispatch-refused": "Ask the payer why. Then have the dispatch sent again, or "
        "withdraw it.",
        "dispatch-unclear": "Ask the payer whether it has the file. If it has, say that it "
        "was delivered; if it has not, send it again.",
        "dispatch-undelivered": "Mend what the report says, with the payer or the mail "
        "provider. Then have the dispatch sent again.",
        "payer-locked-out": "Mend the key, password or host key of the endpoint, then test "
        "the payer.",
        "payer-unreachable": "Test the payer. Sending goes on by itself when it answers.",
        "return-stuck": "See with the payer: it is tried again at each turn, and other "
        "returns are taken meanwhile.",
        "return-unreadable": "Ask the payer what it sent. Then have the return matched again.",
        "return-orphans": "The answers are kept and tried again by themselves; those that "
        "are likely a claim’s wait for your word.",
        "return-foreign": "If that payer does answer there, give it the endpoint in the "
        "directory, or its codes a successor. Else ask whose outbox it is what it sent.",
        "answer-contradicts": "Ask the payer which of its words counts; its settlement decides, "
        "and closes the case.",
        "return-absurd": "Ask the payer. If it was meant, confirm the match.",
        "return-gap": "Ask the payer for the files with these numbers; a late one closes the "
        "case by itself.",
        "deposit-gap": "Ask the client’s software for the files with these numbers, or "
        "whether they ever were; a late one closes the case by itself.",
        "answer-late": "What is late is chased by itself, and a late answer closes the case.",
        "answer-missing": "Ask the payer. Then have the lots chased anew, send them again, "
        "or withdraw them.",
        "payment-differs": "Ask the payer what it paid less, or more, for; then resolve the "
        "case.",
        "payer-silent": "Ask the payer whether it is out; its chases go on by themselves.",
        "remedy-approval": "Look at what would be sent again, and agree to it or refuse it.",
        "bulk-approval": "Look at what shall be done. Another person than the one who asked "
        "must agree, or refuse.",
        "notification-failed": "Mend the address, or what takes its messages, and have them "
        "sent again; a message that is taken closes the case.",
        "webhook-disabled": "Tell its client. Once it is mended, the client puts it back in "
        "use, and all that waits is told.",
        "certificate-ends": "Put its successor into the same file of the endpoint, and have "
        "the directory loaded again.",
        "storage-broken": "Restore what is named from a backup.",
    }
)
"""What to do about each kind of anomaly, on the console."""

CAUSES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "bad-content": (
            "Content that a payer would refuse",
            "Its client must correct it and send it as a new lot (a document: scan it anew, "
            "under the same name).",
        ),
        "duplicate-lot": (
            "The lot came before",
            "If it is a correction, its client must send it anew with what the words say "
            "must differ; else withdraw it.",
        ),
        "duplicate-invoice": (
            "An invoice came before",
            "Its client must bill only what was not sent before; then withdraw this one.",
        ),
        "number-waiting": (
            "An earlier lot of its number is not decided on",
            "Its payer must decide on the earlier lot first; then it goes on by itself, or "
            "is held for good.",
        ),
        "number-used": (
            "Its number is used",
            "Its client must send it under a new number; then withdraw this one.",
        ),
        "no-destination": (
            "No payer is named",
            "Its client must name the payer in the file.",
        ),
        "payer-undecided": (
            "The tables do not decide who pays",
            "Correct or import the tables of the complementary payers; then it goes on by "
            "itself.",
        ),
        "unknown-payer": (
            "Unknown payer",
            "If the client mistyped the code: withdraw the lots and tell the client. Else have "
            "the operator add the code to a payer of the directory; then they go on by themselves.",
        ),
        "payer-closed": (
            "The payer was closed",
            "Name the code’s successor in the directory; then it goes on by itself.",
        ),
        "no-endpoint": (
            "The payer has no endpoint",
            "Give the payer an endpoint in its file; then it goes on by itself.",
        ),
        "attachment-waits": (
            "A document waits for its claim",
            "Nothing: it goes by itself once the payer has acknowledged the claim’s lot.",
        ),
        "wrong-flow": (
            "The payer does not take this flow",
            "Add the flow to the payer’s file if it takes it; then it goes on by itself.",
        ),
        "not-enrolled": (
            "The sender is not enrolled",
            "Once the payer knows its sender, open the enrolment; then it goes on by itself.",
        ),
    }
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
    cause = case.subject.partition(":")[0] if case.kind == "lot-held" else ""
    if cause in CAUSES:
        return CAUSES[cause][1]
    return ADVICE.get(case.kind, "")


def happened(visit: Visit, event: Row[*tuple[Any, ...]]) -> str:
    """Say what happened in the language of a visit; another kind shows its name."""
    pattern = EVENTS.get(event.kind)
    if pattern is None:
        return str(event.kind)
    facts: dict[str, Any] = _Facts(json.loads(event.facts))
    if isinstance(facts.get("until"), float):
        zone = visit.premises.zone
        facts["until"] = visit.language.moment(facts["until"], zone, form="short")
    return visit.language.say(pattern).format_map(facts)


class _Facts(dict[str, Any]):
    """Facts by name; one that an older event does not have shows as `?`."""

    def __missing__(self, key: str) -> str:
        return "?"
