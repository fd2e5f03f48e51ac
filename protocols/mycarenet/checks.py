"""What a payer would refuse in a sending, beyond its structure, before it is sent.

Findings bear the payer's own code with its letter, and tell what stands there, what
was expected and what to do.  Single fields are judged by `data/rules.csv`; here is
what spans records, and the share of records in error that refuses a whole file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import numpy as np

from protocols.mycarenet import codes
from protocols.mycarenet.checks_columns import LAYOUTS, Columns, place_of
from protocols.mycarenet.checks_kinds import JUDGES, holds
from protocols.mycarenet.checks_known import Known
from protocols.mycarenet.checks_rules import OWN_WORDS, Rule, rules
from protocols.mycarenet.columns import Rows, Table
from protocols.mycarenet.findings import Finding
from protocols.mycarenet.message import KINDS, Bytes, Chunk
from protocols.mycarenet.problems import SHARE, problem
from protocols.mycarenet.tables import SHIPPED, Tables
from routing.envelope import Problem, Severity

CREDIT_NOTE: Final = "F201140"
MOST: Final = 5.0  # percent of the records 10 to 90 that may be in error

_COUNTED: Final = np.array([kind not in {"?", "95", "96"} for kind in KINDS])
_TEN: Final = KINDS.index("10")
_MINUS: Final = ord("-")


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

    def __init__(self, tables: Tables = SHIPPED, known: Known | None = None) -> None:
        self._tables = tables
        self._known = Known() if known is None else known
        self._sending: Bytes | None = None
        self._records = 0
        self._wrong = 0
        self._blocked = False

    def check(self, table: Table) -> Iterator[Finding]:
        """Yield everything that is found in a chunk."""
        chunk = table.chunk
        if self._sending is None:
            found = np.flatnonzero(chunk.kinds == _TEN)
            if len(found):
                self._sending = chunk.rows[found[0]].copy()
        columns = Columns(table, self._sending)
        if self._sending is not None:
            yield from _rules_broken(columns, chunk, self._tables, self._known)
        yield from _credit_notes(columns)

    def count(self, findings: Iterable[Finding], chunk: Chunk) -> None:
        """Count a chunk's records, and those of them that anything refuses."""
        wrong = np.zeros(len(chunk.rows), np.bool_)
        for each in findings:
            if each.refuses:
                wrong[each.rows] = True
            self._blocked |= each.severity is Severity.ERROR
        counted = _COUNTED[chunk.kinds]
        self._records += int(counted.sum())
        self._wrong += int((wrong & counted).sum())

    def share(self) -> Share:
        """Return the share of records in error of what was counted so far."""
        return Share(self._wrong, self._records)

    def end(self) -> Iterator[Problem]:
        """Yield the problem of the lot, where only the share refuses it."""
        share = self.share()
        if share.refuses and not self._blocked:
            yield problem(SHARE, share.told())


def _rules_broken(
    columns: Columns, chunk: Chunk, tables: Tables, known: Known
) -> Iterator[Finding]:
    for number, rule in enumerate(rules()):
        if not columns.has(rule.record) or known.is_kept(number, columns):
            continue
        rows = columns.rows(rule.record)
        if not len(rows):
            continue
        all_belong = columns.all_belong(rule.record)
        wrong = JUDGES[rule.kind](columns, rule, tables)
        if not wrong.any():
            if all_belong:
                known.note_clean(number, columns)
            continue
        applies = holds(columns, rule)
        if applies is not None:
            if all_belong and not applies.any():
                known.note_idle(number, columns)
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

    return Finding(
        rule=rule.code if rule.code in OWN_WORDS else "payer",
        rows=rows,
        words=explain,
        field=LAYOUTS[rule.record].by_name.get(rule.field),
        position=rule.position,
        code={} if rule.code in OWN_WORDS else {"code": rule.code},
        counted=rule.refuses,
    )


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
        found = codes.OWN.find(CREDIT_NOTE)
        yield Finding(
            rule="payer",
            rows=rows,
            words=f"{found.label['en']}; {found.advice}",
            field=LAYOUTS["20"]["billing_type"],
            code={"code": CREDIT_NOTE},
        )
