"""The French network keeps what every network promises, its simulation too."""

from __future__ import annotations

import pytest

from protocols.interface import Network
from protocols.sesam.network import SESAM
from tests.protocols.contract.network_contract import NetworkContract
from tests.protocols.contract.simulation_contract import SimulationContract


@pytest.fixture
def network() -> Network:
    return SESAM


@pytest.fixture
def code() -> str:
    return "01751"


class TestSesam(NetworkContract):
    pass


class TestSesamSimulation(SimulationContract):
    pass


def test_every_format_that_it_reads_has_a_title() -> None:
    """What `octway inspect` may meet of this network is put into words."""
    assert set(SESAM.titles) == {
        "sesam.b2",
        "sesam.noemie",
        "sesam.b2-return",
        "sesam.arl-simulated",
        "sesam.attachment-arl-simulated",
    }


def test_the_table_of_funds_becomes_payers() -> None:
    """Each fund of a national table has a file that the directory takes."""
    row = ";".join(["01", "123", "0000", "Caisse", "", "123", "036", *[""] * 7])
    found = SESAM.importers["destinations"](row.encode())

    assert (found.rows, found.problems) == (1, ())
    assert [each.code for each in found.payers] == ["01123"]
    assert 'id = "sesam-01123"' in found.payers[0].text
