"""What a payer's code means, for a command: by the directory as it is on disk."""

from __future__ import annotations

from collections.abc import Mapping

from config.errors import ConfigErrors
from config.settings import Settings
from gateway import code_words
from gateway.cli import opening
from protocols.catalog import Catalog
from protocols.labels import Explained
from routing.errors import GatewayError


def official(settings: Settings, payer: str, code: str) -> Mapping[str, str]:
    """Return the payers' words for a code by language; none where none are at hand."""
    if not payer or not code:
        return {}
    catalog = Catalog.installed()
    networks = {network.name: network for network in catalog.networks()}
    try:
        directory = opening.directory_of(settings, catalog)
    except (ConfigErrors, GatewayError):
        return {}  # what is shown must not need a directory that can be read
    return code_words.official(networks, directory, payer, code)


def explained(network: str, code: str) -> Explained | None:
    """Return what Octway itself knows of a code of a network; None if nothing."""
    networks = {each.name: each for each in Catalog.installed().networks()}
    return code_words.explained(networks, network, code)
