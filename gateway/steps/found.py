"""What one deposit holds, once it was read: its lots, its problems, or why it is refused."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen
from sqlalchemy import Row

from gateway.steps.no_billing import no_billing_file
from protocols.attachments import About
from routing.envelope import LotSeen, Problem, Severity, Summary
from routing.lifecycle import DepositState

Deposit = Row[*tuple[Any, ...]]
Placed = tuple[str | None, Problem]  # the lot that it stands in, if any


@frozen(kw_only=True)
class Found:
    """What one deposit holds, as far as it is not written yet."""

    deposit: Deposit
    held: float  # until when its reader holds it
    network: str = ""
    summary: Summary
    problems: list[Placed]
    lots: list[LotSeen] = field(factory=list)
    about: About | None = None  # of a supporting document: its invoice

    @property
    def state(self) -> DepositState:
        """Where the deposit stands once this is written."""
        return DepositState.SPLIT if self.summary.lots else DepositState.UNREADABLE

    def damage(self) -> tuple[str, str] | None:
        """Give code and words of what is wrong outside of all lots; None: nothing."""
        outside = [
            problem
            for lot, problem in self.problems
            if lot is None and problem.severity is Severity.ERROR
        ]
        if not outside:
            return None
        return outside[0].code, (
            f"errors outside its lots ({len(outside)}), so a lot may be missing: "
            f"{outside[0].message}"
        )


def refused(deposit: Deposit, format: str | None, head: bytes) -> Found:
    """Return what stands for a deposit that is no billing file (`no_billing_file`)."""
    return Found(
        deposit=deposit,
        held=deposit.lease_until,
        summary=Summary(
            format=format or "", records=0, lots=0, claims=0, errors=1, warnings=0
        ),
        problems=[(None, no_billing_file(format, head))],
    )
