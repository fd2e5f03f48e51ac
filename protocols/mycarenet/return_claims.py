"""What a return says of one invoice, as an answer.

A settlement tells on record 80 what was accepted (zones 114 and 115).  Where a
payer leaves that out, it is worked out: what was asked without the lines refused,
nothing where the invoice itself is refused; and the return is noted for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from protocols.mycarenet.keys import claim_key, normal_patient
from protocols.mycarenet.return_invoices import Invoice
from protocols.mycarenet.return_message import INFORMED, SETTLED, ReturnHeader
from protocols.mycarenet.return_records import PRICED
from protocols.mycarenet.return_remarks import comments_told, lines_told, remarks_of
from protocols.problem_log import ProblemLog
from protocols.record_fields import iso_day
from routing.envelope import AnswerSeen, Level, Outcome, Severity, Traits

_WHOLE_INVOICE: Final = frozenset("BF")


class ClaimAnswers:
    """Makes the answers on the invoices of one return, and adds them up."""

    def __init__(self, header: ReturnHeader, format: str, log: ProblemLog) -> None:
        self.sender = ""  # the third-party payer, once record 10 was read
        self.seen = 0
        self.refused = 0  # cents, as the records shown say
        self.covered = 0  # records of the sending that are in invoices shown
        self.union = ""
        self.damaged = False  # whether records were read that cannot be believed
        self._header = header
        self._format = format
        self._log = log

    def of(self, invoice: Invoice) -> Iterator[AnswerSeen]:
        """Yield the answer, if the message says anything of an invoice it shows."""
        self.seen += 1
        self.covered += invoice.covers
        if not self.union and invoice.start.mutuality[:1].strip("0"):
            self.union = f"{invoice.start.mutuality[0]}00"
        asked = _asked(invoice)
        if self._format == SETTLED:
            if problem := self._untold(invoice):
                self._note(invoice, "no-close", problem, severity=Severity.ERROR)
            else:
                paid = self._accepted(invoice, asked)
                yield self._answer(invoice, _settled(invoice, asked, paid), asked, paid)
        elif invoice.codes:
            informs = self._format == INFORMED
            outcome = Outcome.INFORMATION if informs else Outcome.REJECTED
            yield self._answer(invoice, outcome, asked, 0)

    def _answer(
        self, invoice: Invoice, outcome: Outcome, asked: int, paid: int
    ) -> AnswerSeen:
        values, records = self._header.values, invoice.records
        days = [each.date for each in invoice.lines if each.date]
        patient = normal_patient(invoice.start.patient)
        return AnswerSeen(
            level=Level.CLAIM,
            match_keys=self._keys(invoice),
            sender=self.sender,
            outcome=outcome,
            asked=asked,
            paid=paid,
            remarks=remarks_of(records),
            first=min(each.number for each in records),
            last=max(each.number for each in records),
            facts=_facts(invoice),
            once=True,
            traits=Traits(
                number=invoice.number,
                lot=values.get("sending_number", ""),
                lot_date=iso_day(values.get("created", "")),
                date=min(days, default="") if invoice.is_whole else "",
                patients=(patient,) if patient.strip("0") else (),
                lot_key=self._header.lot_key,
            ),
        )

    def _keys(self, invoice: Invoice) -> tuple[str, ...]:
        lot = self._header.lot_key
        return (claim_key(lot, invoice.number),) if lot and invoice.number else ()

    def _accepted(self, invoice: Invoice, asked: int) -> int:
        """Tell the cents accepted, and note what does not agree about them."""
        close = invoice.close
        lines = sum(each.refused for each in invoice.lines if each.kind in PRICED)
        whole = any(
            code.letter in _WHOLE_INVOICE
            for each in (invoice.start, close)
            if each is not None
            for code in each.codes
        )
        worked_out = 0 if whole else asked - lines
        told = close.accepted if close is not None else None
        if told is None:
            self._note(
                invoice,
                "accepted-unknown",
                "the payer does not tell what is accepted of an invoice; it is worked "
                "out from the lines that are refused",
            )
            told = worked_out
        elif told != worked_out:
            self._note(
                invoice,
                "accepted-differs",
                f"{told} cents of an invoice are accepted; without the lines refused "
                f"{worked_out} of {asked} are left",
            )
        self.refused += asked - told
        return told

    def _untold(self, invoice: Invoice) -> str:
        """Say why it cannot be told what is paid of an invoice; "" if it can."""
        close, why = invoice.close, ""
        if close is None:
            why = "is missing"
        elif close.spoilt:
            why = f"cannot be read in {close.spoilt[0]}"
        elif close.accepted is None and self.damaged:
            why = "does not tell it, and lines that would tell it may be damaged"
        elif close.accepted is not None and not _possible(close.accepted, close.asked):
            why = "says more than was asked"
        if not why:
            return ""
        return (
            f"what is accepted of an invoice is on its record 80, which {why}; the "
            "invoice gets no answer. Ask the payer for the settlement again"
        )

    def _note(
        self,
        invoice: Invoice,
        code: str,
        message: str,
        severity: Severity = Severity.WARNING,
    ) -> None:
        record = invoice.close or invoice.start
        self._log.add(
            code, message, severity=severity, record=record.number, position=478
        )


def _possible(accepted: int, asked: int) -> bool:
    return min(0, asked) <= accepted <= max(0, asked)


def _asked(invoice: Invoice) -> int:
    if invoice.close is not None:
        return invoice.close.asked
    return sum(each.asked for each in invoice.lines)


def _settled(invoice: Invoice, asked: int, paid: int) -> Outcome:
    if paid == asked:
        refused = not asked and any(code.refuses for code in invoice.codes)
        return Outcome.REJECTED if refused else Outcome.PAID
    return Outcome.PARTLY_PAID if paid else Outcome.REJECTED


def _facts(invoice: Invoice) -> dict[str, str]:
    sending, month, number = invoice.start.corrects
    ends = [each for each in (invoice.close, invoice.start) if each is not None]
    facts = {
        "invoice": invoice.number,
        "mutuality": invoice.start.mutuality,
        "lines": lines_told(invoice.records),
        "payer_reference": next(
            (each.reference for each in ends if each.reference), ""
        ),
        "corrects_sending": sending,
        "corrects_year_month": month,
        "corrects_invoice": number,
        "grouped_by": invoice.grouped_by,
        **comments_told(invoice.records),
    }
    return {name: value for name, value in facts.items() if value}
