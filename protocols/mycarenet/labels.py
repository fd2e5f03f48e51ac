"""The payers' codes and their official labels, as `octway label` asks for them."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Final

from protocols.labels import Explained, LabelFault, Labels, LabelsRead, Rows
from protocols.mycarenet import codes
from protocols.mycarenet.label_list import read_labels, write_labels


class MyCareNetLabels:
    """Codes of six characters with the letter of their severity."""

    table = codes.TABLE
    columns: Sequence[str] = codes.TABLE_COLUMNS

    def explain(self, code: str, rows: Rows) -> Explained:
        """Say what a code means, with or without its letter."""
        found = codes.Codes(rows).find(code.upper())
        return Explained(
            code=found.code,
            written=found.written,
            severity=found.letter,
            refuses=codes.refuses(found.letter)["en"],
            label=found.label,
            advice=found.advice,
            official=found.official,
            known=found.own or found.official,
        )

    def words(self, language: str) -> Mapping[str, str]:
        """Return its own words of all codes, English to a language; empty: none."""
        return codes.words(language)

    def read(self, text: str) -> LabelsRead:
        """Read an official list."""
        read = read_labels(text)
        into = io.StringIO()
        write_labels(read.labels, into)
        return LabelsRead(
            text=into.getvalue(),
            labels=len(read.labels),
            fresh=sum(each.code not in codes.known() for each in read.labels),
            faults=tuple(LabelFault(*each) for each in read.faults),
        )


LABELS: Final[Labels] = MyCareNetLabels()
"""The labels as the network brings them."""
