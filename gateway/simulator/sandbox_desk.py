"""The service desk of a payer of the sandbox: knows every sender, and what it was given.

SIMULATED.  Asked for a return again, it sends at once what was still to come of the lot.
"""

from __future__ import annotations

from gateway.committing import Tx
from gateway.journal import sandbox
from protocols.desk import Ask, DeskAnswer, Done, Enrolled, Question
from routing.chase import Status


class Desk:
    """Answers for one payer; runs in the caller's transaction."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint

    def hear(self, tx: Tx, question: Question) -> DeskAnswer:
        """Do what is asked, and say what there is to say."""
        return DeskAnswer(
            question=question.id,
            ask=question.ask,
            lot=question.lot,
            sender=question.sender,
            said=str(self._said(tx, question)),
        )

    def _said(self, tx: Tx, question: Question) -> Status | Enrolled | Done:
        if question.ask is Ask.ENROLMENT:
            return Enrolled.YES
        if question.ask is Ask.COMPLAINT:
            return Done.NOTED
        file = sandbox.file_of_lot(tx.connection, self._endpoint, question.lot)
        if question.ask is Ask.RETURN:
            if file is None:
                return Done.GONE
            sandbox.hurry(tx, self._endpoint, question.lot)
            return Done.SENT
        if file is None:
            return Status.UNKNOWN
        decided = file.answered_at is not None and file.answered_at <= tx.now
        return Status.ANSWERED if decided else Status.RECEIVED
