"""The tree of a day's root (RFC 6962): one hash over many, and the way of each to it.

A leaf is hashed behind a byte 0 and two hashes behind a byte 1, so that neither can
be taken for the other.  A hash without a neighbour goes up as it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final

LEFT: Final = "left"
RIGHT: Final = "right"

Path = Sequence[tuple[str, str]]
"""From a leaf upwards: the side on which the neighbour stands, and its hash in hex."""


def tree(leaves: Sequence[str]) -> tuple[str, list[Path]]:
    """Return the root over hashes in hex, and the path of each to it.

    The root of nothing is the SHA-256 of nothing.
    """
    if not leaves:
        return hashlib.sha256().hexdigest(), []
    level = [_leaf(each) for each in leaves]
    paths: list[list[tuple[str, str]]] = [[] for _ in leaves]
    below: list[list[int]] = [[at] for at in range(len(leaves))]  # leaves under each
    while len(level) > 1:
        above, under = [], []
        for at in range(0, len(level) - 1, 2):
            left, right = level[at : at + 2]
            for leaf in below[at]:
                paths[leaf].append((RIGHT, right.hex()))
            for leaf in below[at + 1]:
                paths[leaf].append((LEFT, left.hex()))
            above.append(_node(left, right))
            under.append(below[at] + below[at + 1])
        if len(level) % 2:
            above.append(level[-1])
            under.append(below[-1])
        level, below = above, under
    return level[0].hex(), list(paths)


def root_of(leaf: str, path: Iterable[tuple[str, str]]) -> str:
    """Return the root that a path leads to; raises `ValueError` for what is no path."""
    found = _leaf(leaf)
    for side, neighbour in path:
        other = bytes.fromhex(neighbour)
        if side not in {LEFT, RIGHT} or len(other) != len(found):
            raise ValueError(f"{side} {neighbour} is no step of a path")
        found = _node(other, found) if side == LEFT else _node(found, other)
    return found.hex()


def _leaf(entry: str) -> bytes:
    return hashlib.sha256(b"\0" + bytes.fromhex(entry)).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()
