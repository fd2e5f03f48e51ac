"""What events are called for people; kinds that are not here show their own name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from string import Formatter
from typing import Any, Final

from gateway.journal.deeds import GATEWAY, ITSELF
from gateway.journal.life import Happened
from gateway.telling.voice import Voice

_COUNTED: Final = {
    "lots": "lot",
    "claims": "claim",
    "errors": "error",
    "answers": "answer",
}
# Facts that are words of the program, and those that are sentences: its own ones,
# where no person is behind the event.
_OF_CODE: Final = frozenset({"kind", "remedy", "cause", "state", "source"})
_SENTENCES: Final = frozenset({"cause_words", "why", "words", "resolution", "scan"})
_WORDS: Final[Mapping[str, str]] = {
    "deposit.received": "received over {channel} as {filename}, {size}",
    "deposit.split": "read: {lots}, {claims}, {errors}",
    "deposit.unreadable": "could not be read",
    "deposit.replayed": "put back to be read again by {by}",
    "deposit.name-removed": "its name was removed from the client's folder",
    "lot.new": "put back to be routed again ({why})",
    "lot.routed": "routed to {payer_id}",
    "lot.held": "held: {cause_words}",
    "lot.refused": "refused: {cause_words}",
    "lot.gathered": "put into dispatch {dispatch_id}",
    "lot.sent": "sent",
    "lot.acknowledged": "acknowledged by its payer",
    "lot.answered": "answered by its payer",
    "lot.withdrawn": "withdrawn: {why}",
    "lot.replayed": "replayed by {by}",
    "lot.withdrawn-by": "withdrawn by {by}: {why}",
    "dispatch.gathered": "begun for {payer}",
    "dispatch.composed": "file {filename} made, {size}",
    "dispatch.corrected": "in the file: {words}",
    "dispatch.claim": "handing over begins",
    "dispatch.accepted": "taken by the payer",
    "dispatch.retry": "not taken ({cause}); tried again later",
    "dispatch.lost": "outcome unknown ({cause}); the payer's side is asked",
    "dispatch.arrived": "the payer's side has it",
    "dispatch.absent": "the payer's side does not have it; sent again",
    "dispatch.refuse": "given to a person ({cause})",
    "dispatch.answer": "every lot of it is answered",
    "dispatch.replayed": "replayed by {by}",
    "dispatch.hurried": "handed over now, as {by} wants, whatever it waits for",
    "dispatch.mail-undelivered": "its mail was not delivered ({status}): {returned}",
    "dispatch.mail-delayed": "its mail is still on its way ({status}): {returned}",
    "dispatch.mail-delivered": "its mail was delivered ({status}): {returned}",
    "dispatch.withdraw": "withdrawn",
    "dispatch.withdrawn-by": "withdrawn by {by}: {why}",
    "expectation.late": "the {kind} answer is late",
    "expectation.missing": "the {kind} answer is missing",
    "expectation.renewed": "the {kind} answer is owed anew",
    "expectation.waived": "the {kind} answer is no longer waited for",
    "expectation.met-late": "the {kind} answer came after all",
    "attachment.checked": "the document was looked into: {errors}; {scan}",
    "attachment.tied": "the document belongs to a claim of lot {lot}",
    "payment.announced": "the payer announced a payment with reference {reference}",
    "payment.came": "the payment with reference {reference} came on {day}, as {by} says",
    "chase.begun": "the {kind} answer of {payer} is chased from now on",
    "chase.open": "chased again",
    "chase.again": "chased anew, as {by} wants",
    "chase.approval": "the chase waits for a second person",
    "chase.given-up": "the chase is given to a person",
    "chase.ended": "the chase is over",
    "remedy.approval": "{remedy} is proposed to a second person ({why})",
    "remedy.approve": "{by} agreed to {id}",
    "remedy.deny": "{by} refused {id}",
    "remedy.brought": "{remedy} brought an answer",
    "remedy.denied": "{remedy} was refused",
    "remedy.failed": "{remedy} could not be done",
    "remedy.unanswered": "{remedy} was withdrawn: no second person answered in time",
    "enrolment.absent": "the payer does not know the sender",
    "enrolment.to-sign": "the sender must give a paper or a mandate ({source}) {words}",
    "enrolment.requested": "the payer was asked to enrol the sender ({source}) {words}",
    "enrolment.open": "the payer knows the sender ({source}) {words}",
    "enrolment.suspended": "the payer has suspended the sender ({source}) {words}",
    "enrolment.closed": "the payer has closed the enrolment ({source}) {words}",
    "answer.approximated": "an answer was matched by {rule} ({score} of 100): {words}",
    "answer.proposed": "an answer waits for a person to say which claim it means",
    "answer.confirmed": "an answer was matched by {rule}, as {by} confirmed",
    "answer.refused": "an answer proposed by {rule} was refused by {by}",
    "return.collected": "collected, {size}",
    "return.confirmed": "removed from the payer's outbox",
    "return.matched": "read: {matched} of {answers} matched",
    "return.partly-matched": "read: {matched} of {answers} matched",
    "return.unreadable": "could not be read",
    "return.replayed": "put back to be matched again by {by}",
    "return.ready": "{answers} ready for the client",
    "return.fetched": "fetched by the client",
    "return.acknowledged": "acknowledged by the client",
    "payload.purged": "its file, {size}, was purged for {asked_by}: {why}",
    "evidence.exported": "evidence about it was written for {by}: {purpose}",
    "webhook.delivered": "its client's endpoint {webhook} was told: {kind}",
    "webhook.dead": "its client's endpoint {webhook} did not take it after {attempts} "
    "tries: {kind}",
    "receipt.chained": "entry {number} of its chain of receipts made",
    "receipt.root": "root over all chains of receipts made",
    "anomaly.raised": "anomaly raised: {kind}",
    "anomaly.asked": "{by} asked for a second person’s word",
    "anomaly.agreed": "{by} agreed to what {asked_by} asked for",
    "anomaly.unanswered": "{id} was withdrawn: no second person answered in time",
    "anomaly.assign": "given to {assignee} by {by}",
    "anomaly.comment": "comment by {by}",
    "anomaly.resolve": "resolved by {by}: {resolution}",
    "anomaly.reopen": "opened again by {by}",
    "anomaly.reopened": "happened again",
    "anomaly.unassign": "given back by {by}",
    "anomaly.snooze": "put off by {by}",
    "anomaly.wake": "came back: {why}",
    "dispatch.outside": "delivered outside",
    "dispatch.delivered-outside": "delivered outside by {by}: {why}; proof: {proof}",
}


def words(happened: Happened, voice: Voice) -> str:
    """Say what happened; of several only the facts that are the same for all."""
    pattern = _WORDS.get(happened.kind)
    if pattern is None:
        return happened.kind.replace(".", ": ").replace("-", " ")
    noun, _, plain = happened.kind.partition(".")
    if happened.facts:
        text = voice.say(pattern, **_facts(pattern, happened, voice)).rstrip()
    else:  # they differ: what has no place for them holds for all
        text = voice.say(plain.replace("-", " ") if "{" in pattern else pattern)
    if happened.times == 1:
        return text
    many = voice.counted(happened.times, noun)
    return voice.say("{many}: {what}", many=many, what=text)


def _facts(pattern: str, happened: Happened, voice: Voice) -> dict[str, Any]:
    """Return the facts by name; one that an older event does not have shows as `?`."""
    found: dict[str, Any] = json.loads(happened.facts)
    if isinstance(found.get("size"), int):
        found["size"] = voice.size(found["size"])
    for name, noun in _COUNTED.items():
        if isinstance(found.get(name), int):
            found[name] = voice.counted(found[name], noun)
    places = {name for _, name, _, _ in Formatter().parse(pattern) if name}
    said = {name: found.get(name, "?") for name in places}
    for name in _OF_CODE & said.keys():
        said[name] = voice.say(str(said[name]))
    if found.get("by", GATEWAY) in ITSELF:
        said |= {
            name: voice.written(str(said[name])) for name in _SENTENCES & said.keys()
        }
    for name in {"by", "asked_by"} & said.keys():
        said[name] = voice.say(said[name]) if said[name] in ITSELF else said[name]
    return said
