"""Finds numbers that were seen before, among millions, without a set of them.

A bitmap answers "surely new" for nearly all; only what it cannot tell is
looked up in sorted arrays, which are merged when they reach the same size.
Eight bytes a number, so the invoices of a gigabyte take some megabytes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]
_SPREAD = np.uint64(0x9E3779B97F4A7C15)  # the golden ratio: neighbours part


class Repeats:
    """Remembers keys; `bits` is the logarithm of the bitmap's size.

    There is no bitmap while each call's keys are greater than all before.
    """

    def __init__(self, *, bits: int) -> None:
        self._shift = np.uint64(64 - bits)
        self._size = 1 << bits
        self._marks: NDArray[np.bool_] | None = None
        self._runs: list[Keys] = []
        self._highest = -1

    def find(self, keys: Keys) -> NDArray[np.bool_]:
        """Say of each key whether it came before, here or in an earlier call."""
        again = np.zeros(len(keys), np.bool_)
        if not len(keys):
            return again
        ordered = keys
        if not (keys[1:] > keys[:-1]).all():
            ordered = np.sort(keys)
            if (ordered[1:] == ordered[:-1]).any():
                again[:] = True
                again[np.unique(keys, return_index=True)[1]] = False
        if int(ordered[0]) <= self._highest:
            marks = self._marked()
            self._look_up(keys, np.flatnonzero(marks[self._places(keys)]), again)
        if self._marks is not None:
            self._marks[self._places(ordered)] = True
        self._runs.append(ordered)
        self._highest = max(self._highest, int(ordered[-1]))
        return again

    def _places(self, keys: Keys) -> NDArray[np.int64]:
        return ((keys * _SPREAD) >> self._shift).view(np.int64)

    def _marked(self) -> NDArray[np.bool_]:
        """Return the bitmap; it is made when it is needed first."""
        if self._marks is None:
            self._marks = np.zeros(self._size, np.bool_)
            for run in self._runs:
                self._marks[self._places(run)] = True
        return self._marks

    def _look_up(
        self, keys: Keys, maybe: NDArray[np.intp], again: NDArray[np.bool_]
    ) -> None:
        if not len(maybe):
            return
        self._merge()
        for run in self._runs:
            spots = np.minimum(np.searchsorted(run, keys[maybe]), len(run) - 1)
            again[maybe] |= run[spots] == keys[maybe]

    def _merge(self) -> None:
        """Join runs so that each is more than twice as long as the next."""
        merged: list[Keys] = []
        for run in self._runs:
            longer = run
            while merged and len(merged[-1]) <= 2 * len(longer):
                longer = np.sort(np.concatenate((merged.pop(), longer)))
            merged.append(longer)
        self._runs = merged
