"""Turns findings into problems with their place, and gives each to its lot."""

from __future__ import annotations

import numpy as np

from protocols.sesam.b2_examine import Examined
from protocols.sesam.b2_structure import Finding
from protocols.sesam.checks import KEPT, KEPT_IN_LOT, Tally, problem, severity_of
from routing.envelope import Problem, Severity


class LotProblems:
    """Sorts problems out between lots and file while a file is read.

    A lot keeps its first problems; once the file has had its share a lot keeps
    one error only, so that no bad lot ever looks good.
    """

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._left = KEPT

    def sort_out(self, examined: Examined) -> dict[int, list[Problem]]:
        """Return the problems of a chunk's lots; count all, keep the file's own."""
        of_lots: dict[int, list[Problem]] = {}
        for finding in examined.findings:
            for which, lot in enumerate(_lots(finding, examined)):
                if lot < 0:
                    if self._tally.full:
                        self._tally.count(finding.code, 1)
                    else:
                        self._tally.add(_explain(finding, which, examined))
                    continue
                self._tally.count(finding.code, 1)
                kept = of_lots.setdefault(lot, [])
                if self._may_keep(kept, finding.code):
                    self._left -= 1
                    kept.append(_explain(finding, which, examined))
        for kept in of_lots.values():
            kept.sort(key=lambda each: each.record or 0)
        return of_lots

    def _may_keep(self, kept: list[Problem], code: str) -> bool:
        if self._left > 0 and len(kept) < KEPT_IN_LOT:
            return True
        if severity_of(code) is not Severity.ERROR:
            return False
        return all(each.severity is not Severity.ERROR for each in kept)


def list_problems(examined: Examined, tally: Tally) -> None:
    """Count every problem of a chunk and keep the first ones, lots or not."""
    for finding in examined.findings:
        room = len(finding.rows) if not tally.full else 0
        for which in range(room):
            if tally.full:
                room = which
                break
            tally.add(_explain(finding, which, examined))
        tally.count(finding.code, len(finding.rows) - room)


def _lots(finding: Finding, examined: Examined) -> list[int]:
    """Return, by row of a finding, the lot that holds it; -1 for the file."""
    structure = examined.structure
    if finding.outer or not len(structure.lots):
        return [-1] * len(finding.rows)
    lots = structure.lot_of(finding.rows)
    inside = (lots >= 0) & (finding.rows < structure.stops[lots])
    found: list[int] = np.where(inside, lots, -1).tolist()
    return found


def _explain(finding: Finding, which: int, examined: Examined) -> Problem:
    row = int(finding.rows[which])
    code, words = finding.explain(which)
    kind = examined.family.kind_of(examined.chunk.rows[row].tobytes())
    layout = examined.family.layouts[kind]
    field = layout.by_name.get(finding.field or "") if layout else None
    return problem(
        code,
        f"{field.title}: {words}" if field else words,
        record=examined.chunk.first + row,
        position=finding.position,
        field=finding.field,
    )
