"""A process that deposits one file, or splits it and tells what that took.

`deposit HOUSE FILE` makes a house with one deposit and keeps its journal as
`before.db`; `split HOUSE` reads the deposit and prints seconds and bytes.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import true
from twisted.internet.defer import Deferred, maybeDeferred

from bench import memory
from bench.ingest import Nobody, open_database, open_payloads
from config.directory_records import DirectoryData
from gateway.database import Database
from gateway.garbage import leave_alone
from gateway.intake.interface import Client, Stored
from gateway.intake.receipts import ReceiptSigner
from gateway.intake.reception import Reception
from gateway.journal import clients, schema
from gateway.steps.holding import Holding
from gateway.steps.split import Split, SplitLarge
from gateway.storage.payloads import Payloads
from protocols.catalog import Catalog
from protocols.sesam import sample_maker
from routing.directory import Directory

_NOBODY = Directory(DirectoryData(payers=(), endpoints=(), tables={}, sources={}))

_BLOCK = 1 << 20
_VENDOR = Client(
    id="vendor",
    name="Vendor",
    max_file_size=0,
    max_open_uploads=0,
    max_bytes_per_second=0,
)
_MANY = 200


def deposit(house: Path, file: Path) -> None:
    """Deposit a file; nothing splits it here."""
    house.mkdir()
    database = open_database(house, _at_once)
    payloads = open_payloads(house)
    database.write(
        "client.add",
        lambda tx: clients.add(
            tx, "vendor", name="Vendor", vendor="Bench", software="Bench"
        ),
    )
    reception = _reception(database, payloads)
    upload = reception.begin(_VENDOR, "sftp", "/in/large.b2")
    with file.open("rb") as stream:
        while block := stream.read(_BLOCK):
            upload.write(upload.size, block)
    _fired(upload.close())
    database.stop()  # the last connection brings all of it into the one file
    payloads.storage.close()
    (house / "octway.db").rename(house / "before.db")


def split(house: Path) -> None:
    """Split the deposit, after a small one that warms the process up."""
    _warm_up(house / f"warm-{os.getpid()}")
    database = open_database(house, _at_once)
    database.start()
    step = _step(database, open_payloads(house), SplitLarge)
    leave_alone()  # as a node does once it has started
    idle = memory.resident()
    memory.forget_peak()
    began = time.perf_counter()
    if not step.run_once():
        raise SystemExit("there was no deposit to split")
    seconds = time.perf_counter() - began
    above = memory.peak() - idle
    claims = database.read(
        lambda connection: connection.exec_driver_sql(
            "SELECT sum(claims) FROM deposit WHERE state = 'split' AND errors = 0"
        ).scalar_one()
    )
    database.stop()
    if not claims:
        raise SystemExit("the deposit was not split")
    print(json.dumps({"seconds": seconds, "above_idle": above, "claims": int(claims)}))


def _warm_up(house: Path) -> None:
    """Split a file of 20 kB in a house of its own: a node is never quite fresh."""
    rng = random.Random(1)
    house.mkdir()
    small = house / "small.b2"
    small.write_bytes(
        sample_maker.make_file(
            rng,
            sender=sample_maker.make_sender(rng),
            lots=2,
            invoices_per_lot=13,
            day="2026-11-20",
        )
    )
    deposit(house / "house", small)
    (house / "house" / "before.db").rename(house / "house" / "octway.db")
    database = open_database(house / "house", _at_once)
    database.start()
    _step(database, open_payloads(house / "house"), Split).run_once()
    database.stop()


def _step(database: Database, payloads: Payloads, kind: type[Split]) -> Split:
    return kind(
        database=database,
        payloads=payloads,
        networks={network.name: network for network in Catalog.installed().networks()},
        directory=lambda: _NOBODY,
        entropy=os.urandom,
        worker="bench",
        lease=120.0,
        holding=Holding(
            database,
            schema.deposit,
            true(),
            worker="bench",
            lease=120.0,
            now=time.time,  # noqa: TID251 - this is the clock that others are given
        ),
    )


def _reception(database: Database, payloads: Payloads) -> Reception:
    return Reception(
        database=database,
        payloads=payloads,
        signer=ReceiptSigner(Ed25519PrivateKey.generate()),
        now=time.time,  # noqa: TID251 - this is the clock that others are given
        entropy=os.urandom,
        run_in_thread=maybeDeferred,
        observe=Nobody(),
        least_free=0,
    )


def _at_once(call: Callable[[], None]) -> None:
    call()


def _fired(deferred: Deferred[Stored]) -> None:
    found: list[object] = []
    deferred.addBoth(found.append)
    if not found or hasattr(found[0], "raiseException"):
        raise SystemExit(f"the deposit was not taken: {found}")


if __name__ == "__main__":
    if sys.argv[1] == "deposit":
        deposit(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        split(Path(sys.argv[2]))
