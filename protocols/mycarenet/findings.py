"""What the checks find in a chunk, and its way into the problems of a lot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final, NamedTuple

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

_SURELY: Final = 2  # problems of one kind that are kept before more of others
_SPARED: Final = 15  # places left for kinds of warning that were not told yet
_ALIKE: Final = 20  # warnings of one kind that a lot keeps


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
    """Turn one row of a finding into a problem with its place.

    The words bear the payer's code, which vendors look up.
    """
    row, each = int(finding.rows[which]), finding.field
    words = finding.tell(which)
    position = finding.position or (each.start if each else 1)
    code = code_of(finding.rule, **finding.code)
    where = [named(each)] if each else []
    where += [code] if is_of_payer(code) else []
    return problem(
        finding.rule,
        f"{', '.join(where)}: {words}" if where else words,
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
    room, and always at least one error, so that no bad lot ever looks good.  Of one
    kind of warning it keeps so many at most: what is wrong in every invoice, as a
    number of patients that was typed badly, must not hide what is wrong in one.
    """

    def __init__(self, tally: Tally, room: int) -> None:
        self.kept: list[Problem] = []
        self._tally = tally
        self._room = min(KEPT_IN_LOT, max(0, room))
        self._alike: Counter[tuple[str, str]] = Counter()
        self._taken = 0
        self._has_error = False

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
            most = max(1, self._room - self._taken)
            if finding.severity is not Severity.ERROR:
                most = min(most, _ALIKE)
            rows = finding.rows[:most].tolist()
            position = finding.position or (finding.field.start if finding.field else 1)
            first += [
                Found(row, position, finding, which) for which, row in enumerate(rows)
            ]
        first.sort(key=lambda each: (each.which >= _SURELY, *each[:2]))
        wanted = [each for each in first if self._takes(each.finding)]
        wanted.sort(key=lambda each: each[:2])
        self.kept += [describe(each.finding, each.which, chunk) for each in wanted]

    def _takes(self, finding: Finding) -> bool:
        """Say whether one more problem of a finding is kept; count it then."""
        like = finding.rule, code_of(finding.rule, **finding.code)
        is_error = finding.severity is Severity.ERROR
        spared = self._room - self._taken <= _SPARED and self._alike[like] >= _SURELY
        if (self._alike[like] >= _ALIKE or spared) and not is_error:
            return False
        taken = self._wants(finding.severity)
        self._alike[like] += taken
        return taken

    def _wants(self, severity: Severity) -> bool:
        is_error = severity is Severity.ERROR
        if self._taken < self._room or (is_error and not self._has_error):
            self._taken += 1
            self._has_error |= is_error
            return True
        return False
