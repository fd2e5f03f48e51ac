"""Some answers of a return, tied to what they speak of, in one transaction.

Exact keys come first, each by itself.  What they leave is looked up together
(`approximate`): what is surely meant is tied, with its rule and score; what is
only likely waits in `proposal` for a person, and so do amounts that cannot be
meant.  A claim is given only to who may answer for it (`origin`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Row

from gateway.committing import Tx
from gateway.journal import answers, proposals
from gateway.journal.expectations import Came
from gateway.journal.proposals import Proposed
from gateway.steps.answers import Applied, apply_claim, apply_lot, said_before, settle
from gateway.steps.approximate import Approximate, Place, may_be_sought
from gateway.steps.origin import Origin
from routing.approximation import Choice, Likeness
from routing.delays import Delays
from routing.directory import Directory
from routing.envelope import AnswerSeen, Level, Outcome
from routing.matching import Candidate, Rule, match
from routing.plausible import Bounds

_MOST_PROPOSED: Final = 3
_CERTAIN: Final = 100
_TO_SENDER: Final = "sender"
_BILLS_STILL: Final = 120 * 86400.0  # who billed within that long may still do so
ANOTHER_CLIENT: Final = "it names a sender of another client"


class Tied(NamedTuple):
    """What became of one answer; without a rule it is tied to nothing.

    `foreign` is the payer that alone may say this, `absurd` why it is not
    believed, `proposed` how many claims a person may choose from.
    """

    seq: int
    answer: AnswerSeen
    rule: str | None = None
    client: str | None = None
    claim: int | None = None
    applied: Applied | None = None
    foreign: str = ""
    absurd: str = ""
    proposed: int = 0

    @property
    def how(self) -> str:
        """One word of a closed set for metrics."""
        if self.applied is not None and self.applied.repeated:
            return "repeated"
        if self.rule is not None:
            return self.rule
        if self.absurd or self.foreign:
            return "absurd" if self.absurd else "foreign"
        return "proposed" if self.proposed else "orphan"


class Tie:
    """Ties the answers of one return; for one transaction.

    `moved` counts the lots that came into a state by it: payer, flow and state.
    """

    def __init__(
        self,
        tx: Tx,
        returned: Row[*tuple[Any, ...]],
        directory: Directory,
        delays: Delays,
        *,
        kind: str,
        patient_hash: Callable[[str], int],
        sure: int,
        bounds: Bounds,
    ) -> None:
        self._tx = tx
        self._returned = returned
        self._directory = directory
        self._delays = delays
        self._came = Came(returned.collected_at, directory, returned.network, kind)
        self._origin = Origin(tx, returned, directory)
        self._approximate = Approximate(
            tx, returned.network, self._origin, patient_hash, sure
        )
        self._bounds = bounds
        self.moved: Counter[tuple[str, str, str]] = Counter()
        self._taken: set[Place] = set()  # by approximations
        self._billing: dict[str, list[str]] = {}  # the clients of senders
        self._belied: dict[int, Likeness] = {}  # found by a key, denied by the rest

    def all(
        self, found: Sequence[tuple[int, AnswerSeen]], known: Mapping[int, str | None]
    ) -> list[Tied]:
        """Tie answers, numbered as the return gives them; `known` have a row."""
        tied = []
        for seq, answer in found:
            each = self._exact(seq, answer)
            if not _is_orphan(each):
                self._write(each, known)
            tied.append(each)
        sought = [place for place, each in enumerate(tied) if _is_orphan(each)]
        if sought:
            self._seek(tied, sought, known)
        applied = [each.applied for each in tied if each.applied]
        self.moved = Counter(
            (each.payer, each.flow, each.came_into)
            for each in applied
            if each.came_into
        )
        touched = [each.lot for each in applied]
        self.moved += settle(self._tx, touched, self._directory, self._delays)
        return tied

    def _exact(self, seq: int, answer: AnswerSeen) -> Tied:
        def index(level: Level, key: str) -> Any:
            return self._origin.own_first(
                answers.candidates(
                    self._tx.connection,
                    self._returned.network,
                    level,
                    key,
                    until=self._returned.collected_at,
                )
            )

        if not answer.match_keys:
            return Tied(seq, answer)
        found = match(answer, index)
        if found.found is None:
            return Tied(seq, answer)
        place = found.found
        stranger = self._origin.stranger(place.id)
        if stranger is not None:
            return Tied(seq, answer, foreign=stranger)
        if answer.sender != place.sender and self._is_anothers(answer, place):
            return self._doubt(Tied(seq, answer, absurd=ANOTHER_CLIENT), place)
        if place.claim is not None:
            belied = self._approximate.belied(answer, place)
            if belied is not None:
                self._belied[seq] = belied
                return Tied(seq, answer)
        return self._apply(Tied(seq, answer), place, found.rule)

    def _apply(self, each: Tied, place: Candidate, rule: Rule) -> Tied:
        if place.claim is None:
            applied = apply_lot(self._tx, place.id, each.answer, self._came)
        else:
            applied = apply_claim(
                self._tx, place.id, place.claim, each.answer, self._came, self._bounds
            )
        if applied.absurd:
            return self._doubt(each._replace(absurd=applied.absurd), place)
        return each._replace(
            rule=rule, client=applied.client, claim=place.claim, applied=applied
        )

    def _is_anothers(self, answer: AnswerSeen, place: Candidate) -> bool:
        """Say whether the sender named is known, and not of the claim's client."""
        owners = self._clients_of(answer.sender)
        return bool(owners) and (
            answers.client_of_lot(self._tx.connection, place.id) not in owners
        )

    def _clients_of(self, sender: str) -> list[str]:
        return answers.clients_of_sender(
            self._tx.connection,
            self._returned.network,
            sender,
            since=self._returned.collected_at - _BILLS_STILL,
        )

    def _doubt(self, each: Tied, place: Candidate) -> Tied:
        """Leave an answer that fits to a person, because of what it says."""
        claim, score, rule = place.claim or 0, _CERTAIN, Rule.ABSURD_AMOUNT
        doubted = Proposed(
            self._returned.id, each.seq, place.id, claim, score, rule, each.absurd
        )
        proposals.propose(self._tx, [doubted])
        return each

    def _seek(
        self, tied: list[Tied], sought: Sequence[int], known: Mapping[int, str | None]
    ) -> None:
        """Look for what keys did not find, and write all of it."""
        refused: Mapping[int, set[Place]] = {}
        if known:
            refused = proposals.refused(self._tx.connection, self._returned.id)
        told = [place for place in sought if may_be_sought(tied[place].answer)]
        chosen = self._approximate.choose_all(
            [tied[place].answer for place in told],
            [refused.get(tied[place].seq, set()) for place in told],
        )
        choices = dict(zip(told, chosen, strict=True))
        followed: dict[tuple[str, ...], Likeness] = {}
        for place in sought:
            each = tied[place]
            choice = choices.get(place, Choice(None, ()))
            keys = each.answer.match_keys
            if not keys:  # its client gets it in any case: nobody is asked
                choice = Choice(choice.sure, ())
            if each.answer.outcome is Outcome.INFORMATION and keys in followed:
                choice = Choice(followed[keys], ())
            if choice.sure is None and each.seq in self._belied:
                choice = Choice(None, [self._belied[each.seq], *choice.likely])
            each = self._choose(each, choice)
            if choice.sure is not None and each.rule is not None and keys:
                followed[keys] = choice.sure
            if each.rule is None and not each.answer.match_keys:
                each = self._to_sender(each)
            tied[place] = each
            self._write(each, known)
            self._keep(each, choice, again=each.seq in known)

    def _choose(self, each: Tied, choice: Choice) -> Tied:
        """Tie an answer to what it surely means, unless that was decided meanwhile."""
        if choice.sure is None:
            return each._replace(proposed=len(choice.likely[:_MOST_PROPOSED]))
        at = choice.sure.kin.at
        place = (at.id, at.claim or 0)
        if place in self._taken and not said_before(self._tx, *place, each.answer):
            return each._replace(proposed=1)
        self._taken.add(place)
        return self._apply(each, at, choice.sure.rule)

    def _to_sender(self, each: Tied) -> Tied:
        """Give what names no claim to the client of the professional named.

        Where several bill in that name nobody gets it, whatever the rest of the return
        speaks of: it may be about a patient whom the other has never seen.
        """
        sender = each.answer.sender
        if sender not in self._billing:
            self._billing[sender] = self._clients_of(sender)
        owners = self._billing[sender]
        if len(owners) != 1:
            return each
        return each._replace(rule=_TO_SENDER, client=owners[0])

    def _keep(self, each: Tied, choice: Choice, *, again: bool) -> None:
        """Keep what an approximation stands on, or what a person may choose from."""
        likely = choice.likely if choice.sure is None else [choice.sure]
        found = [
            Proposed(
                self._returned.id,
                each.seq,
                like.kin.at.id,
                like.kin.at.claim or 0,
                like.score,
                like.rule,
                like.words,
            )
            for like in likely[:_MOST_PROPOSED]
        ]
        if each.applied is not None:
            proposals.sure(self._tx, found[0], again=again)
        elif found and not each.absurd:
            proposals.propose(self._tx, found)

    def _write(self, each: Tied, known: Mapping[int, str | None]) -> None:
        row = answers.row_of(self._returned.id, each.seq, each.answer)
        values = row | {
            "client_id": each.client,
            "lot_id": each.applied.lot if each.applied else None,
            "claim_seq": each.claim,
            "rule": each.rule,
            "matched_at": self._tx.now if each.rule else None,
            "repeated": int(each.applied.repeated) if each.applied else 0,
        }
        if each.seq in known:
            answers.replace(self._tx, values)
        else:
            answers.add(self._tx, values)


def _is_orphan(each: Tied) -> bool:
    return each.rule is None and not each.foreign and not each.absurd
