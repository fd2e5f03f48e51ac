"""What a payer's code means: in its own words where the directory has its list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from config.errors import ConfigErrors
from config.settings import Settings
from gateway.cli import opening
from gateway.telling import labels
from protocols.catalog import Catalog
from protocols.labels import Explained
from routing.errors import GatewayError

_OURS: Final = "en"  # the lists are in the languages of the payers


def official(settings: Settings, payer: str, code: str) -> Mapping[str, str]:
    """Return the payers' words for a code by language; none where none are at hand."""
    if not payer or not code:
        return {}
    catalog = Catalog.installed()
    networks = {network.name: network for network in catalog.networks()}
    try:
        directory = opening.directory_of(settings, catalog)
        found = labels.explained(directory, networks, payer, code)
    except (ConfigErrors, GatewayError):
        return {}  # what is shown must not need a directory that can be read
    if found is None or not found.official:
        return {}
    return {
        language: words for language, words in found.label.items() if language != _OURS
    }


def explained(network: str, code: str) -> Explained | None:
    """Return what Octway itself knows of a code of a network; None if nothing."""
    catalog = Catalog.installed()
    if not code or network not in catalog.network_names:
        return None
    own = catalog.network(network).labels
    found = own.explain(code, ()) if own is not None else None
    return found if found is not None and found.known else None
