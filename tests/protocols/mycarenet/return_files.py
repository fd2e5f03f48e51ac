"""Returns on invented sendings, and what the reader says of them."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import NamedTuple

from protocols.mycarenet.return_dialects import dialects
from protocols.mycarenet.return_sending import read_sending
from protocols.mycarenet.return_writer import (
    NO_REASON,
    TOO_MANY,
    Payer,
    Verdict,
    write_preliminary,
    write_receipt,
    write_settlement,
    write_verdict,
)
from protocols.mycarenet.returns import read_return, recognise_return
from routing.envelope import AnswerSeen, Level, Summary

DIALECTS = tuple(each if each != "*" else "200" for each in dialects())
HEADER = 677
RECORD = 800


def payer(dialect: str = "900") -> Payer:
    """Who answers, two days after the sending."""
    return Payer(union=dialect[:3], dialect=dialect, number=42, day="20261128")


def receipt(sending: bytes, dialect: str = "900") -> bytes:
    return write_receipt(read_sending(sending), payer(dialect))


def preliminary(
    sending: bytes,
    errors: Mapping[str, str],
    of_totals: Mapping[int, Mapping[str, str]] | None = None,
    dialect: str = "900",
) -> bytes:
    return write_preliminary(read_sending(sending), payer(dialect), errors, of_totals)


def verdict(
    sending: bytes,
    verdicts: Mapping[int, Verdict] | None = None,
    *,
    refusal: str = NO_REASON,
    dialect: str = "900",
    records: bool = True,
) -> bytes:
    return write_verdict(
        read_sending(sending),
        payer(dialect),
        verdicts or {},
        refusal=refusal,
        records=records,
    )


def refused(sending: bytes, verdicts: Mapping[int, Verdict]) -> bytes:
    return verdict(sending, verdicts, refusal=TOO_MANY)


def settlement(
    sending: bytes,
    verdicts: Mapping[int, Verdict] | None = None,
    dialect: str = "900",
) -> bytes:
    return write_settlement(read_sending(sending), payer(dialect), verdicts or {})


class Heard(NamedTuple):
    """Everything that was read in a return."""

    kind: str
    answers: list[AnswerSeen]
    summary: Summary

    @property
    def of_lot(self) -> AnswerSeen:
        """The one answer on the sending, which comes last."""
        assert [each.level for each in self.answers].count(Level.LOT) == 1
        assert self.answers[-1].level is Level.LOT
        return self.answers[-1]

    @property
    def of_claims(self) -> list[AnswerSeen]:
        return [each for each in self.answers if each.level is Level.CLAIM]

    @property
    def problems(self) -> list[str]:
        return [each.code for each in self.summary.problems]


def hear(content: bytes, format: str | None = None) -> Heard:
    """Recognise and read a return."""
    format = format or recognise_return(content[:4096])
    assert format is not None
    reading = read_return(io.BytesIO(content), format)
    answers = list(reading.answers())
    return Heard(reading.kind, answers, reading.summary())


def codes(answer: AnswerSeen) -> list[str]:
    return [each.code for each in answer.remarks]


def records_of(content: bytes) -> list[bytes]:
    """Cut a return with a long header into its records."""
    body = content[HEADER:]
    return [body[at : at + RECORD] for at in range(0, len(body), RECORD)]
