"""Which columns tell the rows of the directory's tables apart, by the tables' files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from protocols.interface import Network


def keys_by_file(networks: Iterable[Network]) -> dict[str, Sequence[str]]:
    """Return the key columns of every table that some network knows."""
    return {
        f"tables/{network.name}/{name}.csv": columns
        for network in networks
        for name, columns in network.table_keys.items()
    }
