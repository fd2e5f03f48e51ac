"""Examines a stream of billing messages chunk by chunk.

Both readers stand on it: the one that only judges and adds up, and the one that
gives out lots.  What spans chunks, it remembers; one block is in memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from attrs import frozen

from protocols.mycarenet.checks import Checks
from protocols.mycarenet.checks_known import Known
from protocols.mycarenet.columns import Table
from protocols.mycarenet.examine_header import Header
from protocols.mycarenet.examine_invoices import check_invoices
from protocols.mycarenet.examine_order import (
    Last,
    check_digits_of_records,
    check_order,
)
from protocols.mycarenet.examine_sending import Sending
from protocols.mycarenet.examine_zones import check_zones
from protocols.mycarenet.findings import Finding, LotProblems, without
from protocols.mycarenet.invoices import Invoices
from protocols.mycarenet.message import BLOCK, JUNK_SHARE, Chunk, Messages
from protocols.mycarenet.problems import Tally, problem
from protocols.mycarenet.tables import SHIPPED, Tables
from routing.envelope import Problem

_MARK = re.compile(rb"(?:\xef\xbb\xbf)?[\r\n]*")
_FIRST = re.compile(rb"10000001[0-9](?:0001999|9991999)")
_SEGMENT = 67  # characters of a header that hold hardly anything but digits
_DIGITS_AT_LEAST = 50
_DIGITS = [b"%d" % digit for digit in range(10)]
_HEAD = 80
_MOST_JUNK = 20_000  # records that are none, or headers alone, before reading stops


@frozen(kw_only=True, eq=False)
class Examined:
    """A chunk with its invoices and what was found; `sending` is as far as it was read.

    `findings` are of its records, `problems` of its message as a whole.
    """

    chunk: Chunk
    invoices: Invoices
    sending: Sending
    findings: tuple[Finding, ...]
    problems: tuple[Problem, ...]


class Examination:
    """One stream being examined, once, from its beginning to its end."""

    def __init__(
        self, stream: BinaryIO, *, block: int = BLOCK, tables: Tables = SHIPPED
    ) -> None:
        self.tally = Tally()
        self.records = 0
        self.messages = 0
        self.claims = 0
        self.totals = {"asked": 0, "patient": 0, "supplement": 0}
        self.sending: Sending | None = None  # the first one
        self.mutualities: set[int] = set()
        self._messages = Messages(stream, block=block)
        self._last = Last()
        self._open: Sending | None = None
        self._tables = tables
        self._known = Known()
        self._checks = Checks(tables, self._known)
        self._junk = 0

    def chunks(self) -> Iterator[Examined]:
        """Yield chunks of whole invoices with all that is wrong in them."""
        refusal = self._refusal()
        if refusal is not None:
            self.tally.add(refusal)
            return
        for chunk in self._messages.chunks():
            examined = self._examine(chunk)
            self.records += len(chunk.rows)
            self.claims += len(examined.invoices)
            self._add(examined)
            yield examined
            if self._is_junk(chunk):
                break
        if self._messages.marked:
            words = "begins with the mark of UTF-8; export it again without"
            self.tally.add(problem("utf8-mark", words))
        if self._messages.ended_line:
            words = (
                "ends with a line end, which the format does not have; it is left out"
            )
            self.tally.add(problem("line-end", words))

    def _refusal(self) -> Problem | None:
        head = self._messages.head(_HEAD)
        if not head.strip(b"\r\n\x1a\x00 "):
            return problem("empty-file", "holds nothing; a billing message is expected")
        if begins_like(head, b""):
            return None
        return problem(
            "not-efact",
            "does not begin with a header; 920000 and the version of the format are "
            "expected",
        )

    def _examine(self, chunk: Chunk) -> Examined:
        problems: list[Problem] = []
        if chunk.opens or self._open is None:
            header = Header(chunk.header)
            self._open, self._last = Sending(header), Last()
            self._checks = Checks(self._tables, self._known)
            self.sending = self.sending or self._open
            self.messages += 1
            problems += header.problems()
        table = Table(chunk)
        invoices = Invoices(table)
        findings, self._last = check_order(chunk, self._last)
        inside = self._judge(self._open, table, invoices) if len(chunk.rows) else []
        findings += without(inside, chunk.odd) if chunk.odd else inside
        self._checks.count(findings, chunk)
        if chunk.closes:
            problems += self._open.end()
            problems += self._checks.end()
        return Examined(
            chunk=chunk,
            invoices=invoices,
            sending=self._open,
            findings=tuple(findings),
            problems=tuple(problems),
        )

    def _judge(
        self, sending: Sending, table: Table, invoices: Invoices
    ) -> list[Finding]:
        """Return what is wrong inside records, and of them together."""
        return [
            *check_digits_of_records(table),
            *check_zones(table),
            *check_invoices(invoices),
            *sending.check(table, invoices),
            *self._checks.check(table),
        ]

    def _add(self, examined: Examined) -> None:
        invoices = examined.invoices
        self.mutualities.update(examined.sending.mutualities)
        if len(invoices):
            for account in "ab":
                asked = invoices.stated(f"insurer_amount_{account}")
                self.totals["asked"] += int(asked.sum())
            self.totals["patient"] += int(invoices.stated("patient_share").sum())
            self.totals["supplement"] += int(invoices.stated("supplement").sum())

    def _is_junk(self, chunk: Chunk) -> bool:
        """Say whether to stop, since what comes has long been hardly any record."""
        unknown, count = int((chunk.kinds == 0).sum()), len(chunk.rows)
        junk = not count or unknown > count * JUNK_SHARE
        self._junk = self._junk + max(1, count) if junk else 0
        if self._junk < _MOST_JUNK:
            return False
        first = max(1, self.records - self._junk + 1)
        words = (
            f"holds hardly any known record from record {first} on; what follows was "
            "not read: send the file again as it was made"
        )
        self.tally.add(problem("reading-stopped", words, record=first))
        return True


def begins_like(head: bytes, message: bytes) -> bool:
    """Say whether a stream begins as billing messages do, or with their record 10.

    `message` are the digits with which its header must begin; b"": any.
    """
    mark = _MARK.match(head)
    first = head[mark.end() if mark else 0 :]
    if _FIRST.match(first):
        return True
    segment = first[:_SEGMENT]
    digits = sum(map(segment.count, _DIGITS))
    most = _DIGITS_AT_LEAST * len(segment)
    return first.startswith(message) and digits * _SEGMENT >= most


def list_problems(examined: Examined, kept: LotProblems) -> None:
    """Take all that was found in a chunk."""
    for found in examined.problems:
        kept.add(found)
    kept.take(examined.findings, examined.chunk)
