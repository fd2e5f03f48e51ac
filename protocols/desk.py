"""Questions to a payer's service desk, and its answers, as files on its channel.

SIMULATED.  Payers have desks (a status service, a letter, a telephone), but none
has published a format that works for all; so this one is ours, and a payer is
asked only where its directory entry says that its desk answers.  A network whose
payers have a real service translates it into these records.

A question may be sent twice: its `id` makes it one for the payer.  Answers come
back in the payer's outbox like any return, and are stored and matched as such.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, BinaryIO, Final

from attrs import asdict, evolve, frozen

from routing.chase import Status
from routing.envelope import AnswerSeen, Level, Outcome, Remark, Summary

ANSWER_FORMAT: Final = "desk.answer"
QUESTION_FORMAT: Final = "desk.question"
_HEAD: Final = b'{"octway": "desk-'
_MOST: Final = 64 * 1024  # bytes of an answer
_LONGEST_KEY: Final = 4096  # characters of what names a lot, a sender or a question
_LONGEST_WORDS: Final = 300
_REFUSED: Final = "the payer's desk says that the lot was refused; why is in its file"


class Ask(StrEnum):
    """What a desk can be asked for; the names of `desk.answers` in the directory."""

    STATUS = "status"  # how does this lot stand?
    RETURN = "return"  # send the return for it again
    ENROLMENT = "enrolment"  # do you know this sender? if not, please enrol it
    COMPLAINT = "complaint"  # a message for a person there


class Enrolled(StrEnum):
    """What a desk says of a sender."""

    YES = "yes"
    REQUESTED = "requested"  # it was not; it is being enrolled now
    PAPER = "paper"  # the sender must give something first
    REFUSED = "refused"


class Done(StrEnum):
    """What a desk says to a request or a complaint."""

    SENT = "sent"  # the return is there again
    GONE = "gone"  # it has no such return any more
    NOTED = "noted"


_SAYS: Final[Mapping[Ask, frozenset[str]]] = {
    Ask.STATUS: frozenset(Status) - {Status.UNASKED},
    Ask.RETURN: frozenset(Done),
    Ask.ENROLMENT: frozenset(Enrolled),
    Ask.COMPLAINT: frozenset(Done),
}


@frozen(kw_only=True)
class Question:
    """What a payer is asked.  `lot` is the network's match key of the lot."""

    id: str
    ask: Ask
    file: str
    number: int
    lot: str
    sender: str
    flow: str
    words: str = ""

    @property
    def name(self) -> str:
        """The question's file name on the channel."""
        return f"desk-{self.id}.json"

    def to_bytes(self) -> bytes:
        """Write the question's file."""
        return _written("desk-question", asdict(self))


@frozen(kw_only=True)
class DeskAnswer:
    """What a desk says: `said` is a `Status`, an `Enrolled` or a `Done`, by `ask`.

    `words` are free text of the payer, maybe about patients: for no log or event.
    """

    question: str
    ask: Ask
    lot: str
    sender: str
    said: str
    words: str = ""

    @property
    def name(self) -> str:
        """The answer's file name in the payer's outbox."""
        return f"desk-{self.question}.answer.json"

    def to_bytes(self) -> bytes:
        """Write the answer's file."""
        return _written("desk-answer", asdict(self))


def recognise(head: bytes) -> str | None:
    """Name the format of a desk's file from its first bytes; None: it is none."""
    if head.startswith(_HEAD + b'answer"'):
        return ANSWER_FORMAT
    return QUESTION_FORMAT if head.startswith(_HEAD + b'question"') else None


def read_question(content: bytes) -> Question:
    """Read a question's file, as a desk does; raises ValueError."""
    found = _read(content)
    found["ask"] = Ask(found["ask"])
    return Question(**found)


def read_answer(content: bytes) -> DeskAnswer:
    """Read an answer's file; raises ValueError, whatever the file holds.

    Each field is text that any engine stores, `said` one of its set, and `words`
    are cleaned and cut.
    """
    found = _read(content)
    if not all(isinstance(value, str) for value in found.values()):
        raise ValueError("a desk's answer has a field that is no text")
    try:
        answer = DeskAnswer(**{**found, "ask": Ask(found["ask"])})
    except (TypeError, KeyError, ValueError) as error:
        raise ValueError("a desk's answer lacks, adds or misnames a field") from error
    if answer.said not in _SAYS[answer.ask]:
        raise ValueError(f"no desk says this of its {answer.ask}")
    for key in (answer.question, answer.lot, answer.sender):
        if len(key) > _LONGEST_KEY or not _is_text(key):
            raise ValueError("a desk's answer names something by no text that is kept")
    return evolve(answer, words=_clean(answer.words))


def _is_text(key: str) -> bool:
    """Say whether every engine can keep it: no NUL, and no half of a character."""
    return "\0" not in key and not any("\ud800" <= each <= "\udfff" for each in key)


class DeskReading:
    """A desk's answer as a return: a `protocols.interface.ReturnReading`."""

    format = ANSWER_FORMAT
    kind = "desk"

    def __init__(self, answer: DeskAnswer) -> None:
        self.answer = answer

    @classmethod
    def of(cls, stream: BinaryIO) -> DeskReading:
        """Read it from its file; raises ValueError."""
        return cls(read_answer(stream.read(_MOST)))

    def answers(self) -> Iterator[AnswerSeen]:
        """Yield the word on the lot that its client must have: that it was refused."""
        said = self.answer
        if said.ask is Ask.STATUS and said.said == Status.REFUSED:
            yield AnswerSeen(
                level=Level.LOT,
                match_keys=(said.lot,),
                sender=said.sender,
                outcome=Outcome.REJECTED,
                remarks=(Remark("desk", _REFUSED),),
            )

    def summary(self) -> Summary:
        """Say what the file was."""
        keys = {"question": self.answer.question, "ask": str(self.answer.ask)}
        return Summary(
            format=self.format,
            records=1,
            lots=1,
            claims=0,
            errors=0,
            warnings=0,
            keys=keys,
        )


_HOLDS: Final = "holds"


def holds(facts: Mapping[str, str]) -> bool:
    """Say whether a desk's answer held when it was read, by the keys of its summary."""
    return facts.get(_HOLDS) != "no"


class Nothing(DeskReading):
    """A desk's answer that does not hold: kept as such, and it says nothing."""

    def __init__(self, of: DeskReading) -> None:
        super().__init__(of.answer)

    def answers(self) -> Iterator[AnswerSeen]:
        """Yield nothing."""
        return iter(())

    def summary(self) -> Summary:
        """Say what the file was, and that it does not hold."""
        summary = super().summary()
        return evolve(summary, keys={**summary.keys, _HOLDS: "no"})


def _written(what: str, values: dict[str, Any]) -> bytes:
    return json.dumps({"octway": what, "simulated": True, **values}).encode()


def _read(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError("a desk's file is no JSON, or nested too deep") from error
    if not isinstance(found, dict):
        raise ValueError("a desk's file is no JSON object")  # noqa: TRY004
    return {
        key: value for key, value in found.items() if key not in {"octway", "simulated"}
    }


def _clean(words: str) -> str:
    """Replace what cannot be shown or stored, and cut."""
    return "".join(
        each if each.isprintable() else "\N{REPLACEMENT CHARACTER}"
        for each in words[:_LONGEST_WORDS]
    )
