"""What a payer's desk says goes to the chase that asked, and from there to the rows.

A desk is believed for its own payer's lots alone: an answer from another outbox, or
to a question that nobody asked so, changes nothing and is shown to a person.  What
is believed holds for the moment of the question, whenever it is read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from sqlalchemy import Row

from gateway.clock import Entropy
from gateway.committing import Tx
from gateway.journal import anomalies, chases, dispatches, enrolments, remedies
from gateway.journal.expectations import Came
from gateway.steps.answers import apply_lot
from protocols.desk import Ask, DeskAnswer, Enrolled
from protocols.interface import Network
from routing.chase import Known, Status
from routing.directory import Directory
from routing.enrolment import EnrolmentEvent
from routing.envelope import AnswerSeen, Level, Outcome
from routing.errors import NoRoute
from routing.remedy import Remedy, last_change

_ENROLMENT: Final = {
    Enrolled.YES: EnrolmentEvent.OPEN,
    Enrolled.REQUESTED: EnrolmentEvent.ASK,
    Enrolled.PAPER: EnrolmentEvent.WANT_PAPER,
    Enrolled.REFUSED: EnrolmentEvent.REFUSE,
}

_ASKED_BY: Final = {
    Ask.STATUS: Remedy.ASK_STATUS,
    Ask.RETURN: Remedy.ASK_RETURN,
    Ask.ENROLMENT: Remedy.ASK_ENROLMENT,
    Ask.COMPLAINT: Remedy.COMPLAIN,
}


class DeskAnswers:
    """Takes what desks say; `hear` runs in the caller's transaction."""

    def __init__(
        self,
        *,
        networks: Mapping[str, Network],
        directory: Callable[[], Directory],
        entropy: Entropy,
    ) -> None:
        self._networks = networks
        self._directory = directory
        self._entropy = entropy

    def hear(self, tx: Tx, returned: Row[*tuple[Any, ...]], answer: DeskAnswer) -> bool:
        """Take one answer; say whether its word on the lot holds.

        It does not if it is not believed, or speaks of an earlier sending of the lot.
        """
        remedy = remedies.find(tx.connection, answer.question)
        if remedy is None or not self._believes(tx, returned, answer, remedy):
            self._refuse(tx, returned)
            return False
        tx.say("desk.answered", remedy.lot_id, ask=answer.ask, said=answer.said)
        if answer.ask is Ask.STATUS:
            self._status(tx, returned, remedy, Status(answer.said))
        elif answer.ask is Ask.ENROLMENT:
            self._enrolment(tx, remedy, Enrolled(answer.said), returned.network)
        return _is_of_last_sending(tx, remedy)

    def _believes(
        self,
        tx: Tx,
        returned: Row[*tuple[Any, ...]],
        answer: DeskAnswer,
        remedy: Row[*tuple[Any, ...]],
    ) -> bool:
        """Say whether this was asked, of this lot, and of who answers at the endpoint."""
        lot = chases.lot_of(tx.connection, remedy.lot_id)
        asked = (_ASKED_BY[answer.ask], lot.match_key, lot.sender, lot.network)
        said = (Remedy(remedy.kind), answer.lot, answer.sender, returned.network)
        return said == asked and returned.endpoint_id in self._endpoints(tx, remedy)

    def _endpoints(self, tx: Tx, remedy: Row[*tuple[Any, ...]]) -> set[str | None]:
        """Name where the dispatch asked about went, and where its payer is today."""
        dispatch = dispatches.find(tx.connection, remedy.dispatch_id)
        found = set() if dispatch is None else {dispatch.endpoint_id}
        with suppress(NoRoute):
            found.add(self._directory().payer(remedy.payer_id).endpoint)
        return found

    def _status(
        self,
        tx: Tx,
        returned: Row[*tuple[Any, ...]],
        remedy: Row[*tuple[Any, ...]],
        said: Status,
    ) -> None:
        """Let the chase know what was so when it asked, unless it knows better."""
        if said in {Status.RECEIVED, Status.ANSWERED}:
            came = Came(tx.now, self._directory(), returned.network)
            apply_lot(tx, remedy.lot_id, _ACKNOWLEDGED, came)
        chase = chases.locked(tx, remedy.lot_id)
        before = Known.from_json(chase.known if chase else "")
        known = before.told(said, remedy.at)
        old = remedy.at < before.status_at or known == before
        if not old and _is_of_last_sending(tx, remedy):
            self._go_on(tx, remedy, known, patient=said is Status.RECEIVED)

    def _enrolment(
        self, tx: Tx, remedy: Row[*tuple[Any, ...]], said: Enrolled, network: str
    ) -> None:
        lot = chases.lot_of(tx.connection, remedy.lot_id)
        its = self._networks[network]
        place = (its, lot.sender, remedy.payer_id, lot.flow)
        words = f"its desk said so ({remedy.id})"
        event = _ENROLMENT[said]
        if not enrolments.hear(tx, *place, event, of=remedy.at, words=words):
            why = f"better is known of the enrolment since it was asked ({remedy.id})"
            tx.say("desk.not-applied", remedy.lot_id, words=why)
        elif said is Enrolled.YES:  # else the playbook's wait is waited
            self._go_on(tx, remedy, None)

    def _go_on(
        self,
        tx: Tx,
        remedy: Row[*tuple[Any, ...]],
        known: Known | None,
        *,
        patient: bool = False,
    ) -> None:
        """Let the chase decide anew with what it knows now, at once or with patience.

        Not before its time if something was done since the question: what that
        brings is awaited.
        """
        chase = chases.locked(tx, remedy.lot_id)
        if chase is None:
            return
        until = tx.now
        with suppress(NoRoute):  # a payer that left the directory is decided on at once
            payer = self._directory().payer(remedy.payer_id)
            if patient:
                calendar = self._directory().calendar(payer.id)
                until = calendar.due(tx.now, payer.playbook.patience)
        if last_change(Known.from_json(chase.known)) > remedy.at:
            until = max(until, chase.next_at or until)
        chases.wait(tx, remedy.lot_id, until, known)

    def _refuse(self, tx: Tx, returned: Row[*tuple[Any, ...]]) -> None:
        """Tell a person; the return by its id alone: its file's name may name a patient."""
        anomalies.raise_(
            tx,
            self._entropy,
            kind="return-foreign",
            severity=anomalies.WARNING,
            subject=f"{returned.endpoint_id}:desk",
            words=f"return {returned.id}: the desk of "
            f"{returned.endpoint_id} answers a question that it was not asked, or "
            "not so; it changes nothing",
        )


def _is_of_last_sending(tx: Tx, remedy: Row[*tuple[Any, ...]]) -> bool:
    """Say whether a question was about the dispatch with which its lot went last."""
    lot = chases.lot_of(tx.connection, remedy.lot_id)
    return bool(lot.dispatch_id == remedy.dispatch_id)


_ACKNOWLEDGED: Final = AnswerSeen(
    level=Level.LOT, match_keys=(), sender="", outcome=Outcome.ACKNOWLEDGED
)
