"""The result of a study: both rates, by payer and by cause, beside the floor.

A pure function from what was planned and what two journals know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from attrs import frozen

from gateway.simulator.study_faults import ALSO, MIX
from gateway.simulator.study_floor import answered_in_time, beyond_remedy
from gateway.simulator.study_measured import Measured
from gateway.simulator.study_plan import Plan, PlannedLot
from gateway.simulator.study_timing import Timing

SETTLED_AFTER: Final = 20
"""Days after which a claim without an answer counts in the curve."""

_DIGITS: Final = 5


@frozen(kw_only=True)
class Study:
    """A finished study."""

    plan: Plan
    timings: list[Timing]
    untracked: Measured
    tracked: Measured

    def to_json(self, seconds: float) -> dict[str, Any]:
        """Return what `octway simulate --json` prints (contract 8)."""
        plan, runs = self.plan, (self.untracked, self.tracked)
        lost = beyond_remedy(plan, self.timings)
        return {
            "seed": plan.seed,
            "days": plan.days,
            "claims": plan.claims,
            "untracked": {"no_response_ratio": _ratio(plan.lots, self.untracked)},
            "tracked": {
                "no_response_ratio": _ratio(plan.lots, self.tracked),
                "remedies": {
                    kind: {"tried": tried, "brought": brought}
                    for kind, (tried, brought) in self.tracked.remedies.items()
                },
            },
            "floor": _floor(plan.lots, lost),
            "by_payer": {
                payer: {
                    "claims": _claims(lots),
                    **self._ratios(lots),
                    "floor": _floor(lots, lost),
                }
                for payer, lots in _grouped(plan.lots, lambda lot: lot.payer).items()
            },
            "by_cause": {
                cause: {"hit": _claims(lots), **self._ratios(lots)}
                for cause in MIX
                for lots in ([lot for lot in plan.lots if lot.fault == cause],)
            },
            "also": {
                name: {"hit": _claims(lots), **self._ratios(lots)}
                for name in ALSO
                for lots in ([lot for lot in plan.lots if getattr(lot, name)],)
            },
            **self._alarms(),
            "processed_twice": sum(each.paid_twice for each in runs),
            "ledger_imbalance": sum(abs(each.imbalance) for each in runs),
            "seconds": round(seconds, 1),
            "memory_mb": round(sum(each.memory_mb for each in runs)),
        }

    def curves(self) -> list[tuple[int, float, float]]:
        """Return for each day how many of the settled claims have no answer yet.

        Settled is what was sent at least `SETTLED_AFTER` days before; days
        before there is any are left out.
        """
        found = []
        for day in range(self.plan.days):
            lots = [lot for lot in self.plan.lots if lot.day <= day - SETTLED_AFTER]
            if lots:
                untracked = _ratio(lots, self.untracked, by=day)
                found.append((day, untracked, _ratio(lots, self.tracked, by=day)))
        return found

    def _ratios(self, lots: Sequence[PlannedLot]) -> dict[str, float]:
        return {
            "untracked": _ratio(lots, self.untracked),
            "tracked": _ratio(lots, self.tracked),
        }

    def _alarms(self) -> dict[str, Any]:
        """Count what was called missing and was not: in time, or late."""
        paces = {each.profile.id: each for each in self.timings}
        in_time = [
            lot for lot in self.plan.lots if answered_in_time(lot, paces[lot.payer])
        ]
        late = [lot for lot in self.plan.lots if lot.late and not lot.fault]
        called = sum(self.tracked.missing.get(lot.key, 0) for lot in in_time)
        return {
            "false_alarms": {
                "claims": called,
                "ratio": _share(called, _claims(in_time)),
            },
            "late_called_missing": sum(
                self.tracked.missing.get(lot.key, 0) for lot in late
            ),
        }


def _ratio(
    lots: Iterable[PlannedLot], measured: Measured, by: int | None = None
) -> float:
    """Return the share of claims that have no closing answer."""
    lots = list(lots)
    answered = sum(measured.answered(lot.key, by) for lot in lots)
    claims = _claims(lots)
    return _share(claims - answered, claims)


def _floor(lots: Sequence[PlannedLot], lost: frozenset[str]) -> float:
    return _share(_claims(lot for lot in lots if lot.key in lost), _claims(lots))


def _claims(lots: Iterable[PlannedLot]) -> int:
    return sum(lot.claims for lot in lots)


def _share(part: int, whole: int) -> float:
    return round(part / whole, _DIGITS) if whole else 0.0


def _grouped(
    lots: Iterable[PlannedLot], by: Callable[[PlannedLot], str]
) -> Mapping[str, list[PlannedLot]]:
    found: dict[str, list[PlannedLot]] = {}
    for lot in lots:
        found.setdefault(by(lot), []).append(lot)
    return dict(sorted(found.items()))
