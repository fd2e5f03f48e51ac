"""The control totals of a return: what each 990 and the 999 must hold.

A 990 closes what stands above it; several 990 in a row close wider and wider
levels.  Of the first are counted the invoices, of the others the 990 of the
level below; amounts are signed sums of what is paid.  What surprises: the
published text does not say whether one-off payments and withholdings belong to
the sums (french.md 2.1), so both sums are known and a file may use either.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from protocols.problem_log import ProblemLog
from protocols.sesam.noemie import EntityReader
from protocols.sesam.noemie_claim import cents, signed
from routing.envelope import Severity

LOTS_WRAP = 1000  # the end record counts lots on three digits


class Sums(NamedTuple):
    """What was counted: items, cents paid for them, cents paid or withheld else."""

    items: int = 0
    paid: int = 0
    extra: int = 0

    def plus(self, other: Sums) -> Sums:
        """Add up two counts."""
        return Sums(
            self.items + other.items, self.paid + other.paid, self.extra + other.extra
        )

    def allows(self, amount: int) -> bool:
        """Whether a control of this amount agrees."""
        return amount in {self.paid, self.paid + self.extra}

    def shown(self, *, with_extra: bool) -> int:
        """The amount to write."""
        return self.paid + self.extra if with_extra else self.paid


class Controls:
    """Follows the entities of one return in their order.

    `with_extra` says whether the file's end counts one-off payments and
    withholdings; it is right once the end was seen.
    """

    def __init__(self, *, with_extra: bool = False) -> None:
        self.total = Sums()
        self.with_extra = with_extra
        self._levels: list[Sums] = [Sums()]
        self._depth = 0  # 990 met in a row

    def item(self, *, items: int = 0, paid: int = 0, extra: int = 0) -> None:
        """Count an invoice (or none) and its money."""
        level = self._levels[0]
        self.total = Sums(
            self.total.items + items, self.total.paid + paid, self.total.extra + extra
        )
        self._levels[0] = Sums(
            level.items + items, level.paid + paid, level.extra + extra
        )

    def other(self) -> None:
        """Say that an entity other than a 990 came."""
        self._depth = 0

    def close(self) -> Sums:
        """Take a 990: return what it must hold, and begin its level anew."""
        if self._depth + 1 >= len(self._levels):
            self._levels.append(Sums())
        closed = self._levels[self._depth]
        self._levels[self._depth] = Sums()
        self._depth += 1
        wider = Sums(1, closed.paid, closed.extra)
        self._levels[self._depth] = self._levels[self._depth].plus(wider)
        return closed


def check_control(
    held: Sums, values: Mapping[str, str], *, number: int, log: ProblemLog
) -> None:
    """Compare a 990 with what stands above it."""
    amount, count = signed(values, "amount"), cents(values["count"])
    if not held.allows(amount):
        log.add(
            "control-amount",
            f"the control 990 says {amount} cents; the invoices above it are paid "
            f"{held.paid}; part of the file may be missing",
            record=number,
            position=31,
            field="amount",
        )
    if count != held.items:
        log.add(
            "control-count",
            f"the control 990 counts {count}; {held.items} were read above it",
            severity=Severity.WARNING,
            record=number,
            position=23,
            field="count",
        )


def check_end(
    controls: Controls,
    values: Mapping[str, str],
    *,
    entities: EntityReader,
    lots: int,
    log: ProblemLog,
) -> None:
    """Compare the 999 with the whole file."""
    records, amount = cents(values["records"]), signed(values, "amount")
    total = controls.total
    controls.with_extra = amount != total.paid and total.allows(amount)
    wrapped = entities.form.wrapped
    physical = {entities.physical_records}
    counted = physical if wrapped else physical | {entities.count}
    if records not in counted:
        # What a plain file counts as a record is not known: its amounts prove it.
        log.add(
            "end-records",
            f"the end record 999 counts {records} records; {max(counted)} were read; "
            + (
                "part of the file is missing, ask the payer for it again"
                if wrapped
                else "if its amounts agree, nothing is missing"
            ),
            severity=Severity.ERROR if wrapped else Severity.WARNING,
            record=entities.count,
            position=56,
            field="records",
        )
    if not total.allows(amount):
        log.add(
            "end-amount",
            f"the end record 999 says {amount} cents; the invoices are paid "
            f"{total.paid}; part of the file may be missing",
            record=entities.count,
            position=86,
            field="amount",
        )
    if cents(values["lots"]) != lots % LOTS_WRAP:
        log.add(
            "end-lots",
            f"the end record 999 counts {cents(values['lots'])} lots; {lots} were read",
            severity=Severity.WARNING,
            record=entities.count,
            position=83,
            field="lots",
        )
