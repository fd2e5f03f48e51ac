"""The service desk of a payer of a study: reads questions, and answers them in time.

A question that comes again is one for it.  What is said of a lot or of a sender is
how it stands when the answer leaves, not when the question came.
"""

from __future__ import annotations

from typing import Final, Protocol

from protocols import desk
from protocols.desk import Ask, DeskAnswer, Enrolled, Question
from routing.chase import Status

_NOTED: Final = "noted"
_REFUSED: Final = "refused for its form: no acknowledgement was sent"


class Office(Protocol):
    """What a desk looks up, and can have done."""

    def status(self, lot: str) -> Status:
        """Say how a lot stands here."""
        ...

    def send_again(self, lot: str) -> None:
        """Send the answers for a lot once more, if they were ever sent."""
        ...

    def complain(self, lot: str) -> None:
        """Have a person look."""
        ...

    def enrol(self, sender: str) -> None:
        """Begin to register a sender, if it is unknown."""
        ...

    def enrolled(self, sender: str) -> Enrolled:
        """Say whether a sender is known."""
        ...


class Desk:
    """Answers for an office."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._read: set[str] = set()

    def read(self, content: bytes) -> Question | None:
        """Take a file; return a question that is new, and do what it asks for.

        None for a file that is none.
        """
        if desk.recognise(content) != desk.QUESTION_FORMAT:
            return None
        question = desk.read_question(content)
        if question.id not in self._read:
            self._read.add(question.id)
            self._do(question)
        return question

    def answer(self, question: Question) -> DeskAnswer:
        """Answer a question as it stands now."""
        said, words = _NOTED, ""
        if question.ask is Ask.STATUS:
            said = self._office.status(question.lot)
            words = _REFUSED if said == Status.REFUSED else ""
        elif question.ask is Ask.ENROLMENT:
            said = self._office.enrolled(question.sender)
        return DeskAnswer(
            question=question.id,
            ask=question.ask,
            lot=question.lot,
            sender=question.sender,
            said=str(said),
            words=words,
        )

    def _do(self, question: Question) -> None:
        if question.ask is Ask.RETURN:
            self._office.send_again(question.lot)
        elif question.ask is Ask.COMPLAINT:
            self._office.complain(question.lot)
        elif question.ask is Ask.ENROLMENT:
            self._office.enrol(question.sender)
