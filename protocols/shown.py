"""A record of a file as it is shown to people, field by field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from attrs import frozen


class FieldShown(NamedTuple):
    """One field of a record, for people: 1-based position, label and value.

    `private` marks what identifies a patient, or may: it is shown to nobody without a
    purpose.  `idle` marks what says nothing, such as a filler.
    """

    position: int
    length: int
    name: str
    title: str
    value: str
    meaning: str
    private: bool = False
    idle: bool = False


@frozen(kw_only=True)
class RecordShown:
    """One record for people; `record` counts from 1, `title` says what it is.

    `level` is how deep it lies in the file's nesting, 0 for the outermost.  Of a
    record of fixed length every character stands in a field, so that `as_it_stands`
    gives the record again; `told` has only the fields that say something.
    """

    record: int
    kind: str
    title: str
    fields: tuple[FieldShown, ...]
    level: int = 0

    @property
    def told(self) -> Iterator[FieldShown]:
        """The fields that say something, in order."""
        return (each for each in self.fields if each.value.strip() and not each.idle)

    def as_it_stands(self) -> str:
        """Put the record together from its fields."""
        end = max((each.position + each.length - 1 for each in self.fields), default=0)
        line = [" "] * end
        for each in self.fields:
            start = each.position - 1
            value = each.value[: each.length]
            line[start : start + len(value)] = value
        return "".join(line)
