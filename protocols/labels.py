"""What payers' codes mean, as a network tells it, and its official list of labels.

A network whose payers answer in codes may offer `Network.labels`; `octway label` shows
and imports them without knowing one.  A list that was taken over is a table of the
directory, and its words win over the network's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from attrs import frozen

Rows = Sequence[Mapping[str, str]]


@frozen(kw_only=True)
class Explained:
    """A code in words; `label` by language, `en` always among them.

    `written` is the code as payers write it, `severity` their sign for how bad it is
    and `refuses` what that means.  `official`: the words are of the list, `known`: of
    the list or of the network's own; else they are told from the code's parts.
    """

    code: str
    written: str
    severity: str
    refuses: str
    label: Mapping[str, str]
    advice: str
    official: bool
    known: bool


class LabelFault(NamedTuple):
    """What is wrong in a list: its line, the column (from 1; 0: the row), and words."""

    line: int
    column: int
    name: str
    message: str


@frozen(kw_only=True)
class LabelsRead:
    """A list as it was read; with any fault it is not to be used.

    `text` is the directory's table of so many `labels`, without its remark; `fresh`
    of them are of codes for which the network has no words of its own.
    """

    text: str
    labels: int
    fresh: int
    faults: tuple[LabelFault, ...]


class Labels(Protocol):
    """The codes of a network's payers; `table` is the list's name in the directory."""

    table: str
    columns: Sequence[str]

    def explain(self, code: str, rows: Rows) -> Explained:
        """Say what a code means, given the rows of the list; never fails."""
        ...

    def words(self, language: str) -> Mapping[str, str]:
        """Return its own words of all codes, English to a language; empty: none."""
        ...

    def read(self, text: str) -> LabelsRead:
        """Read a list; what is wrong is a fault with its place, never an exception."""
        ...
