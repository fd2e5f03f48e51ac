"""What the checks find in a chunk, and its way into the problems of a lot."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from attrs import evolve, frozen
from attrs import field as attribute

from protocols.mycarenet.codes import REFUSING
from protocols.mycarenet.columns import Rows
from protocols.mycarenet.message import Chunk
from protocols.mycarenet.problems import (
    KEPT_IN_LOT,
    Tally,
    code_of,
    is_of_payer,
    problem,
    severity_of,
)
from protocols.record_fields import Field
from routing.envelope import Problem, Severity


@frozen(kw_only=True, eq=False)
class Finding:
    """A broken rule and the rows that break it, ascending.

    `words` say what was found and what is expected: a text, or a function that
    is given the place of a row in `rows` and asked only if the problem is kept.
    `code` is written out where the rule leaves it open.  `counted` is false where
    a payer may know better: that is a warning, and no record in error for it.
    """

    rule: str
    rows: Rows
    words: str | Callable[[int], str]
    field: Field | None = None
    position: int | None = None
    code: Mapping[str, str] = attribute(factory=dict)
    counted: bool = True

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return severity_of(self.rule, counted=self.counted, **self.code)

    @property
    def refuses(self) -> bool:
        """Whether payers count its records among those in error."""
        code = code_of(self.rule, **self.code)
        return self.counted and is_of_payer(code) and code[0] in REFUSING

    def tell(self, which: int) -> str:
        """Return the words for one row, by its place among the rows."""
        return self.words if isinstance(self.words, str) else self.words(which)


class Found(NamedTuple):
    """Where a finding's problem stands, for sorting."""

    row: int
    position: int
    finding: Finding
    which: int


def of_zone(each: Field, record: str) -> dict[str, str]:
    """Return the parts of a code that tell record and zone."""
    first = each.zone.split(",")[0].rstrip("ab")
    return {"rr": record, "zz": first.zfill(2), "zone": first}


def without(findings: Iterable[Finding], rows: Iterable[int]) -> Iterator[Finding]:
    """Yield findings for all rows but some, whose records are not whole."""
    dropped = np.array(sorted(rows), np.intp)
    for each in findings:
        places = np.flatnonzero(~np.isin(each.rows, dropped))
        if len(places):
            yield evolve(
                each, rows=each.rows[places], words=partial(_words, each, places)
            )


def _words(finding: Finding, places: Rows, which: int) -> str:
    return finding.tell(int(places[which]))


def row_of(row: int) -> Rows:
    """Return one row as rows."""
    return np.array([row], np.intp)


def describe(finding: Finding, which: int, chunk: Chunk) -> Problem:
    """Turn one row of a finding into a problem with its place."""
    row, each = int(finding.rows[which]), finding.field
    words = finding.tell(which)
    position = finding.position or (each.start if each else 1)
    return problem(
        finding.rule,
        f"{named(each)}: {words}" if each else words,
        record=chunk.first + row or None,
        position=position,
        field=each.name if each else None,
        counted=finding.counted,
        **finding.code,
    )


def named(each: Field) -> str:
    """Name a field as payers and vendors do, by its zone too."""
    return f"{each.title} (zone {each.zone})"


class LotProblems:
    """Collects the problems of one lot while its chunks are read.

    All are counted in the tally; a lot keeps its first ones while the file has
    room, and always at least one error, so that no bad lot ever looks good.
    """

    def __init__(self, tally: Tally, room: int) -> None:
        self.kept: list[Problem] = []
        self._tally = tally
        self._room = min(KEPT_IN_LOT, max(0, room))

    def add(self, found: Problem) -> None:
        """Take a problem that belongs to no record."""
        self._tally.count(found.severity, 1)
        if self._wants(found.severity):
            self.kept.append(found)

    def take(self, findings: Sequence[Finding], chunk: Chunk) -> None:
        """Take what was found in a chunk, in the order of the records."""
        first: list[Found] = []
        for finding in findings:
            self._tally.count(finding.severity, len(finding.rows))
            rows = finding.rows[: max(1, self._room - len(self.kept))].tolist()
            position = finding.position or (finding.field.start if finding.field else 1)
            first += [
                Found(row, position, finding, which) for which, row in enumerate(rows)
            ]
        first.sort(key=lambda each: each[:2])
        for each in first:
            if self._wants(each.finding.severity):
                self.kept.append(describe(each.finding, each.which, chunk))

    def _wants(self, severity: Severity) -> bool:
        if len(self.kept) < self._room:
            return True
        if severity is not Severity.ERROR:
            return False
        return all(each.severity is not Severity.ERROR for each in self.kept)
