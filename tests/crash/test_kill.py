"""The node is killed again and again; nothing that it acknowledged is lost."""

from __future__ import annotations

import contextlib
import random
import signal
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import paramiko
import pytest

from protocols.sesam.payer_simulator import Caisse, Faults
from protocols.sesam.sample_maker import FundFacts, make_file, make_sender
from tests.system.openssh_payer import make_key
from tests.system.site import Site

pytestmark = [pytest.mark.system, pytest.mark.crash]
ROUNDS = 6
FUND = FundFacts(regime="01", fund="995", organism="995", computer_centre="000")
PAYER = """
[payer]
id = "caisse"
name = "A payer in a folder"
network = "sesam"
country = "FR"
time_zone = "Europe/Paris"
[[code]]
code = "01995"
[rules]
regime = "01"
organism = "995"
centre = "000"
[gather]
max_lots = 3
[delivery.retry]
first = "1s"
factor = 1
max = "1s"
give_up_after = "1h"
[[expects]]
kind = "payment"
level = "claim"
within = "7 working days"
grace = "5 working days"
[endpoint]
channel = "folder"
[endpoint.settings]
send_folder = "{folder}/in"
collect_folder = "{folder}/out"
keeps_files = true
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path / "site")
    for name in ("in", "out"):
        (tmp_path / "payer" / name).mkdir(parents=True)
    text = PAYER.format(folder=tmp_path / "payer")
    (made.folder / "payers" / "caisse.toml").write_text(text)
    make_key(tmp_path / "vendor")
    made.octway(
        "client", "add", "alpha", "--key", str(tmp_path / "vendor.pub"),
        "-c", str(made.config),
    )  # fmt: skip
    yield made
    made.stop(signal.SIGKILL)


class Vendor(threading.Thread):
    """Uploads one file after another until the line breaks; notes what was taken."""

    def __init__(self, site: Site, key: Path, files: Iterator[bytes]) -> None:
        super().__init__(daemon=True)
        self._where = site.where["sftp"]
        self._key = paramiko.Ed25519Key.from_private_key_file(str(key))
        self._files = files
        self.acknowledged: list[bytes] = []

    def run(self) -> None:
        with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
            self._upload()

    def _upload(self) -> None:
        with paramiko.Transport(self._where) as transport:
            transport.connect(username="alpha", pkey=self._key)
            client = paramiko.SFTPClient.from_transport(transport)
            assert client is not None
            for number, content in enumerate(self._files):
                file = client.open(f"/in/{number}.b2", "wb")
                file.write(content)
                file.close()
                self.acknowledged.append(content)


def b2_files(rng: random.Random) -> Iterator[bytes]:
    while True:
        yield make_file(
            rng,
            sender=make_sender(rng),
            lots=1,
            invoices_per_lot=2,
            day="2026-11-20",
            fund=FUND,
        )


def read(site: Site, query: str) -> list[tuple[object, ...]]:
    with contextlib.closing(
        sqlite3.connect(site.folder / "data" / "octway.db")
    ) as journal:
        return journal.execute(query).fetchall()


def wait_for(site: Site, query: str, wanted: int, seconds: float) -> None:
    """Wait until a query counts what is wanted."""
    end = time.monotonic() + seconds
    while (found := read(site, query)) != [(wanted,)]:
        assert time.monotonic() < end, f"{query}: {found}, wanted {wanted}"
        time.sleep(0.2)


def test_nothing_acknowledged_is_lost_and_nothing_is_sent_twice_by_guessing(
    site: Site, tmp_path: Path
) -> None:
    """Killed at any moment, the node goes on where it was: all in, all out, once."""
    rng = random.Random(11)
    files = b2_files(rng)
    acknowledged: list[bytes] = []
    caisse, answered = Caisse(faults=Faults()), set[str]()
    payer = tmp_path / "payer"
    for _ in range(ROUNDS):
        site.start()
        vendor = Vendor(site, tmp_path / "vendor", files)
        vendor.start()
        time.sleep(rng.uniform(0.3, 1.6))
        site.stop(signal.SIGKILL)
        vendor.join(timeout=30)
        acknowledged += vendor.acknowledged
        for file in sorted((payer / "in").glob("*.b2")):
            if file.name not in answered:
                answered.add(file.name)
                for back in caisse.respond(
                    file.read_bytes(), rng=rng, day="2026-11-21"
                ):
                    (payer / "out" / back.name).write_bytes(back.content)
    site.start()
    assert len(acknowledged) > ROUNDS

    lots = read(site, "SELECT count(*) FROM deposit")[0][0]
    assert isinstance(lots, int)
    assert lots >= len(acknowledged)  # one in flight may be in, and was not answered
    wait_for(site, "SELECT count(*) FROM dispatch_lot", lots, 60)
    wait_for(
        site,
        "SELECT count(*) FROM dispatch WHERE state NOT IN ('sent', 'answered')",
        0,
        60,
    )
    wait_for(
        site,
        "SELECT count(*) FROM payer_return WHERE state != 'matched'",
        0,
        60,
    )
    assert site.stop() == 0

    delivered = [file.read_bytes() for file in sorted((payer / "in").glob("*.b2"))]
    everything = b"".join(delivered)
    for content in acknowledged:
        assert everything.count(content[128:-128]) == 1
    sent = read(site, "SELECT count(*), count(DISTINCT number) FROM dispatch")
    assert sent == [(len(delivered), len(delivered))]
    site.octway("verify", "-c", str(site.config))
    assert site.errors() == []
