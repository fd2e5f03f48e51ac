"""What the gauges say of the journal, on both engines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import delete

from gateway.journal import (
    anomalies,
    clients,
    expectations,
    ledger_check,
    schema,
    snapshot,
)
from gateway.journal.expectations import Came
from gateway.metrics import Metrics
from routing.envelope import Level
from routing.ledger import Account, Balance
from tests.engines import ENGINES, drop_database, new_database
from tests.gateway.furnished import break_books, owes, send, split
from tests.gateway.house import House
from tests.gateway.journal.desk import NO_PAYERS

_DAY = 86_400


@pytest.fixture(params=ENGINES)
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    """A house on each engine."""
    url = new_database(request.param, tmp_path)
    made = House(url)
    try:
        yield made
    finally:
        made.close()
        drop_database(url)


def deposit(house: House, content: bytes = b"x") -> str:
    if house.database.read(clients.find, "alpha") is None:
        house.client("alpha")
    return house.deposit(house.limits("alpha"), "a.b2", content).deposit


def test_books_balance_along_the_way(house: House) -> None:
    """Claims split, routed and handed over stand where the moves led them."""
    first, _second = split(house, "alpha", deposit(house), [3, 2])
    send(house, [first], [owes(house, 1)])

    stand = house.database.read(ledger_check.balances)
    assert stand == {
        Account.DISPATCHED: Balance(3, 3000),
        Account.RECEIVED: Balance(2, 2000),
    }
    assert house.database.read(ledger_check.moved) == stand
    assert house.database.read(ledger_check.imbalance) == 0


def test_books_that_disagree_are_told(house: House) -> None:
    """Claims that changed account without a move show in the imbalance, cents too."""
    (only,) = split(house, "alpha", deposit(house), [3])
    break_books(house, only)

    found = ledger_check.differences(
        house.database.read(ledger_check.balances),
        house.database.read(ledger_check.moved),
    )
    assert found == {
        Account.PAID: Balance(3, 3000),
        Account.RECEIVED: Balance(-3, -3000),
    }
    assert house.database.read(ledger_check.imbalance) == 6006


def test_lost_claims_are_told(house: House) -> None:
    """A claim that vanished from the journal is missed by the books."""
    (only,) = split(house, "alpha", deposit(house), [3])
    table = schema.claim
    gone = delete(table).where(table.c.lot_id == only, table.c.seq == 2)
    house.database.write("lose", lambda tx: tx.connection.execute(gone))

    assert house.database.read(ledger_check.imbalance) == 1001


def test_no_response_counts_what_is_due_and_unanswered(house: House) -> None:
    """Share of claims whose closing answer is due and has not come; not before."""
    first, second = split(house, "alpha", deposit(house), [3, 5])
    acknowledged = owes(house, 0.5, "acknowledgement")
    send(house, [first, second], [acknowledged, owes(house, 3)])

    def ratio() -> dict[tuple[str, str], float]:
        return house.database.read(snapshot.no_response, house.now())

    house.clock.advance(2 * _DAY)
    early = ratio()  # the acknowledgement is late, yet it closes nothing
    house.clock.advance(2 * _DAY)
    due = ratio()
    house.database.write(
        "answer",
        lambda tx: expectations.answered(
            tx, second, 4, 4000, level=Level.CLAIM, came=Came(tx.now, NO_PAYERS)
        ),
    )
    answered = ratio()

    key = ("caisse-01", "billing")
    assert early == {}
    assert due == {key: 1.0}
    assert answered == {key: (3 + 1) / 8}


def test_a_snapshot_fills_the_gauges(house: House) -> None:
    """Queues, expectations, anomalies and the books show as Prometheus reads them."""
    (only,) = split(house, "alpha", deposit(house), [3])
    send(house, [only], [owes(house, 1)])
    house.database.write(
        "anomaly",
        lambda tx: anomalies.raise_(
            tx,
            house.entropy,
            kind="payer-unreachable",
            severity="warning",
            subject="caisse-01",
            words="cannot be reached",
        ),
    )
    house.clock.advance(2 * _DAY)
    metrics = Metrics(CollectorRegistry(), version="1.0")
    metrics.refresh(house.database.read(snapshot.take, house.now()))

    def value(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(f"octway_{name}", labels)

    assert value("dispatch_queue_depth", payer="caisse-01") == 1
    assert value("dispatch_oldest_seconds", payer="caisse-01") == 2 * _DAY
    assert value("return_oldest_overdue_seconds", payer="caisse-01") == _DAY
    labels = {"payer": "caisse-01", "flow": "billing"}
    assert value("expectations", **labels, kind="payment", state="open") == 1
    assert value("no_response_ratio", **labels) == 1
    assert value("anomalies_open", kind="payer-unreachable", severity="warning") == 1
    assert value("ledger_imbalance") == 0
