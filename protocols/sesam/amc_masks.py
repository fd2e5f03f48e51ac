"""Masks of the complementary tables: a beginning, in which `?` is any character.

A mask holds for a value that begins so; where the value has ended, only `?` holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import Final, Generic, NamedTuple, TypeVar

ANY: Final = "?"
_Kept = TypeVar("_Kept")


def matches(mask: str, value: str) -> bool:
    """Say whether a value is under a mask; an empty mask holds for every value."""
    return all(
        wanted in (ANY, found)
        for wanted, found in zip_longest(mask, value[: len(mask)], fillvalue="")
    )


def covers(wide: str, narrow: str) -> bool:
    """Say whether every value under `narrow` is under `wide` too."""
    return all(
        wanted in (ANY, found)
        for wanted, found in zip_longest(wide, narrow[: len(wide)], fillvalue=ANY)
    )


def meet(one: str, other: str) -> bool:
    """Say whether some value is under both masks."""
    return all(a == b or ANY in (a, b) for a, b in zip(one, other, strict=False))


def swallows_all(mask: str) -> bool:
    """Say whether a mask holds for everything."""
    return not mask.strip(ANY)


class MaskIndex(Generic[_Kept]):
    """Things by their masks; a look-up asks for beginnings, not for every mask."""

    def __init__(self) -> None:
        self._by_beginning: dict[str, list[_Entry[_Kept]]] = {}
        self._lengths: list[int] = []  # of beginnings, in order

    def add(self, mask: str, kept: _Kept) -> None:
        """Keep a thing under a mask."""
        beginning = mask.partition(ANY)[0]
        entry = _Entry(mask, mask[len(beginning) :].rstrip(ANY), kept)
        self._by_beginning.setdefault(beginning, []).append(entry)
        if len(beginning) not in self._lengths:
            self._lengths = sorted((*self._lengths, len(beginning)))

    def under(self, value: str) -> Iterator[_Kept]:
        """Yield what is kept under masks that hold for a value, shortest fixed first."""
        for end in self._lengths:
            if end > len(value):
                break
            for entry in self._by_beginning.get(value[:end], ()):
                if not entry.rest or matches(entry.rest, value[end:]):
                    yield entry.kept

    def covering(self, narrow: str) -> Iterator[_Kept]:
        """Yield what is kept under masks that hold for all that is under another."""
        fixed = narrow.partition(ANY)[0]
        for end in self._lengths:
            if end > len(fixed):
                break
            for entry in self._by_beginning.get(fixed[:end], ()):
                if covers(entry.mask, narrow):
                    yield entry.kept

    def everything(self) -> Iterator[_Kept]:
        """Yield all that is kept."""
        for entries in self._by_beginning.values():
            for entry in entries:
                yield entry.kept


class _Entry(NamedTuple, Generic[_Kept]):
    mask: str
    rest: str  # of the mask behind its beginning, without what holds for everything
    kept: _Kept
