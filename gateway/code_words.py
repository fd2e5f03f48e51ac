"""What a payer's code means: in its own words where the directory has its list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from gateway.telling import labels
from protocols.interface import Network
from protocols.labels import Explained
from routing.directory import Directory

_OURS: Final = "en"  # the lists are in the languages of the payers


def official(
    networks: Mapping[str, Network], directory: Directory, payer: str, code: str
) -> Mapping[str, str]:
    """Return the payers' words for a code by language; none where none are at hand."""
    found = labels.explained(directory, networks, payer, code)
    if found is None or not found.official:
        return {}
    return {
        language: words for language, words in found.label.items() if language != _OURS
    }


def explained(
    networks: Mapping[str, Network], network: str, code: str
) -> Explained | None:
    """Return what Octway itself knows of a code of a network; None if nothing."""
    if not code or network not in networks:
        return None
    own = networks[network].labels
    found = own.explain(code, ()) if own is not None else None
    return found if found is not None and found.known else None
