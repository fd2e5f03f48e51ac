"""Which remedy is safe, and next, for a lot whose answers are late.

The playbook gives the order and how often; what is safe is decided here and no
file can loosen it.  What sends a claim again needs proof that it cannot be paid
twice: its payer recognises the same number, or has said, since the last sending,
that it does not have the lot.  What surprises: a remedy that could teach nothing
new is passed over without being counted, so it is there when it helps.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final, NamedTuple

from attrs import field, frozen

from config.directory_records import DeskEntry, Playbook, RemedyEntry
from routing.chase import Known, Status
from routing.enrolment import EnrolmentState


class Remedy(StrEnum):
    """What may be done about a missing answer; the names of a playbook."""

    LOOK_AGAIN = "look-again"
    MATCH_AGAIN = "match-again"
    FOLLOW_MERGER = "follow-merger"
    ASK_STATUS = "ask-status"
    ASK_ENROLMENT = "ask-enrolment"
    RESEND = "resend"
    ASK_RETURN = "ask-return"
    COMPLAIN = "complain"
    PERSON = "person"


WORDS: Final = {
    Remedy.LOOK_AGAIN: "look into the payer's outbox at once",
    Remedy.MATCH_AGAIN: "try the answers that fitted nothing again",
    Remedy.FOLLOW_MERGER: "send it to the payer that took the old one over",
    Remedy.ASK_STATUS: "ask the payer's desk how the lot stands",
    Remedy.ASK_ENROLMENT: "ask the payer's desk whether it knows the sender",
    Remedy.RESEND: "send it again",
    Remedy.ASK_RETURN: "ask the payer's desk to send its return again",
    Remedy.COMPLAIN: "write the payer's desk a complaint",
    Remedy.PERSON: "give it to a person",
}
"""What each remedy does, for people."""

_AT_ONCE: Final = 3600.0  # seconds within which looking again shows what it found

_ASKED_IN_VAIN: Final = 6  # questions after which a silent desk is asked no more

SENDS_AGAIN: Final = frozenset({Remedy.FOLLOW_MERGER, Remedy.RESEND})
"""Remedies for which a second person must agree above the playbook's amount."""


@frozen(kw_only=True)
class Standing:
    """How a lot and its payer stand now; epoch seconds, cents.

    `acknowledged`: the payer has shown that it has the lot.  `merged`: today's
    directory leads its code to another payer's; `code_over`: that code had ended
    when it was sent.  `recognises`: the payer takes the same number twice without
    harm, so a resend is its whole file, for which `file_asked` was asked.
    `only_money`: all that is pursued is money that the payer has announced or owes by
    its own word, which no message brings; nothing is ever sent again for it.
    `under_way`: it is being handed over again.  `outside`: a person said, with proof,
    that it was delivered on another way; only a person sends it again.  `since` is
    the last sending.
    """

    since: float
    asked: int = 0
    file_asked: int = 0
    acknowledged: bool = False
    merged: bool = False
    code_over: bool = False
    recognises: bool = False
    under_way: bool = False
    only_money: bool = False
    outside: bool = False
    desk: DeskEntry = field(factory=DeskEntry)
    enrolment: EnrolmentState | None = None
    enrolment_required: bool = False

    @property
    def enrolling(self) -> bool:
        """Whether the payer, or the sender, is still to do its part of an enrolment."""
        return self.enrolment in {EnrolmentState.REQUESTED, EnrolmentState.TO_SIGN}

    def asked_again(self, remedy: Remedy) -> int:
        """Return the cents that a remedy would send again."""
        whole = self.recognises and remedy is Remedy.RESEND
        return max(self.asked, self.file_asked) if whole else self.asked

    def does_not_have_it(self, known: Known) -> bool:
        """Say whether the payer said, since the last sending, that it has no such lot."""
        return known.status is Status.UNKNOWN and known.status_at >= self.since


class Next(NamedTuple):
    """What is done next, and why; `remedy` None: nothing now, it is waited for."""

    remedy: Remedy | None
    why: str
    approval: bool = False  # a second person must agree first
    entry: RemedyEntry | None = None


def next_remedy(playbook: Playbook, known: Known, standing: Standing) -> Next:
    """Decide the next remedy; the last resort is always a person."""
    if standing.under_way:
        return Next(None, "it is being handed over again")
    if standing.enrolling:
        return Next(None, "the payer is enrolling the sender")
    for entry in playbook.remedies:
        remedy = Remedy(entry.do)
        if known.tried.get(remedy, 0) >= entry.most or remedy in known.denied:
            continue
        why = _why(remedy, known, standing)
        if why:
            above = playbook.approve_above
            risky = remedy in SENDS_AGAIN and above is not None
            asked = standing.asked_again(remedy)
            approval = risky and above is not None and asked > above
            return Next(remedy, why, approval, entry)
    return Next(Remedy.PERSON, _person(known, standing))


def can_bring(remedy: Remedy, known: Known, ago: float) -> bool:
    """Say whether an answer that comes `ago` seconds after a remedy can be its doing."""
    if remedy in {Remedy.LOOK_AGAIN, Remedy.MATCH_AGAIN}:
        return ago <= _AT_ONCE
    if remedy is Remedy.ASK_STATUS:
        return known.status is Status.REFUSED  # the desk's word is the answer
    return remedy not in {Remedy.ASK_ENROLMENT, Remedy.PERSON}


def helps_still(remedy: Remedy, known: Known, standing: Standing) -> bool:
    """Say whether what was decided earlier is as safe and useful as it was then."""
    return not standing.under_way and bool(_why(remedy, known, standing))


def _why(remedy: Remedy, known: Known, standing: Standing) -> str:
    if standing.only_money and remedy not in _FOR_MONEY:
        return ""
    if standing.outside and remedy in SENDS_AGAIN:
        return ""
    return _HELPS[remedy](known, standing)


def last_change(known: Known) -> float:
    """Return when something was done last that changes how a lot stands; 0: never."""
    return max(
        (at for remedy, at in known.last.items() if remedy in _CHANGES), default=0.0
    )


def _look_again(known: Known, standing: Standing) -> str:
    return "an answer may lie in the payer's outbox"


def _match_again(known: Known, standing: Standing) -> str:
    return "an answer may have come under another number"


def _ask_status(known: Known, standing: Standing) -> str:
    if "status" not in standing.desk.answers:
        return ""
    asked = known.tried.get(Remedy.ASK_STATUS, 0)
    if known.status is Status.UNASKED and asked >= _ASKED_IN_VAIN:
        return ""
    if known.status is Status.RECEIVED:
        return "the payer had not decided when it was last asked"
    if known.status_at > max(last_change(known), standing.since):
        return ""
    return "only the payer knows how the lot stands"


def _follow_merger(known: Known, standing: Standing) -> str:
    if not standing.merged or standing.acknowledged:
        return ""
    gone = standing.does_not_have_it(known)
    unasked = standing.code_over and "status" not in standing.desk.answers
    if gone or unasked:
        return "the payer's code has a successor, and the old one does not have it"
    return ""


def _ask_enrolment(known: Known, standing: Standing) -> str:
    if "enrolment" not in standing.desk.answers or standing.acknowledged:
        return ""
    if standing.enrolment is EnrolmentState.OPEN or known.enrolled:
        return ""
    if standing.does_not_have_it(known) and not standing.merged:
        return "a payer drops what comes from a sender that it does not know"
    return ""


def _resend(known: Known, standing: Standing) -> str:
    if standing.merged or known.status is Status.REFUSED:
        return ""
    if standing.does_not_have_it(known) and not standing.acknowledged:
        return "the payer has said that it does not have it"
    if not standing.recognises:
        return ""
    if "return" in standing.desk.answers and known.status is Status.ANSWERED:
        return ""  # asking for the return is the milder way
    if known.status is Status.RECEIVED:
        return ""
    return "the payer recognises a number that comes twice"


def _ask_return(known: Known, standing: Standing) -> str:
    if "return" not in standing.desk.answers:
        return ""
    if known.status is Status.ANSWERED:
        return "the payer says that it has answered"
    if standing.acknowledged and "status" not in standing.desk.answers:
        return "the payer has the lot, and its answer may have been lost"
    return ""


def _complain(known: Known, standing: Standing) -> str:
    if "complaint" not in standing.desk.answers:
        return ""
    if standing.only_money:
        return "the payer has settled it, and the money has not come"
    return "the payer has it and does not answer"


def _person(known: Known, standing: Standing) -> str:
    if standing.outside:
        return "it was delivered outside, so only a person may send it again"
    return "nothing safe is left to try"


_FOR_MONEY: Final = frozenset({Remedy.COMPLAIN, Remedy.PERSON})
"""All that may be done about money: the claims were decided, and nothing is asked anew."""

_CHANGES: Final = frozenset(
    {
        Remedy.FOLLOW_MERGER,
        Remedy.RESEND,
        Remedy.ASK_RETURN,
        Remedy.COMPLAIN,
    }
)
"""Remedies after which an earlier status says nothing any more."""

_HELPS: Final[dict[Remedy, Callable[[Known, Standing], str]]] = {
    Remedy.LOOK_AGAIN: _look_again,
    Remedy.MATCH_AGAIN: _match_again,
    Remedy.FOLLOW_MERGER: _follow_merger,
    Remedy.ASK_STATUS: _ask_status,
    Remedy.ASK_ENROLMENT: _ask_enrolment,
    Remedy.RESEND: _resend,
    Remedy.ASK_RETURN: _ask_return,
    Remedy.COMPLAIN: _complain,
    Remedy.PERSON: _person,
}
"""Why a remedy would help now; empty: it would not, or would not be safe."""
