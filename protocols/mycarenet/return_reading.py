"""Reads a return: what the payer says of invoices, then of the sending as a whole.

| message | invoices shown | the sending, last |
| ------- | -------------- | ----------------- |
| 931000  |                | acknowledged |
| 920999  |                | refused, or deferred where its number came twice |
| 920098  | with codes: information | acknowledged |
| 920099  | with codes: refused | refused, and all other invoices with it |
| 920900  | refused, paid in part or paid | paid, and all other invoices with it |

(the FAQ of the Christian mutualities; belgium.md 2).  A settlement without its
totals says nothing of invoices that it does not show: part of it may be missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import BinaryIO, Final

from protocols.mycarenet import return_totals
from protocols.mycarenet.keys import normal_sender
from protocols.mycarenet.return_claims import ClaimAnswers
from protocols.mycarenet.return_invoices import Invoice, Invoices
from protocols.mycarenet.return_message import (
    INFORMED,
    PRELIMINARY,
    RECEIPT,
    REFUSED,
    SETTLED,
    ReturnMessage,
    ReturnRecord,
    header_errors,
)
from protocols.mycarenet.return_records import (
    END,
    SENT_KINDS,
    START,
    Returned,
    read_record,
)
from protocols.mycarenet.return_remarks import header_remarks, remarks_of
from protocols.mycarenet.return_totals import Totals
from protocols.problem_log import ProblemLog
from protocols.record_fields import iso_day
from protocols.records import load_layouts
from routing.envelope import (
    AnswerSeen,
    Level,
    Outcome,
    Remark,
    Severity,
    Summary,
    Traits,
)

KINDS: Final[Mapping[str, str]] = {
    RECEIPT: "receipt",
    PRELIMINARY: "verdict",
    INFORMED: "verdict",
    REFUSED: "verdict",
    SETTLED: "settlement",
}
"""What each message is called as a kind of answer."""

_LEAST: Final = 513  # characters of a record that hold its codes and amounts
_UNIQUENESS: Final = ("301", "40")
_KEYS: Final = ("reference", "payer_reference", "sending_number", "year_month")


class EfactReturnReading:
    """A return being read; a `protocols.interface.ReturnReading`.

    `records` are the numbers of those of the invoice that was answered last.
    """

    def __init__(self, stream: BinaryIO, format: str) -> None:
        self.format = format
        self.kind = KINDS[format]
        self.records: tuple[int, ...] = ()
        self._problems = ProblemLog()
        self._message = ReturnMessage(stream, format, self._problems)
        self._header = self._message.header
        self._invoices = Invoices(self._problems)
        self._totals = Totals()
        self._start: Returned | None = None
        self._end: Returned | None = None
        self._claims = ClaimAnswers(self._header, format, self._problems)
        self._remarks: list[Remark] = []  # of the header and of 95 and 96

    def answers(self) -> Iterator[AnswerSeen]:
        """Yield what is said of each invoice, and of the sending last."""
        if not self._header.usable:
            return
        if not self._header.reference:
            self._problems.add(
                "no-reference",
                "the header has no reference (zone 204); by it a return is tied to its "
                "sending. Ask the payer which sending it answers",
                position=21,
                field="reference",
            )
        self._remarks += header_remarks(self._header.errors)
        for invoice in self._read_invoices():
            self.records = tuple(each.number for each in invoice.records)
            yield from self._claims.of(invoice)
        if self.format == SETTLED:
            self._settle()
        yield self._of_sending()

    def summary(self) -> Summary:
        """Say what the whole file was; only after `answers` is exhausted."""
        keys = {
            **{name: self._header.values.get(name, "") for name in _KEYS},
            "third_party": self._claims.sender,
            "union": self._totals.union or self._claims.union,
        }
        totals = dict(self._totals.whole)
        if not totals and self._end is not None:
            totals = {"asked": self._end.asked}
        return Summary(
            format=self.format,
            records=self._message.records_read,
            lots=int(self._header.usable),
            claims=self._claims.seen,
            errors=self._problems.errors,
            warnings=self._problems.warnings,
            keys={name: value for name, value in keys.items() if value},
            totals=totals,
            problems=tuple(self._problems.kept),
        )

    def _read_invoices(self) -> Iterator[Invoice]:
        for record in self._message.records():
            yield from self._take(record)
        yield from self._invoices.rest()

    def _take(self, record: ReturnRecord) -> Iterator[Invoice]:
        if not record.sound:
            self._claims.damaged = True
            return
        kind, size = record.kind, len(record.content)
        if self.format == PRELIMINARY:
            self._take_sum(record)
        elif self.format == SETTLED and kind in return_totals.KINDS:
            if size >= return_totals.LEAST:
                self._totals.add(record)
        elif kind not in SENT_KINDS:
            self._unknown(record)
        elif size >= _LEAST:
            yield from self._take_sent(read_record(record))

    def _take_sent(self, record: Returned) -> Iterator[Invoice]:
        self._claims.damaged |= bool(record.odd)
        for odd in record.odd:
            self._problems.add(
                "code",
                f"{odd!r} is no code; a letter and six characters are expected",
                severity=Severity.WARNING,
                record=record.number,
                position=457,
            )
        if record.kind == START:
            self._start = self._start or record
            self._claims.sender = self._claims.sender or normal_sender(
                record.third_party
            )
        elif record.kind == END:
            self._end = record
        else:
            yield from self._invoices.add(record)

    def _take_sum(self, record: ReturnRecord) -> None:
        layout = load_layouts("efact").get(record.kind)
        if record.kind not in {"95", "96"} or layout is None:
            self._unknown(record)
            return
        whose = layout["mutuality"].raw(record.content)
        what = "mutuality" if record.kind == "95" else "union"
        errors = header_errors(layout, record.content)
        self._remarks += header_remarks(errors, where=f"total of {what} {whose}")

    def _unknown(self, record: ReturnRecord) -> None:
        self._claims.damaged = True
        known = "95 and 96" if self.format == PRELIMINARY else "10 to 90"
        self._problems.add(
            "record-type",
            f"begins with {record.kind!r}; {known} are expected, and in a settlement "
            "91 and 92. What it says cannot be told",
            record=record.number,
            position=1,
        )

    def _settle(self) -> None:
        if not self._totals.found:
            self._problems.add(
                "no-totals",
                "the settlement has no totals (records 91 and 92); part of it is "
                "missing, and nothing is taken as paid that it does not show. Ask the "
                "payer for it again",
                record=self._message.records_read or None,
            )
            return
        asked = self._end.asked if self._end is not None else None
        refused = self._claims.refused + sum(
            each.refused for each in self._invoices.strays
        )
        self._totals.reconcile(refused=refused, asked=asked, log=self._problems)

    def _of_sending(self) -> AnswerSeen:
        frames = [each for each in (self._start, self._end) if each is not None]
        remarks = [*self._remarks, *remarks_of([*frames, *self._invoices.strays])]
        whole = self._totals.whole
        asked = self._end.asked if self._end is not None else 0
        outcome = self._outcome()
        return AnswerSeen(
            level=Level.LOT,
            match_keys=self._header.lot_keys,
            sender=self._claims.sender,
            outcome=outcome,
            asked=whole.get("asked", asked),
            paid=whole.get("accepted", 0),
            remarks=tuple(remarks) or self._reason(),
            first=1 if self._message.records_read else 0,
            last=self._message.records_read,
            facts=self._facts(),
            payments=self._totals.payments if outcome is Outcome.PAID else (),
            traits=Traits(lot_date=iso_day(self._header.values.get("created", ""))),
        )

    def _outcome(self) -> Outcome:
        if self.format == PRELIMINARY:
            twice = any(each[:2] == _UNIQUENESS for each in self._header.errors)
            return Outcome.DEFERRED if twice else Outcome.REJECTED
        if self.format == REFUSED:
            return Outcome.REJECTED
        if self.format != SETTLED:
            return Outcome.ACKNOWLEDGED
        whole = self._totals.whole
        if not whole:
            return Outcome.INFORMATION
        nothing = whole["refused"] and not whole["accepted"]
        refused = nothing and not self._rest_is_level(whole["refused"])
        return Outcome.REJECTED if refused else Outcome.PAID

    def _rest_is_level(self, refused: int) -> bool:
        """Say whether invoices that are not shown were accepted and come to nothing.

        A credit note and what is billed in its place do; what is refused is all shown
        then.
        """
        shows_all = (
            self._end is not None and self._claims.covered == self._end.order - 2
        )
        return not shows_all and self._claims.refused == refused

    def _reason(self) -> tuple[Remark, ...]:
        """Say why a sending was refused that has no code of its own."""
        if self.format != REFUSED:
            return ()
        field = load_layouts("efact_returns")["300r"]["refusal_type"]
        kind = self._header.values.get("refusal_type", "")
        return (Remark(f"311-{kind}", field.meaning(kind) or "no reason is named"),)

    def _facts(self) -> dict[str, str]:
        values = self._header.values
        facts = {name: values.get(name, "") for name in (*_KEYS, "message_status")}
        facts["message"] = self.format.rpartition(".")[2]
        facts["test"] = "yes" if values.get("environment") == "92" else ""
        if self._start is not None:
            facts["verdict_day"] = self._start.verdict_day
        facts |= _refusal(values)
        whole = self._totals.whole
        if whole:
            facts["refused"] = str(whole["refused"])
        facts["union"] = self._totals.union or self._claims.union
        facts["payment_reference"] = ", ".join(self._totals.references)
        return {name: value for name, value in facts.items() if value}


def _refusal(values: Mapping[str, str]) -> dict[str, str]:
    """Tell the share of errors and the type of refusal, where they are not zero."""
    layout = load_layouts("efact_returns")["300r"]
    share, kind = values.get("error_percentage", ""), values.get("refusal_type", "")
    facts = {}
    if share.strip("0"):
        facts["error_percentage"] = layout["error_percentage"].meaning(share)
    if kind.strip("0"):
        facts["refusal_type"] = kind
        facts["refusal"] = layout["refusal_type"].meaning(kind)
    return facts
