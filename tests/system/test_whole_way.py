"""The whole way of a claim with real processes: vendor, gateway, OpenSSH payer, vendor."""

from __future__ import annotations

import json
import random
import shutil
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import paramiko
import pytest

from protocols.sesam.payer_simulator import Caisse, Faults
from protocols.sesam.sample_maker import FundFacts, make_file, make_sender
from tests.system.openssh_payer import OpenSshPayer, make_key
from tests.system.prometheus import Prometheus
from tests.system.site import Site
from tests.test_deploy import PANELS, prepared

pytestmark = pytest.mark.system
T = TypeVar("T")
ALWAYS_DRAWN = {  # what a node says before anything has come
    "Nodes that answer",
    "Books disagree by",
    "Late",
    "Missing",
    "Anomalies open",
    "Connections open",
    "Room for stored files",
    "Transactions that wait",
    "Certificate ends in",
    "Versions",
    "Notifications and webhooks",
}
FUND = FundFacts(regime="01", fund="995", organism="995", computer_centre="000")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("way")


@pytest.fixture(scope="module")
def payer(folder: Path) -> Iterator[OpenSshPayer]:
    folder = folder / "payer"
    folder.mkdir()
    server = OpenSshPayer(folder)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def site(folder: Path, payer: OpenSshPayer) -> Iterator[Site]:
    made = Site(folder / "site")
    made.payer(payer, "caisse-openssh", "01995")
    make_key(folder / "vendor")
    made.octway(
        "client", "add", "alpha", "--key", str(folder / "vendor.pub"),
        "-c", str(made.config),
    )  # fmt: skip
    made.start()
    yield made
    made.stop()


@pytest.fixture
def vendor(folder: Path, site: Site) -> Iterator[paramiko.SFTPClient]:
    key = paramiko.Ed25519Key.from_private_key_file(str(folder / "vendor"))
    with paramiko.Transport(site.where["sftp"]) as transport:
        transport.connect(username="alpha", pkey=key)
        client = paramiko.SFTPClient.from_transport(transport)
        assert client is not None
        yield client


def until(look: Callable[[], T | None], seconds: float = 30.0) -> T:
    """Wait until something is there."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.1)
    return found


def delivered(payer: OpenSshPayer, lots: bytes) -> Path | None:
    """Find the file at the payer's that holds these lots under its final name."""
    for file in (payer.folder / "in").iterdir():
        if file.suffix != ".tmp" and lots in file.read_bytes():
            return file
    return None


def answer(payer: OpenSshPayer, file: Path) -> None:
    """Play the fund: read the file, and put what it answers into the outbox."""
    rng = random.Random(3)
    caisse = Caisse(faults=Faults())
    for made in caisse.respond(file.read_bytes(), rng=rng, day="2026-11-21"):
        partial = payer.folder / "out" / (made.name + ".tmp")
        partial.write_bytes(made.content)
        partial.rename(payer.folder / "out" / made.name)


def test_from_a_vendor_to_an_openssh_payer_and_back(
    site: Site, payer: OpenSshPayer, vendor: paramiko.SFTPClient, tmp_path: Path
) -> None:
    """An upload reaches the payer's server, and its payments come back to the vendor."""
    rng = random.Random(7)
    content = make_file(
        rng,
        sender=make_sender(rng),
        lots=2,
        invoices_per_lot=3,
        day="2026-11-20",
        fund=FUND,
    )
    local = tmp_path / "facture.b2"
    local.write_bytes(content)
    vendor.put(str(local), "/in/facture.b2")  # paramiko checks the size afterwards

    file = until(lambda: delivered(payer, content[128:-128]))
    assert file.read_bytes()[128:-128] == content[128:-128]  # the lots, untouched
    answer(payer, file)

    names = until(lambda: [n for n in vendor.listdir("/out/sesam") if "noemie" in n])
    with vendor.open(f"/out/sesam/{names[0]}") as file_back:
        given = file_back.read()
    assert given[:3] == b"000"
    vendor.remove(f"/out/sesam/{names[0]}")
    assert names[0] not in vendor.listdir("/out/sesam")
    assert list((payer.folder / "out").iterdir()) == []  # collected, then removed

    trace = json.dumps(site.facts("trace", "facture.b2"))
    assert "caisse-openssh" in trace
    site.octway("verify", "-c", str(site.config))
    assert site.errors() == []


def test_readiness_and_metrics_are_served(site: Site) -> None:
    """An operator sees that the node takes work, and what it counts."""
    host, port = site.where["operations"]

    def fetch(path: str) -> str:
        with urllib.request.urlopen(f"http://{host}:{port}{path}", timeout=10) as page:
            return str(page.read().decode())

    assert json.loads(fetch("/readyz"))["ready"] is True
    assert "octway_ledger_imbalance 0.0" in fetch("/metrics")


@pytest.mark.skipif(
    shutil.which("prometheus") is None,
    reason="prometheus is not installed here (Debian: prometheus)",
)
def test_prometheus_works_with_what_is_shipped(site: Site, tmp_path: Path) -> None:
    """It scrapes, evaluates every rule, and answers every question of the dashboard."""
    host, port = site.where["operations"]
    prometheus = Prometheus(tmp_path, f"{host}:{port}")
    try:
        until(lambda: prometheus.listens)
        until(lambda: prometheus.query('octway_ledger_imbalance{job="octway"}'))
        until(lambda: {each["health"] for each in prometheus.rules()} == {"ok"})
        drawn = {
            panel["title"]
            for panel in PANELS
            for each in panel["targets"]
            if prometheus.query(prepared(each["expr"]))
        }
        states = {each["name"]: each.get("state") for each in prometheus.rules()}
    finally:
        prometheus.stop()
    assert ALWAYS_DRAWN - drawn == set()
    assert states["OctwayDown"] == states["OctwayLedgerImbalance"] == "inactive"


def test_a_payer_that_is_down_gets_its_files_when_it_is_back(
    site: Site, payer: OpenSshPayer, vendor: paramiko.SFTPClient
) -> None:
    """An outage delays a dispatch and loses nothing."""
    payer.stop()
    rng = random.Random(8)
    content = make_file(
        rng,
        sender=make_sender(rng),
        lots=1,
        invoices_per_lot=2,
        day="2026-11-20",
        fund=FUND,
    )
    with vendor.open("/in/a.b2", "wb") as file:
        file.write(content)
    until(lambda: "payer-unavailable" in json.dumps(site.facts("trace", "a.b2")))
    assert delivered(payer, content[128:-128]) is None

    payer.start()

    until(lambda: delivered(payer, content[128:-128]), seconds=90)
