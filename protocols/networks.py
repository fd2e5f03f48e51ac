"""The installed networks by name, and their twins in the sandboxes of test clients.

A twin has the formats and rules of its network, and another name: whatever is kept or
looked up by network is kept apart for each test client.  Twins are found and not listed.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from protocols.interface import Network
from routing import sandbox

T = TypeVar("T")


class ByNetwork(Mapping[str, T]):
    """Things by network; a twin has what its network has."""

    def __init__(self, real: Mapping[str, T]) -> None:
        self._real = real

    def __getitem__(self, name: str) -> T:
        return self._real[sandbox.base(name)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._real)

    def __len__(self) -> int:
        return len(self._real)


class Networks(ByNetwork[Network]):
    """Networks by name; iterating yields the real ones only."""

    def __init__(self, networks: Iterable[Network]) -> None:
        super().__init__({network.name: network for network in networks})
        self._twins: dict[str, Network] = {}

    def __getitem__(self, name: str) -> Network:
        if sandbox.read(name) is None:
            return super().__getitem__(name)
        if name not in self._twins:
            twin = copy.copy(super().__getitem__(name))
            twin.name = name
            self._twins[name] = twin
        return self._twins[name]
