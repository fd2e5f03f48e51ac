"""What a payer would refuse in a sending, beyond its structure, before it is sent.

Findings bear the payer's own code with its letter, and tell what stands there, what
was expected and what to do.  Single fields are judged by `data/rules.csv`; here is
what spans records, and the share of records in error that refuses a whole file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import numpy as np

from protocols.mycarenet import codes
from protocols.mycarenet.checks_columns import LAYOUTS, Columns, Rows, place_of
from protocols.mycarenet.checks_kinds import JUDGES, holds
from protocols.mycarenet.checks_rules import Rule, rules
from protocols.mycarenet.message import KINDS, Bytes, Chunk
from protocols.mycarenet.tables import SHIPPED, Tables
from routing.envelope import Severity

SHARE: Final = "error-share"
"""The problem of a lot whose share of records in error refuses the whole file."""
MOST: Final = 5.0  # percent of the records 10 to 90 that may be in error

_COUNTED: Final = np.array([kind in {*KINDS[1:10]} for kind in KINDS])
_TEN: Final = KINDS.index("10")
_MINUS: Final = ord("-")


class Finding(NamedTuple):
    """One kind of problem and the rows of a chunk that have it.

    `explain` gives the message for one of them, by its place in `rows`; it is asked
    only for problems that are kept.  `counted` tells whether the payer counts it
    among the records in error.
    """

    code: str
    rows: Rows
    position: int | None
    field: str | None
    explain: Callable[[int], str]
    counted: bool = True

    @property
    def severity(self) -> Severity:
        """An error where the payer refuses the whole file for it, else a warning."""
        whole = self.code[0] == "B" and self.counted
        return Severity.ERROR if whole else Severity.WARNING


class Share(NamedTuple):
    """How many records of a sending are in error, as the payer counts them.

    Lines that are refused only because of another one are not counted here: the
    payer's own figures of small files agree with that, those of large ones are
    not public.
    """

    wrong: int
    records: int

    @property
    def percent(self) -> float:
        """The share of records in error, in percent with two decimals."""
        return round(100 * self.wrong / self.records, 2) if self.records else 0.0

    @property
    def refuses(self) -> bool:
        """Whether the payer refuses the whole file for it."""
        return 100 * self.wrong > MOST * self.records

    def told(self) -> str:
        """Say it in words."""
        return (
            f"the payer would refuse the whole file (920099): {self.wrong} of "
            f"{self.records} records are in error, {self.percent:.1f} %, and more than "
            "5 % is too many; correct them, then send it with the same number"
        )


class Checks:
    """One sending being checked, chunk by chunk."""

    def __init__(self, tables: Tables = SHIPPED) -> None:
        self._tables = tables
        self._sending: Bytes | None = None
        self._records = 0
        self._wrong = 0

    def check(self, chunk: Chunk) -> list[Finding]:
        """Return everything that is found in a chunk."""
        if self._sending is None:
            found = np.flatnonzero(chunk.kinds == _TEN)
            if len(found):
                self._sending = chunk.rows[found[0]].copy()
        columns = Columns(chunk, self._sending)
        findings = [
            *_rules_broken(columns, chunk, self._tables),
            *_credit_notes(columns),
        ]
        self._records += int(_COUNTED[chunk.kinds].sum())
        return findings

    def count(self, rows: Rows) -> None:
        """Count rows of one chunk that are in error, each once, for the share."""
        self._wrong += len(np.unique(rows))

    def share(self) -> Share:
        """Return the share of records in error of what was checked so far."""
        return Share(self._wrong, self._records)


def _rules_broken(columns: Columns, chunk: Chunk, tables: Tables) -> Iterator[Finding]:
    for rule in rules():
        rows = columns.rows(rule.record)
        if not len(rows):
            continue
        wrong = JUDGES[rule.kind](columns, rule, tables)
        if not wrong.any():
            continue
        applies = holds(columns, rule)
        if applies is not None:
            wrong = wrong & applies
        found = np.flatnonzero(wrong)
        if len(found):
            yield _broken(rule, rows[found], chunk)


def _broken(rule: Rule, rows: Rows, chunk: Chunk) -> Finding:
    _, length = place_of(rule.record, rule.field)
    start = rule.position - 1

    def explain(which: int) -> str:
        held = chunk.rows[rows[which], start : start + length].tobytes()
        return rule.told(held.decode("latin-1").rstrip())

    field = rule.field if rule.field in LAYOUTS[rule.record].by_name else None
    return Finding(rule.code, rows, rule.position, field, explain, counted=rule.refuses)


def _credit_notes(columns: Columns) -> Iterator[Finding]:
    """An invoice whose total is negative has no positive line (F201140)."""
    lines = columns.rows("50")
    if not len(lines):
        return
    ends = columns.characters("80", "insurer_amount_a")[:, 0] == _MINUS
    if not ends.any():
        return
    negative = columns.master("80", "20")[ends]
    positive = (columns.characters("50", "insurer_amount")[:, 0] != _MINUS) & ~(
        columns.empty("50", "insurer_amount")
    )
    rows = np.intersect1d(columns.master("50", "20")[positive], negative)
    if len(rows):
        words = _words("F201140")
        text = f"{words[0]}. {words[1]}"
        yield _finding("F201140", rows, "20", "billing_type", _saying(text))


def _finding(
    code: str, rows: Rows, record: str, field: str, explain: Callable[[int], str]
) -> Finding:
    return Finding(code, rows, LAYOUTS[record][field].start, field, explain)


def _saying(text: str) -> Callable[[int], str]:
    return lambda _: text


def _words(code: str) -> tuple[str, str]:
    found = codes.OWN.find(code)
    return found.label["en"], found.advice
