"""Two networks side by side: one study, one demo, and nobody hears of the other."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from config.settings import load
from gateway.house import read_directory
from gateway.journal import clients
from gateway.journal.dialect import open_engine
from gateway.simulator.demo_setup import DemoHome, prepare, write_payers
from gateway.simulator.demo_vendors import write_samples
from gateway.simulator.demo_welcome import welcome
from gateway.simulator.study_floor import beyond_remedy
from gateway.simulator.study_payers import ids_of
from gateway.simulator.study_plan import deal
from gateway.simulator.study_report import Study
from gateway.simulator.study_run import StudyOptions
from protocols.catalog import Simulated
from protocols.interface import Network
from routing.directory import Directory
from tests.gateway.simulator.study import FRENCH, faults, lived, timings
from tests.gateway.simulator.toy_network import BOTH, SIMULATED_TOY, TOY, ToySimulation
from tests.protocols.contract.simulation_contract import SimulationContract

NOW = 1_795_305_600.0
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGx1Y2t5bHVja3lsdWNreWx1Y2t5bHVja3lsdWNr"


class TestToySimulation(SimulationContract):
    """What stands for a second network here keeps the promises of one."""

    @pytest.fixture
    def network(self) -> Network:
        return TOY


def test_a_study_shares_its_claims_between_the_payers_of_both(tmp_path: Path) -> None:
    """Each payer has its part, faults of either are mended, and only the floor is left."""
    options = StudyOptions(
        claims=120,
        days=60,
        seed=12,
        faults=faults(
            lost_in_transit=0.15,
            misrouted=0.15,
            not_enrolled=0.15,
            return_lost=0.15,
            return_altered=0.1,
            never_answered=0.05,
        ),
    )
    plan = options.plan(BOTH)
    toys = {lot.fault for lot in plan.lots if lot.payer.startswith("toy")}
    found = lived(tmp_path / "run", options, tracked=True, catalog=BOTH)
    told = Study(plan=plan, timings=timings(plan), untracked=found, tracked=found)
    lacking = {lot.key for lot in plan.lots if found.answered(lot.key) < lot.claims}

    assert toys >= {"lost_in_transit", "misrouted", "return_altered", "return_lost"}
    assert set(told.to_json(0)["by_payer"]) == set(ids_of([FRENCH, SIMULATED_TOY]))
    assert lacking == beyond_remedy(plan, timings(plan))
    assert (found.imbalance, found.paid_twice) == (0, 0)


def test_a_study_of_one_network_leaves_the_other_out() -> None:
    """Only its payers are sent to."""
    asked = StudyOptions(claims=60, days=30, seed=1, faults=faults(), networks=("toy",))

    assert {lot.payer for lot in asked.plan(BOTH).lots} == {"toy-one", "toy-two"}


@pytest.fixture
def home(tmp_path: Path) -> DemoHome:
    return prepare(
        tmp_path / "demo",
        [FRENCH, SIMULATED_TOY],
        count=4,
        seed=1,
        now=lambda: NOW,
        entropy=os.urandom,
    )


def test_a_demo_has_software_of_both_at_both_doors(home: DemoHome) -> None:
    """Senders are noted in their own network; settings say who we are in each."""
    engine = open_engine(home.settings.database.url, write=False, connections=1)
    with engine.connect() as connection:
        noted = {
            (account.id, row.network)
            for account in (*home.vendors, home.visitor)
            for row in clients.senders(connection, account.id)
        }
    engine.dispose()

    assert {(each.networks, each.channel) for each in home.vendors} == {
        (("sesam",), "sftp"),
        (("sesam",), "https"),
        (("toy",), "sftp"),
        (("toy",), "https"),
    }
    assert home.visitor.networks == ("sesam", "toy")
    assert noted == {
        (each.id, network)
        for each in (*home.vendors, home.visitor)
        for network in each.networks
    }
    assert set(load(home.config, {}).network) == {"sesam", "toy"}


def test_a_demos_directory_has_the_payers_of_both(home: DemoHome) -> None:
    """All of them are reached at one host, and answer by the demo's seconds."""
    write_payers(home, where="127.0.0.1:4022", host_key=KEY, hosts={})
    networks = {network.name: network for network in BOTH.networks()}
    directory = Directory(read_directory(home.settings.directory.path, BOTH, networks))
    payers = {(payer.network, payer.id) for payer in directory.payers()}

    assert payers == {(each.network, each.id) for each in home.payers}
    assert ("toy", "toy-one") in payers
    assert {network for network, _ in payers} == {"sesam", "toy"}


def test_a_visitor_has_a_sample_of_each(home: DemoHome) -> None:
    """It is told where the returns of each will be."""
    places = dict.fromkeys(("sftp", "https", "operations"), "127.0.0.1:4122")
    samples = write_samples(home, Random(1), lambda: NOW)
    text = "\n".join(welcome(home, places, samples))

    assert [path.name for path in samples] == ["sample.b2", "sample.toy"]
    assert "ls out/sesam" in text
    assert "ls out/toy" in text
    for path, of in zip(samples, home.simulated, strict=True):
        assert of.network.recognise(path.read_bytes()[:4096]) is not None


class Steady(ToySimulation):
    """A network whose codes never end, and whose payers spoil no numbers."""

    merges = False
    alterations: Sequence[str] = ()


def test_what_cannot_happen_in_a_network_happens_in_the_other() -> None:
    """Faults that a network does not know hit its neighbours, or nobody."""
    mix = faults(misrouted=0.1, return_altered=0.1, return_lost=0.1)
    steady = Simulated(TOY, Steady())
    both = deal([FRENCH, steady], claims=2000, days=60, seed=1, faults=mix)
    alone = deal([steady], claims=2000, days=60, seed=1, faults=mix)
    shares = [
        {
            name: round(
                sum(lot.claims for lot in plan.lots if lot.fault == name) / 2000, 2
            )
            for name in ("misrouted", "return_altered", "return_lost")
        }
        for plan in (both, alone)
    ]

    assert shares == [
        {"misrouted": 0.1, "return_altered": 0.1, "return_lost": 0.1},
        {"misrouted": 0.0, "return_altered": 0.0, "return_lost": 0.1},
    ]
    assert {lot.payer for lot in both.lots if lot.fault == "misrouted"} <= set(
        ids_of([FRENCH])
    )
