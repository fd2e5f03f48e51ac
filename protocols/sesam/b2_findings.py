"""Turns findings into problems with their place, and gives each to its lot."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from protocols.sesam.b2_examine import Examined
from protocols.sesam.b2_structure import Finding, Rows
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
            lots = _lots(finding, examined)
            outside = np.flatnonzero(lots < 0)
            _list(finding, outside, examined, self._tally)
            self._tally.count(finding.code, len(lots) - len(outside))
            for which in self._candidates(finding.code, lots):
                kept = of_lots.setdefault(int(lots[which]), [])
                if self._may_keep(kept, finding.code):
                    self._left -= 1
                    kept.append(_explain(finding, which, examined))
        for kept in of_lots.values():
            kept.sort(key=lambda each: each.record or 0)
        return of_lots

    def _candidates(self, code: str, lots: Rows) -> Sequence[int]:
        """Return the first rows of each lot: as many as a lot can still keep."""
        most = KEPT_IN_LOT if self._left > 0 else 1
        if self._left <= 0 and severity_of(code) is not Severity.ERROR:
            return ()
        order = np.argsort(lots, kind="stable")
        ordered = lots[order]
        place = np.arange(len(lots)) - np.searchsorted(ordered, ordered)
        found: list[int] = np.sort(order[(ordered >= 0) & (place < most)]).tolist()
        return found

    def _may_keep(self, kept: list[Problem], code: str) -> bool:
        if self._left > 0 and len(kept) < KEPT_IN_LOT:
            return True
        if severity_of(code) is not Severity.ERROR:
            return False
        return all(each.severity is not Severity.ERROR for each in kept)


def list_problems(examined: Examined, tally: Tally) -> None:
    """Count every problem of a chunk and keep the first ones, lots or not."""
    for finding in examined.findings:
        _list(finding, np.arange(len(finding.rows)), examined, tally)


def _list(finding: Finding, which: Rows, examined: Examined, tally: Tally) -> None:
    """Count some problems of a finding and keep the first ones."""
    for kept, at in enumerate(which.tolist()):
        if tally.full:
            tally.count(finding.code, len(which) - kept)
            return
        tally.add(_explain(finding, at, examined))


def _lots(finding: Finding, examined: Examined) -> Rows:
    """Return, by row of a finding, the lot that holds it; -1 for the file."""
    structure = examined.structure
    if finding.outer or not len(structure.lots):
        return np.full(len(finding.rows), -1, np.intp)
    lots = structure.lot_of(finding.rows)
    inside = (lots >= 0) & (finding.rows < structure.stops[lots])
    return np.where(inside, lots, -1)


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
