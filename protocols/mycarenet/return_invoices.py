"""Puts returned records to their invoices, in whatever order a payer returns them.

A record belongs to the last record 20 before it.  One payer was seen to sort the
records of a sending by type (belgium.md 2.5): a second 20 then comes before the
first invoice is closed.  From there on the records are kept until the end and put
to their invoices by their order numbers, which are those of the sending; where
these cannot be used, by the patient or the invoice number, if only one fits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from attrs import define, field

from protocols.mycarenet.return_records import CLOSE, INVOICE, Code, Returned
from protocols.problem_log import ProblemLog
from routing.envelope import Severity

BY_ORDER: Final = "order number"
BY_IDENTITY: Final = "patient or invoice number"


@define(kw_only=True)
class Invoice:
    """An invoice as far as it was returned; `grouped_by` tells how, where not by place."""

    start: Returned
    lines: list[Returned] = field(factory=list)
    close: Returned | None = None
    grouped_by: str = ""

    @property
    def records(self) -> list[Returned]:
        """Every record of it, in the order of the sending."""
        return [self.start, *self.lines, *([self.close] if self.close else [])]

    @property
    def number(self) -> str:
        """The individual invoice number."""
        return self.start.invoice or (self.close.invoice if self.close else "")

    @property
    def covers(self) -> int:
        """How many records it has in the sending, as order numbers tell; 0: unknown."""
        first, last = self.start.order, self.close.order if self.close else 0
        return last - first + 1 if 0 < first < last else 0

    @property
    def is_whole(self) -> bool:
        """Whether every record of it was returned, as order numbers tell."""
        return len(self.records) == self.covers

    @property
    def codes(self) -> list[Code]:
        """Every code in it."""
        return [code for record in self.records for code in record.codes]

    def add(self, record: Returned) -> None:
        """Put a line or the close to it."""
        if record.kind == CLOSE:
            self.close = record
        else:
            self.lines.append(record)


class Invoices:
    """Takes records one by one and gives invoices as soon as they are whole."""

    def __init__(self, problems: ProblemLog) -> None:
        self.strays: list[Returned] = []  # belong to no invoice that can be told
        self._problems = problems
        self._open: Invoice | None = None
        self._held: list[Returned] = []

    def add(self, record: Returned) -> Iterator[Invoice]:
        """Take a record 20, a line or an 80; yield the invoice that it completes."""
        if self._held:
            self._held.append(record)
        elif record.kind == INVOICE:
            if self._open is None:
                self._open = Invoice(start=record)
            else:
                self._held = [*self._open.records, record]
                self._open = None
        elif self._open is None:
            self._stray(record)
        else:
            self._open.add(record)
            if record.kind == CLOSE:
                yield from self._complete()

    def rest(self) -> Iterator[Invoice]:
        """Yield what is still open or held; called once, at the end."""
        if self._open is not None:
            yield from self._complete()
        elif self._held:
            yield from self._sorted()

    def _complete(self) -> Iterator[Invoice]:
        invoice, self._open = self._open, None
        if invoice is not None:
            if all(each.order for each in invoice.lines):
                invoice.lines.sort(key=lambda each: each.order)
            yield invoice

    def _sorted(self) -> Iterator[Invoice]:
        """Group what was held; the note says by what."""
        held, self._held = self._held, []
        orders = [each.order for each in held]
        usable = all(orders) and len(set(orders)) == len(orders)
        by = BY_ORDER if usable else BY_IDENTITY
        self._problems.add(
            "sorted-by-type",
            "the payer returned the records sorted by type; they were put to their "
            f"invoices by {by}",
            severity=Severity.WARNING,
            record=held[0].number,
            position=3,
            field="order_number",
        )
        yield from self._by_order(held) if usable else self._by_identity(held)

    def _by_order(self, held: Sequence[Returned]) -> Iterator[Invoice]:
        invoice: Invoice | None = None
        for record in sorted(held, key=lambda each: each.order):
            if record.kind == INVOICE:
                if invoice is not None:
                    yield invoice
                invoice = Invoice(start=record, grouped_by=BY_ORDER)
            elif invoice is None:
                self._stray(record)
            else:
                invoice.add(record)
        if invoice is not None:
            yield invoice

    def _by_identity(self, held: Sequence[Returned]) -> Iterator[Invoice]:
        made = [
            Invoice(start=record, grouped_by=BY_IDENTITY)
            for record in held
            if record.kind == INVOICE
        ]
        of_patient: dict[str, list[Invoice]] = {}
        by_number: dict[str, list[Invoice]] = {}
        for invoice in made:
            of_patient.setdefault(invoice.start.patient, []).append(invoice)
            by_number.setdefault(invoice.start.invoice, []).append(invoice)
        for record in held:
            if record.kind == INVOICE:
                continue
            known = by_number if record.kind == CLOSE else of_patient
            key = record.invoice if record.kind == CLOSE else record.patient
            fitting = known.get(key, []) if key.strip("0") else []
            if len(fitting) == 1:
                fitting[0].add(record)
            else:
                self._stray(record)
        yield from made

    def _stray(self, record: Returned) -> None:
        self.strays.append(record)
        self._problems.add(
            "no-invoice",
            f"a record {record.kind} belongs to no invoice that can be told; a record "
            "20 before it is expected. What it says is told with the whole sending",
            record=record.number,
            position=1,
        )
