"""A house with endpoints, and the steps that tell them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import define, field
from sqlalchemy import select

from gateway.committing import Tx
from gateway.database import Database
from gateway.journal import schema, webhook_deliveries, webhooks
from gateway.webhooks import signature
from gateway.webhooks.deliver import Deliver, Patience
from gateway.webhooks.line import Outcome
from gateway.webhooks.tell import Tell
from tests.gateway.house import House
from tests.gateway.webhooks.receiver import Came

WAITS: Final = (5.0, 300.0, 1800.0)
GIVE_UP: Final = 5 * 86_400.0
OK: Final = Outcome(204)
BROKEN: Final = Outcome(500, "it answered 500; wanted 2xx")


@define
class Endpoints:
    """Endpoints that answer as they are told; satisfies `Calls`."""

    came: list[tuple[str, Came]] = field(factory=list)
    answers: list[Outcome] = field(factory=list)  # then good
    broken: set[str] = field(factory=set)  # addresses that always fail
    refused: set[str] = field(factory=set)  # events that always fail
    takes: Callable[[str], None] = lambda _: None  # has time go by

    def call(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        """Take a call."""
        self.came.append((url, Came(dict(headers), body)))
        self.takes(url)
        if url in self.broken or headers["webhook-id"] in self.refused:
            return BROKEN
        return self.answers.pop(0) if self.answers else OK


@define
class Counted:
    """Satisfies `DeliverObserver`."""

    outcomes: list[str] = field(factory=list)

    def webhook(self, outcome: str) -> None:
        """Note one try."""
        self.outcomes.append(outcome)


class Vendor:
    """A vendor's endpoints, and the gateway that tells them."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.endpoints = Endpoints()
        self.counted = Counted()
        self.tell = Tell(database=house.database)
        self.deliver = self.worker("w1")

    def worker(
        self, name: str, calls: Any = None, database: Database | None = None
    ) -> Deliver:
        """Make another worker of the step that delivers."""
        return Deliver(
            database=database or self.house.database,
            keys=self.house.keys,
            calls=calls or self.endpoints,
            patience=Patience(waits=WAITS, give_up=GIVE_UP, call=10.0),
            entropy=bytes,
            now=self.house.now,
            worker=name,
            lease=60.0,
            observe=self.counted,
        )

    def add(self, client: str, *kinds: str, url: str = "https://vendor.example") -> str:
        """Register an endpoint whose secret is 32 times `s`."""

        def write(tx: Tx) -> str:
            name = webhooks.new_name(tx, self.house.entropy)
            sealed = signature.seal(self.house.keys, name, b"s" * 32)
            webhooks.add(
                tx,
                name,
                client,
                url=url,
                kinds=kinds,
                description="",
                sealed=sealed,
                by="test",
            )
            return name

        return self.house.database.write("add", write)

    def work(self) -> None:
        """Run both steps until nothing is left to do."""
        while self.tell.run_once() or self.deliver.run_once():
            pass

    def told(self) -> list[str]:
        """Name the kinds of what endpoints were told, in order."""
        return [came.json()["type"] for _, came in self.endpoints.came]

    def states(self, webhook: str) -> list[str]:
        """List the states of an endpoint's deliveries, in order."""
        rows = self.house.database.read(webhook_deliveries.listed, webhook, limit=100)
        return [row.state for row in reversed(rows)]

    def row(self, webhook: str) -> Any:
        """Read an endpoint."""
        return self.house.database.read(webhooks.find, None, webhook)

    def events(self, prefix: str) -> list[str]:
        """List the kinds of the history's events that begin so, in order."""
        table = schema.event
        query = select(table.c.kind).where(table.c.kind.startswith(prefix))
        return self.house.database.read(
            lambda each: list(each.execute(query.order_by(table.c.seq)).scalars())
        )
