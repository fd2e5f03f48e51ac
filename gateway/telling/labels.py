"""What a payer's code means, in its own words where the directory has its list."""

from __future__ import annotations

from collections.abc import Mapping

from protocols.interface import Network
from protocols.labels import Explained
from routing.directory import Directory
from routing.errors import NoRoute


def explained(
    directory: Directory, networks: Mapping[str, Network], payer: str, code: str
) -> Explained | None:
    """Explain a code of a payer; None where nothing is known of it."""
    try:
        name = directory.payer(payer).network
    except NoRoute:
        return None
    labels = networks[name].labels if code and name in networks else None
    if labels is None:
        return None
    found = labels.explain(code, directory.table(name, labels.table))
    return found if found.known else None


def words_of(found: Explained, language: str) -> tuple[str, str]:
    """Return the words of a code and their language: the one wanted, else English."""
    told = language if language in found.label else "en"
    return found.label[told], told
