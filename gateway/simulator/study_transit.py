"""The ways between the gateway and the payers of a study, and what is lost on them.

A first passage goes as the plan says; each further one is drawn anew with the same
share, so what is sent again may be lost again.  Of further passages every second
one arrives at least: a way that loses more is out of order, which is no chance.
"""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Final

from gateway.simulator.study_plan import Plan

_MOST_LOST_AGAIN: Final = 0.5


class Transit:
    """Loses what the plan says; one for all payers of a run."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._sent: Counter[str] = Counter()

    def arrives(self, lot: str) -> bool:
        """Say whether a lot that was handed over comes into the payer's system."""
        passage = self._sent[lot]
        self._sent[lot] += 1
        return not self._is_lost("lost_in_transit", lot, passage)

    def comes_back(self, lot: str, passage: int) -> bool:
        """Say whether an answer that was sent so often before reaches the gateway."""
        return not self._is_lost("return_lost", lot, passage)

    def _is_lost(self, fault: str, lot: str, passage: int) -> bool:
        if not passage:
            return self.plan.by_key[lot].fault == fault
        seed, share = self.plan.seed, self.plan.faults.mix[fault]
        dice = Random(f"{seed}|{fault}|{lot}|{passage}")  # noqa: S311
        return dice.random() < min(share, _MOST_LOST_AGAIN)
