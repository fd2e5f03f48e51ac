"""What a node does by itself costs what is under way, however much lies behind it.

SQLite is asked how it would run each statement that a node said: none may go through a
whole table that grows with the years.  PostgreSQL has the same indexes, and chooses by
how much there is.
"""

from __future__ import annotations

import re
from typing import Final

import pytest
from sqlalchemy import Connection, event

from gateway.gauging import Gauging
from gateway.journal import ledger_rounds, parts, schema, work
from gateway.journal.snapshot import OVER
from tests.gateway.furnished import break_books, split
from tests.gateway.house import House
from tests.gateway.journal.test_snapshot import deposit, house
from tests.gateway.steps import toy
from tests.gateway.steps.site import Site

__all__ = ["house"]

_FEW: Final = (
    frozenset(  # as many rows as there are accounts, payers, nodes, cut uploads
        [
            *("circuit", "client", "client_key", "cohort", "directory_pin"),
            *("directory_version", "event_chain", "lease", "receipt_mark", "sender"),
            *("staff", "upload", "webhook", "webhook_place"),
        ]
    )
)
_GROWING: Final = schema.metadata.tables.keys() - _FEW
_SCAN: Final = re.compile(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?")
_OF_SOME: Final = {  # indexes of a part of their table
    index.name
    for table in schema.metadata.sorted_tables
    for index in table.indexes
    if index.dialect_options["sqlite"]["where"] is not None
}


def test_nothing_that_grows_is_gone_through_whole() -> None:
    """What a start does, each step, and what is counted: none scans what is done with."""
    site, said = Site("sqlite"), list[str]()
    for engine in (site.writer, site.reader):
        event.listen(
            engine, "connect", lambda driver, _: driver.set_trace_callback(said.append)
        )
    try:
        _live(site)
        database = site.gateway.database
        database.write("start", work.abandon_all, "node-1")
        database.read(parts.all_ids)
        directory = site.directory
        for _ in range(2):
            Gauging(database, directory, site.now, lambda: 0.0).take()
        scans = database.read(_scans, said)
    finally:
        site.close()
    assert len(said) > 100
    assert scans == {}


def _live(site: Site) -> None:
    """Have claims paid, others become late and missing, and every step run."""
    site.client("alpha")
    site.deposit(toy.deposit("S1", "001 P1: 1=1000 2=2000", "002 P2: 3=500"))
    site.run()
    (file,) = site.payer("P1").files().values()
    site.payer("P1").answer("arl", toy.acknowledge(file))
    site.payer("P1").answer("pay", toy.pay(file))
    site.run()
    for _ in range(4):
        site.at += 20 * 86_400.0
        for step in site.gateway.steps.in_order():
            step.run_once()


def _scans(connection: Connection, said: list[str]) -> dict[str, str]:
    """Map the plans that go through a growing table to a statement that wants it.

    What is over is counted by going through it: a node then rests sixty times as long.
    """
    found = {}
    for statement in dict.fromkeys(said):
        if OVER in statement:
            continue
        if statement.startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}")
            for row in plan.all():
                scan = _SCAN.match(row.detail)
                if scan and scan[1] in _GROWING and scan[2] not in _OF_SOME:
                    found[row.detail] = statement
    return found


def test_every_lot_has_its_turn_in_the_look_at_the_books(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lot that disagrees is told when its turn comes, and until it is mended."""
    monkeypatch.setattr(ledger_rounds, "_LOTS", 2)
    lots = split(house, "alpha", deposit(house), [1, 1, 1, 1, 3])
    break_books(house, lots[-1])
    seen = look = house.database.read(ledger_rounds.look, None)
    told = [look.imbalance]
    for _ in range(4):
        look = house.database.read(ledger_rounds.look, look)
        told.append(look.imbalance)
    assert told == [0, 0, 6006, 6006, 6006]
    break_books(house, lots[-1], back=True)
    assert house.database.read(ledger_rounds.look, look).imbalance == 0
    assert seen.lot == lots[1]


def test_what_has_moved_is_looked_at_at_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lot of which a move was written is looked at whatever the round is at."""
    monkeypatch.setattr(ledger_rounds, "_LOTS", 1)
    look = house.database.read(ledger_rounds.look, None)
    split(house, "alpha", deposit(house), [1, 1])
    (last,) = split(house, "alpha", deposit(house, b"y"), [3])
    break_books(house, last)
    assert house.database.read(ledger_rounds.look, look).imbalance == 6006
