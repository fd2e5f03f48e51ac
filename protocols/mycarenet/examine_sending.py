"""What spans a sending: its record 10, numbers used twice, totals, and its end.

Totals are compared with what all invoices before them add up to, however many
chunks those came in.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from protocols.mycarenet.check_digits import codes_check, is_iban
from protocols.mycarenet.columns import Numbers, Table, amounts
from protocols.mycarenet.examine_header import Header
from protocols.mycarenet.examine_invoices import are_providers, cents, repeats
from protocols.mycarenet.examine_zones import LAYOUTS
from protocols.mycarenet.findings import Finding, row_of
from protocols.mycarenet.invoices import CODED, MUTUALITIES, Invoices
from protocols.mycarenet.problems import problem
from protocols.record_fields import Field
from routing.envelope import Problem

_SAME_AS_HEADER = (
    ("sending_number", "sending_number"),
    ("instructions_version", "instructions_version"),
    ("created", "created"),
)
_LINE = LAYOUTS["50"]


class Sending:
    """The facts and totals of one message while it is read.

    `first` is its first record 10, empty before it was met; `asked` are the
    amounts of the records 80 on accounts A and B, by destination mutuality.
    """

    def __init__(self, header: Header) -> None:
        self.header = header
        self.first = b""
        self.mutuality = ""
        self.asked = np.zeros((2, MUTUALITIES), np.int64)
        self.invoices = np.zeros(MUTUALITIES, np.int64)
        self._codes = np.zeros(MUTUALITIES, np.int64)
        self._totals_told = np.zeros(MUTUALITIES, np.bool_)
        self._all_codes = 0
        self._used: list[Numbers] = []
        self._highest = -1
        self._last_mutuality = -1
        self._damaged = False

    def fact(self, name: str) -> str:
        """Return a zone of record 10, without blanks around it."""
        return LAYOUTS["10"][name].raw(self.first).strip()

    @property
    def mutualities(self) -> list[int]:
        """The destination mutualities of the invoices, ascending."""
        found: list[int] = np.flatnonzero(self.invoices).tolist()
        return found

    @property
    def union(self) -> str:
        """The union that the sending is meant for; "" if there is no invoice."""
        first = self.mutualities[:1]
        return f"{first[0] // 100}00" if first else ""

    def check(self, table: Table, invoices: Invoices) -> Iterator[Finding]:
        """Add a chunk up and yield what is wrong with it as a part of the sending."""
        yield from self._check_first(table)
        yield from self._check_numbers(invoices)
        yield from self._check_mutualities(invoices)
        self._add(table, invoices)
        if self._damaged:
            return
        yield from self._check_last(table)
        yield from self._check_totals(table)

    def end(self) -> Iterator[Problem]:
        """Yield what is missing or mixed in the whole sending."""
        unions = sorted({which // 100 for which in self.mutualities})
        if len(unions) > 1:
            found = ", ".join(f"{which}00" for which in unions)
            yield problem(
                "several-unions", f"is meant for the unions {found}; one is expected"
            )
        if self._damaged:
            return
        for which in self.mutualities:
            if not self._totals_told[which]:
                yield problem(
                    "no-mutuality-total",
                    f"has no record 95 for the mutuality {which:03}, which invoices "
                    "are meant for; one for each is expected",
                )

    def _check_first(self, table: Table) -> Iterator[Finding]:
        rows = table.rows("10")
        if self.first or not len(rows):
            return
        row = int(rows[0])
        self.first = table.chunk.rows[row].tobytes()
        for rule, name, words in self._first_faults():
            yield _at(row, rule, LAYOUTS["10"][name], words)

    def _first_faults(self) -> Iterator[tuple[str, str, str]]:
        if not self.fact("sending_number").strip("0"):
            yield "sending-zero", "sending_number", "is zero; 001 to 999 is expected"
        third = self.fact("third_party")
        if not third.startswith("0"):
            words = "does not begin with 0; 0 and eleven digits are expected"
            yield "third-party-digit", "third_party", words
        elif third.isdecimal() and not _is_provider(third):
            words = "is no provider's number: its check digits do not fit"
            yield "third-party-check", "third_party", words
        if not self.fact("bic_a"):
            yield "bic-missing", "bic_a", "is blank; the BIC of the account is expected"
        if not self.fact("iban_a"):
            words = "is blank; the IBAN of the account is expected"
            yield "iban-missing", "iban_a", words
        for rule, name in (("iban-check", "iban_a"), ("iban-b-check", "iban_b")):
            if self.fact(name).strip("0") and not is_iban(self.fact(name)):
                words = "is no IBAN: its check digits do not fit"
                yield rule, name, words
        yield from self._header_faults()
        month, created = self._month(), self.fact("created")
        if month.isdecimal() and created.isdecimal() and month > created[:6]:
            words = "comes after the day on which the sending was made"
            yield "month-late", "month", words

    def _month(self) -> str:
        return self.fact("year")[1:] + self.fact("month")

    def _header_faults(self) -> Iterator[tuple[str, str, str]]:
        if not self.header.content:
            return
        for name, of_header in _SAME_AS_HEADER:
            own, other = self.fact(name), self.header[of_header]
            if own != other:
                words = f"is {own!r}; the header says {other!r}"
                yield "header-differs", name, words
        if self._month() != self.header["year_month"]:
            words = (
                f"is {self._month()!r}; the header says {self.header['year_month']!r}"
            )
            yield "header-differs", "year", words

    def _check_numbers(self, invoices: Invoices) -> Iterator[Finding]:
        """Find invoice numbers that are zero or used before in the sending."""
        field = LAYOUTS["20"]["invoice_number"]
        own = invoices.table.numbers("20", field)
        if not len(own):
            return
        zero = own == 0
        if zero.any():
            yield Finding(
                rule="invoice-zero",
                rows=invoices.starts[zero],
                words="is zero; a number of its own is expected for each invoice",
                field=field,
            )
        ascending = own[0] > self._highest and bool((own[1:] > own[:-1]).all())
        if not ascending:
            order = np.argsort(own, kind="stable")
            again = np.zeros(len(own), np.bool_)
            again[order[1:]] = own[order[1:]] == own[order[:-1]]
            again |= np.isin(own, np.concatenate([own[:0], *self._used]))
            again &= ~zero
            if again.any():
                yield Finding(
                    rule="invoice-repeated",
                    rows=invoices.starts[again],
                    words="is that of an invoice before; one of its own is expected",
                    field=field,
                )
        self._used.append(own)
        self._highest = max(self._highest, int(own.max()))

    def _check_mutualities(self, invoices: Invoices) -> Iterator[Finding]:
        own = invoices.mutualities
        if not len(own):
            return
        field = LAYOUTS["20"]["destination_mutuality"]
        if not self.mutuality:
            self.mutuality = field.raw(invoices.starts_of[0].tobytes()).strip()
        before = np.concatenate(([self._last_mutuality], own))[:-1]
        lower = np.flatnonzero(own < before)
        if len(lower):
            yield Finding(
                rule="mutuality-order",
                rows=invoices.starts[lower],
                words=lambda which: (
                    f"is {own[lower[which]]:03} behind {before[lower[which]]:03}; "
                    "ascending numbers are expected"
                ),
                field=field,
            )
        self._last_mutuality = int(own[-1])

    def _add(self, table: Table, invoices: Invoices) -> None:
        chunk = table.chunk
        self._damaged |= bool(chunk.odd) or bool((chunk.kinds == 0).any())
        np.add.at(self.invoices, invoices.mutualities, 1)
        layout = LAYOUTS["80"]
        mutualities = table.numbers("80", layout["destination_mutuality"])
        for account, name in enumerate(("insurer_amount_a", "insurer_amount_b")):
            values = table.amounts("80", layout[name])
            np.add.at(self.asked[account], mutualities, values)
        np.add.at(self._codes, invoices.mutualities, invoices.codes)
        for kind in CODED:
            self._all_codes += int(table.numbers(kind, _LINE["code"]).sum())

    def _check_last(self, table: Table) -> Iterator[Finding]:
        layout = LAYOUTS["90"]
        for row in table.rows("90")[:1].tolist():
            record = table.chunk.rows[row].tobytes()
            for account, letter in enumerate("ab"):
                field = layout[f"insurer_amount_{letter}"]
                stated, total = _amount(field, record), int(self.asked[account].sum())
                if stated != total:
                    words = _sum_words(stated, total)
                    yield _at(row, f"sending-amount-{letter}", field, words)
            field = layout["sending_check"]
            right = f"{codes_check(self._all_codes):02}"
            if field.raw(record) != right:
                yield _at(row, "sending-check", field, f"{right} is expected")
            for own, other, code, _ in repeats("90", "10") if self.first else ():
                if own.raw(record) != other.raw(self.first):
                    words = "is not what record 10 says"
                    yield _at(row, "repeat", own, words, code=code)

    def _check_totals(self, table: Table) -> Iterator[Finding]:
        for row in table.rows("95").tolist():
            record = table.chunk.rows[row].tobytes()
            field = LAYOUTS["95"]["mutuality"]
            text = field.raw(record)
            which = int(text) if text.isascii() and text.isdigit() else 0
            if not self.invoices[which]:
                words = "is that of no invoice; a destination mutuality is expected"
                yield _at(row, "mutuality-unknown", field, words)
                continue
            self._totals_told[which] = True
            asked = tuple(int(of[which]) for of in self.asked)
            yield from _check_total(row, "95", record, asked, int(self._codes[which]))
        for row in table.rows("96")[:1].tolist():
            record = table.chunk.rows[row].tobytes()
            field = LAYOUTS["96"]["mutuality"]
            if self.union and field.raw(record) != f"{self.union[0]}99":
                words = f"is {field.raw(record)!r}; {self.union[0]}99 is expected"
                yield _at(row, "union-number", field, words)
            asked = tuple(int(of.sum()) for of in self.asked)
            yield from _check_total(row, "96", record, asked, self._all_codes)


def _check_total(
    row: int, kind: str, record: bytes, asked: tuple[int, ...], codes: int
) -> Iterator[Finding]:
    """Compare a record 95 or 96 with the invoices that it stands for."""
    layout = LAYOUTS[kind]
    stated = []
    for letter in "abc":
        field = layout[f"insurer_amount_{letter}"]
        stated.append(_amount(field, record))
        if letter != "c" and stated[-1] != asked["abc".index(letter)]:
            words = _sum_words(stated[-1], asked["abc".index(letter)])
            yield _total_at(row, "total-check", field, words)
    field = layout["insurer_amount"]
    if _amount(field, record) != sum(stated):
        words = f"is not the sum of the accounts; {cents(sum(stated))} is expected"
        yield _total_at(row, "total-sum", field, words)
    field, right = layout["check"], f"{codes_check(codes):02}"
    if field.raw(record) != right:
        yield _total_at(row, "total-check", field, f"{right} is expected")


def _amount(field: Field, record: bytes) -> int:
    return int(
        amounts(np.frombuffer(field.raw(record).encode("latin-1"), np.uint8)[None])[0]
    )


def _sum_words(stated: int, total: int) -> str:
    return f"says {cents(stated)}; the invoices add up to {cents(total)}"


def _is_provider(text: str) -> bool:
    return bool(are_providers(np.array([int(text)]))[0])


def _at(row: int, rule: str, field: Field, words: str, **code: str) -> Finding:
    return Finding(rule=rule, rows=row_of(row), words=words, field=field, code=code)


def _total_at(row: int, rule: str, field: Field, words: str) -> Finding:
    """Return a finding in a total; its code names the zone of the amount, not its sign."""
    return _at(row, rule, field, words, zone=field.zone.split(", ")[-1])
