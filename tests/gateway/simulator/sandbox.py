"""An installation with a test client and a real one, whose clock only the test moves."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any, Final

from sqlalchemy import Connection, Table, select

from gateway.journal import clients
from protocols.simulation import Order, Sender, Simulation
from tests.gateway.cli.installation import DAY, Installation, Said

CODES: Final = {"sesam": "01990", "mycarenet": "300"}
TEST, REAL = "acme-test", "acme"
_UNION_OWES: Final = """
[[expects]]
kind = "receipt"
level = "lot"
within = "1 working days"
grace = "1 working days"

[[expects]]
kind = "settlement"
level = "claim"
within = "10 working days"
grace = "2 working days"
"""


class SandboxSite:
    """Vendors' files whose one invoice chooses by its number what happens to it."""

    def __init__(self, folder: Path, made: Said | None = None) -> None:
        self.at = Installation(folder, made)
        self.at.durable = False
        self.at.add_union()
        union = folder / "payers" / "union-300.toml"
        union.write_text(union.read_text() + _UNION_OWES)
        self.made = 0
        for name in (TEST, REAL):
            self.open(name, test=name == TEST)

    def open(self, name: str, *, test: bool) -> None:
        """Open an account."""
        self.at.house.database.write(
            "client",
            lambda tx: clients.add(
                tx, name, name=name, vendor="Acme", software="Desk 1", test=test
            ),
        )

    def simulation(self, network: str) -> Simulation:
        """Return a network's simulation, which makes vendors' files."""
        found = self.at.house.networks[network].simulation
        assert found is not None
        return found

    def sender(self, network: str) -> Sender:
        """Invent the one sender of all files."""
        return self.simulation(network).sender(Random(3))

    def bill(self, network: str, ending: str = "001") -> bytes:
        """Make a file of one lot with one invoice, whose number ends so."""
        self.made += 1
        simulation = self.simulation(network)
        return simulation.bill(
            Random(self.made),
            Order(
                sender=self.sender(network),
                code=CODES[network],
                rules=simulation.rules(CODES[network]),
                lots=1,
                claims=1,
                day=DAY,
                file=self.made,
                first_lot=self.made,
                first_claim=(100 + self.made) * 1000 + int(ending),
            ),
        )

    def deposit(self, content: bytes, client: str = TEST) -> str:
        """Give a file to the gateway; return the deposit's id."""
        self.at.time += 0.01
        return self.at.deposit(f"file-{self.made}", content, client).deposit

    def live(self, seconds: float, step: float = 60.0) -> None:
        """Let time pass, with every step working all the while."""
        until = self.at.time + seconds
        while self.at.time < until:
            self.at.work()
            self.at.time += step
        self.at.work()

    def rows(self, table: Table, *conditions: Any) -> list[Any]:
        """Read rows of a table."""
        query = select(table).where(*conditions).order_by(*table.primary_key)

        def read(connection: Connection) -> list[Any]:
            return list(connection.execute(query))

        return self.at.house.database.read(read)

    def restart(self) -> None:
        """End the program and start another one on the same journal."""
        self.at.restart()
