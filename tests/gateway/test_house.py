"""A directory is read whole or refused whole, by what its networks know of payers."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.errors import ConfigErrors
from gateway.house import read_directory
from protocols.catalog import Catalog

UNION = """
[payer]
id = "union-300"
name = "Union 300"
network = "mycarenet"
{more}

[[code]]
code = "300"
"""


def test_a_payer_of_a_network_of_one_country_must_be_there(tmp_path: Path) -> None:
    """Or French holidays would count for a Belgian union, and nobody would notice."""
    catalog = Catalog.installed()
    networks = {network.name: network for network in catalog.networks()}
    file = tmp_path / "union-300.toml"
    file.write_text(UNION.format(more=""), encoding="utf-8")
    with pytest.raises(ConfigErrors, match="payers of mycarenet are in BE"):
        read_directory(tmp_path, catalog, networks)
    home = 'country = "BE"\ntime_zone = "Europe/Brussels"'
    file.write_text(UNION.format(more=home), encoding="utf-8")
    (payer,) = read_directory(tmp_path, catalog, networks).payers
    assert payer.country == "BE"
