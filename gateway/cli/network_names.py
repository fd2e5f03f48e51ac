"""Which network a command means, where it need not be named."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.cli.refusal import WRONG_USAGE, Refusal
from protocols.catalog import Catalog
from routing.directory import Directory


def of_directory(named: str | None, catalog: Catalog, directory: Directory) -> str:
    """Return the network that was named, else the only one of the directory.

    Raises `Refusal` for one that is not installed, or when there are several.
    """
    there = sorted({payer.network for payer in directory.payers()})
    return one_of(named, catalog.network_names, there)


def one_of(named: str | None, known: Sequence[str], likely: Sequence[str]) -> str:
    """Return the network that was named, else the only likely one.

    Raises `Refusal` for one that is not `known`, or when it has to be named.
    """
    if named is not None:
        if named not in known:
            raise Refusal(
                f"there is no network {named!r} for this; wanted one of "
                f"{', '.join(known)}",
                WRONG_USAGE,
            )
        return named
    if len(likely) != 1:
        raise Refusal(
            f"it may be {' or '.join(likely or known)}: name the network with "
            "--network NAME",
            WRONG_USAGE,
        )
    return likely[0]
