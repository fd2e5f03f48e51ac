"""What a payer's code means: in its own words where the directory has its list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from protocols.interface import Network
from protocols.labels import Explained
from routing.directory import Directory
from routing.errors import GatewayError

_OURS: Final = "en"  # the lists are in the languages of the payers


def official(
    networks: Mapping[str, Network], directory: Directory, payer: str, code: str
) -> Mapping[str, str]:
    """Return the payers' words for a code by language; none where none are at hand."""
    if not payer or not code:
        return {}
    try:
        name = directory.payer(payer).network
        labels = networks[name].labels
    except (GatewayError, KeyError):
        return {}
    if labels is None:
        return {}
    found = labels.explain(code, directory.table(name, labels.table))
    if not found.official:
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
    labels = networks[network].labels
    found = labels.explain(code, ()) if labels is not None else None
    return found if found is not None and found.known else None
