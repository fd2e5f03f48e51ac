"""What a simulated union finds in a file: its sendings, and what is wrong in them.

What is wrong is the word of the checks before sending, so that an operator sees
the same code here and there.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

from attrs import frozen

from protocols.mycarenet import reader
from protocols.mycarenet.checks_rules import doubtful
from protocols.mycarenet.problems import SHARE, is_of_payer
from protocols.mycarenet.return_sending import Sending, read_sending
from routing.envelope import LotSeen, Problem, Severity


@frozen(kw_only=True)
class SentLot:
    """One sending: its bytes, its records, its claims and its errors.

    `errors` refuse the whole sending, `refused` an invoice or a line; the record of
    each counts from 1 in this sending.
    """

    content: bytes
    sending: Sending
    seen: LotSeen
    errors: Sequence[Problem]
    refused: Sequence[Problem] = ()

    @property
    def third_party(self) -> str:
        """Who bills."""
        return self.seen.sender

    @property
    def key(self) -> str:
        """What a number is used once for: third-party payer, year and number."""
        year = self.sending.head("year_month")[:4]
        return f"{self.seen.sender}|{year}|{self.sending.head('sending_number')}"


def read_lots(content: bytes) -> Iterator[SentLot]:
    """Read every sending of a file."""
    for seen in reader.read(io.BytesIO(content)).lots():
        own = content[seen.offset : seen.offset + seen.length]
        sending = read_sending(own)
        if not sending.records:
            continue
        problems = [
            each._replace(record=each.record - seen.record + 1)
            if each.record is not None
            else each
            for each in seen.problems
            if each.code != SHARE  # the union counts itself
        ]
        yield SentLot(
            content=own,
            sending=sending,
            seen=seen,
            errors=[each for each in problems if each.severity is Severity.ERROR],
            refused=[each for each in problems if _refuses_a_part(each)],
        )


def _refuses_a_part(problem: Problem) -> bool:
    code = problem.code
    return is_of_payer(code) and code[0] in "FR" and code not in doubtful()
