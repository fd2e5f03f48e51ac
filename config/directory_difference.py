"""What differs between two versions of the payer directory, in lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

ADDED: Final = "added"
REMOVED: Final = "removed"
CHANGED: Final = "changed"


class Difference(NamedTuple):
    """One difference; `key` is empty for a whole file, texts are as in the file."""

    file: str
    key: str
    what: str
    before: str
    after: str


def differences(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[Difference]:
    """Yield what differs between two `DirectoryData.sources`, file by file."""
    for file in sorted({*before, *after}):
        if file not in after:
            yield Difference(file, "", REMOVED, "", "")
        elif file not in before:
            yield Difference(file, "", ADDED, "", "")
        else:
            yield from _of_file(file, before[file], after[file])


def _of_file(file: str, before: Any, after: Any) -> Iterator[Difference]:
    old, new = dict(_leaves("", before)), dict(_leaves("", after))
    for key in sorted({*old, *new}):
        if key not in new:
            yield Difference(file, key, REMOVED, old[key], "")
        elif key not in old:
            yield Difference(file, key, ADDED, "", new[key])
        elif old[key] != new[key]:
            yield Difference(file, key, CHANGED, old[key], new[key])


def _leaves(place: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yield every value by its path; rows of a table are named by what they say.

    A row that moved is no difference, one that says something else is another row.
    """
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _leaves(f"{place}.{key}" if place else str(key), each)
    elif isinstance(value, list) and any(isinstance(each, Mapping) for each in value):
        for number, each in enumerate(value, 1):
            if any(isinstance(part, (Mapping, list)) for part in each.values()):
                yield from _leaves(f"{place}[{number}]", each)
            else:
                row = ", ".join(f"{k}={v}" for k, v in each.items() if v != "")
                yield f"{place} {row}".strip(), "a row"
    else:
        yield place, str(value)
