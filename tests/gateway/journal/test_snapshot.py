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
from gateway.journal.no_response import Ripe
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


def test_a_demonstration_counts_what_is_due_to_the_second(house: House) -> None:
    """Claims whose closing answer is due and has not come; not before."""
    first, second = split(house, "alpha", deposit(house), [3, 5])
    acknowledged = owes(house, 0.5, "acknowledgement")
    send(house, [first, second], [acknowledged, owes(house, 3)])

    def due() -> dict[tuple[str, str], tuple[int, int]]:
        return house.database.read(snapshot.closing_answers, house.now())

    house.clock.advance(2 * _DAY)
    assert due() == {}  # the acknowledgement is late, yet it closes nothing
    house.clock.advance(2 * _DAY)
    assert due() == {("caisse-01", "billing"): (8, 8)}
    answer(house, second, 4)
    assert due() == {("caisse-01", "billing"): (8, 4)}


def answer(house: House, lot: str, claims: int) -> None:
    """Have some claims of a lot answered."""
    house.database.write(
        "answer",
        lambda tx: expectations.answered(
            tx,
            lot,
            claims,
            1000 * claims,
            level=Level.CLAIM,
            came=Came(tx.now, NO_PAYERS),
        ),
    )


def counted(house: House) -> snapshot.Snapshot:
    """Take a snapshot with all that takes long."""
    now = house.now()
    taken = house.database.read(snapshot.take, now, None)
    return house.database.read(snapshot.count, now, NO_PAYERS, taken)


def test_the_rate_of_cohorts_is_of_what_has_reached_an_age(house: House) -> None:
    """What comes after D+10 is no answer at that age; at D+30 it is."""
    first, second = split(house, "alpha", deposit(house), [3, 5])
    send(house, [first, second], [owes(house, 0.5, "arl"), owes(house, 3)])
    ten, thirty = (("caisse-01", "billing", age) for age in ("10", "30"))
    house.clock.advance(5 * _DAY)
    answer(house, first, 3)
    assert counted(house).cohorts[ten] == Ripe(0, 0, 0, 0)
    assert counted(house).no_response == {("caisse-01", "billing"): 5 / 8}
    house.clock.advance(7 * _DAY)
    assert counted(house).cohorts[ten] == Ripe(8, 5, 8, 5)
    answer(house, second, 4)
    house.clock.advance(60 * _DAY)
    found = counted(house)
    assert found.cohorts[ten] == Ripe(8, 5, 0, 0)  # no cohort of late
    assert found.cohorts[thirty] == Ripe(8, 1, 0, 0)
    assert found.no_response == {("caisse-01", "billing"): 1 / 8}


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
    metrics.refresh(counted(house))

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
