"""What differs between two versions of the payer directory, in lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from types import MappingProxyType
from typing import Any, Final, NamedTuple

ADDED: Final = "added"
REMOVED: Final = "removed"
CHANGED: Final = "changed"
_PLACE: Final = "row"  # the column that tells where a row stood when it was imported


class Difference(NamedTuple):
    """One difference; `key` is empty for a whole file, texts are as in the file."""

    file: str
    key: str
    what: str
    before: str
    after: str


def differences(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    keys: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> Iterator[Difference]:
    """Yield what differs between two `DirectoryData.sources`, file by file.

    `keys` names, for a table's file, the columns that tell its rows apart: a row whose
    other columns changed is one difference, by what changed.  Where a row stands in
    its table, or in the one that it was imported from, is none.
    """
    for file in sorted({*before, *after}):
        if file not in after:
            yield Difference(file, "", REMOVED, "", "")
        elif file not in before:
            yield Difference(file, "", ADDED, "", "")
        else:
            key = keys.get(file)
            if key is not None and isinstance(after[file], list):
                yield from _of_table(file, before[file], after[file], key)
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


def _of_table(
    file: str,
    before: Sequence[Mapping[str, str]],
    after: Sequence[Mapping[str, str]],
    key: Sequence[str],
) -> Iterator[Difference]:
    """Yield rows that came and went, and of those that stayed what changed.

    Rows that share a key are compared in the order of what they say.
    """
    old, new = _by_key(before, key), _by_key(after, key)
    for name in sorted({*old, *new}):
        gone = [row for row in old.get(name, ()) if row not in new.get(name, ())]
        come = [row for row in new.get(name, ()) if row not in old.get(name, ())]
        for was, now in zip_longest(gone, come):
            if was is None or now is None:
                what = ADDED if was is None else REMOVED
                told = _told(now or was or {}, key)
                yield Difference(
                    file, name, what, "" if was is None else told, told if now else ""
                )
                continue
            for column in sorted({*was, *now}):
                one, other = was.get(column, ""), now.get(column, "")
                if one != other:
                    yield Difference(file, f"{name}: {column}", CHANGED, one, other)


def _by_key(
    rows: Sequence[Mapping[str, str]], key: Sequence[str]
) -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        name = ", ".join(f"{k}={row[k]}" for k in key if row.get(k))
        said = {k: v for k, v in row.items() if k != _PLACE and v != ""}
        found.setdefault(name, []).append(said)
    return {name: sorted(of, key=_said) for name, of in found.items()}


def _said(row: dict[str, str]) -> list[tuple[str, str]]:
    return sorted(row.items())


def _told(row: Mapping[str, str], key: Sequence[str]) -> str:
    """Say what a row says besides its key."""
    return ", ".join(f"{k}={v}" for k, v in row.items() if k not in key) or "a row"


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
