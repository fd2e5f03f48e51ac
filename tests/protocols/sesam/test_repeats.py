"""Repeated numbers are found, all of them and nothing else."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from protocols.sesam.repeats import Repeats


@given(st.lists(st.lists(st.integers(0, 300), max_size=40), max_size=12))
def test_a_number_is_repeated_when_it_came_before(chunks: list[list[int]]) -> None:
    """In any order, within one call or across calls, the second time is found."""
    repeats = Repeats(bits=4)
    seen: set[int] = set()

    for chunk in chunks:
        found = repeats.find(np.array(chunk, np.uint64)).tolist()
        for number, again in zip(chunk, found, strict=True):
            assert again == (number in seen)
            seen.add(number)


def test_rising_numbers_are_remembered_too() -> None:
    """The usual file, whose numbers only rise, still finds a later repetition."""
    repeats = Repeats(bits=10)
    for start in range(0, 5000, 100):
        assert not repeats.find(np.arange(start, start + 100, dtype=np.uint64)).any()

    found = repeats.find(np.array([7, 9_999, 4_321], np.uint64))

    assert found.tolist() == [True, False, True]
