"""A refusal by MyCareNet itself, that came after a sending had been taken.

GenAsync tells it as a TAck with a failing result, about a message's reference; no
payer has seen the sending (belgium.md 4).  The channel hands it on as a text of five
lines, which is our own form: result, reference, minor result, words, issuer.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO, Final

from protocols.interface import SplitReturn
from protocols.mycarenet.rules import VERDICT
from protocols.shown import FieldShown, RecordShown
from routing.envelope import (
    AnswerSeen,
    Level,
    Outcome,
    Problem,
    Remark,
    Severity,
    Summary,
)

FORMAT: Final = "mycarenet.tack"
SUCCESS: Final = "urn:nip:tack:result:major:success"
FAILURE: Final = "urn:nip:tack:result:major:failure"
TITLE: Final = "a refusal by MyCareNet itself: no payer has seen the sending"
_LINES: Final = (
    ("result", "Result"),
    ("reference", "Sender's own reference of the message"),
    ("minor", "Kind of refusal"),
    ("words", "Words of MyCareNet"),
    ("issuer", "Who refused it"),
)
_MOST: Final = 4096
_CODE: Final = "TACK"


def write(*, result: str, reference: str, minor: str, words: str, issuer: str) -> bytes:
    """Write a refusal as the channel hands it on."""
    lines = (result, reference, minor, words, issuer)
    return "".join(f"{' '.join(each.split())}\n" for each in lines).encode()


def recognise(head: bytes) -> bool:
    """Say whether a file begins as a refusal."""
    return head.startswith(FAILURE.encode() + b"\n")


class TackReading:
    """A refusal being read; a `protocols.interface.ReturnReading`."""

    format = FORMAT
    kind = VERDICT

    def __init__(self, stream: BinaryIO) -> None:
        self._said = _read(stream)

    def answers(self) -> Iterator[AnswerSeen]:
        """Yield the one answer: the sending is refused as a whole."""
        reference = self._said["reference"]
        words = self._said["words"] or self._said["minor"] or "refused without words"
        yield AnswerSeen(
            level=Level.LOT,
            match_keys=(reference,) if reference else (),
            sender="",
            outcome=Outcome.REJECTED,
            remarks=(Remark(_CODE, f"MyCareNet refused the message: {words}"),),
        )

    def summary(self) -> Summary:
        """Say what the file was."""
        problems: tuple[Problem, ...] = ()
        if not self._said["reference"]:
            message = "names no message that it refuses; wanted a reference in line 2"
            problems = (
                Problem(1, None, "reference", Severity.ERROR, "missing", message),
            )
        return Summary(
            format=FORMAT,
            records=1,
            lots=1,
            claims=0,
            errors=len(problems),
            warnings=0,
            keys={"reference": self._said["reference"]},
            problems=problems,
        )


def show(stream: BinaryIO) -> Iterator[RecordShown]:
    """Show the lines with their names."""
    said = _read(stream)
    yield RecordShown(
        record=1,
        kind="tack",
        title=TITLE,
        fields=tuple(
            FieldShown(at, len(said[name]), name, title, said[name], "")
            for at, (name, title) in enumerate(_LINES, 1)
        ),
    )


def split(content: BinaryIO, owners: Mapping[int, str]) -> Sequence[SplitReturn]:
    """Give all of it to the owner of its one answer."""
    whole = content.read()
    return [SplitReturn(owner, whole) for index, owner in owners.items() if index == 0]


def _read(stream: BinaryIO) -> dict[str, str]:
    text = io.TextIOWrapper(stream, "utf-8", errors="replace").read(_MOST)
    lines = [*text.split("\n"), *[""] * len(_LINES)]
    return {name: line.strip() for (name, _), line in zip(_LINES, lines, strict=False)}
