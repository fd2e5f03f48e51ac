"""What the service desk of a demo's payer says; SIMULATED, as `protocols.desk` is.

It answers from the payer's own memory: whether it has a lot, whether it knows a
sender.  One that it does not know is registered some days after it was asked,
and a return that is asked for again is written anew from the file that it kept.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from protocols import desk
from protocols.desk import Ask, DeskAnswer, Enrolled, Question
from protocols.simulation import SimulatedPayer
from routing.chase import Status

REGISTERS_WITHIN: Final = 8  # days from the question to the registration
_HEAD: Final = 64


def is_question(file: Path) -> bool:
    """Say whether a file in the inbox is a question and no billing file."""
    with file.open("rb") as stream:
        return desk.recognise(stream.read(_HEAD)) == desk.QUESTION_FORMAT


class Questions:
    """A payer's desk; `waiting` maps who is being registered to the time it is done."""

    def __init__(
        self,
        payer: SimulatedPayer,
        *,
        waiting: dict[str, float],
        day: float,
        send_again: Callable[[str], bool],
    ) -> None:
        self._payer = payer
        self._waiting = waiting
        self._day = day
        self._send_again = send_again

    def answer(self, content: bytes, now: float) -> DeskAnswer | None:
        """Answer a question; None for one that cannot be read."""
        try:
            question = desk.read_question(content)
        except (ValueError, TypeError, KeyError):
            return None
        self.register(now)
        said, words = self._say(question, now)
        return DeskAnswer(
            question=question.id,
            ask=question.ask,
            lot=question.lot,
            sender=question.sender,
            said=said,
            words=words,
        )

    def register(self, now: float) -> None:
        """Register those whose time has come."""
        for who in [who for who, at in self._waiting.items() if at <= now]:
            self._payer.register(who)
            del self._waiting[who]

    def _say(self, question: Question, now: float) -> tuple[str, str]:
        if question.ask is Ask.STATUS:
            there = self._payer.has(question.lot)
            return (Status.ANSWERED if there else Status.UNKNOWN), ""
        if question.ask is Ask.ENROLMENT:
            return self._enrol(question.sender, now), ""
        if question.ask is Ask.RETURN:
            return ("sent" if self._send_again(question.file) else "gone"), ""
        return "noted", ""

    def _enrol(self, who: str, now: float) -> str:
        if self._payer.knows(who):
            # What a desk has said holds: nobody asks a second time, so a sender of whom
            # nothing came yet must not be found unknown afterwards.
            self._payer.register(who)
            return Enrolled.YES
        self._waiting.setdefault(who, now + REGISTERS_WITHIN * self._day)
        return Enrolled.REQUESTED
