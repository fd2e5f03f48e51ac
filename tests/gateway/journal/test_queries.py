"""What is read for people and programs outside, on both engines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.api import shapes
from gateway.journal import queries
from tests.engines import ENGINES, drop_database, new_database
from tests.gateway.furnished import give_back, owes, problem, send, split
from tests.gateway.house import House


@pytest.fixture(params=ENGINES)
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    """A house on each engine, with a client that has one deposit of 2 + 3 claims."""
    url = new_database(request.param, tmp_path)
    made = House(url)
    try:
        deposit = made.deposit(made.client("alpha"), "a.b2", b"x").deposit
        first, _ = split(made, "alpha", deposit, [2, 3], [problem(1), problem(4)])
        send(made, [first], [owes(made, 1)])
        yield made
    finally:
        made.close()
        drop_database(url)


def only(house: House) -> Any:
    (row,) = house.database.read(queries.deposits, "alpha", limit=10)
    return row


def test_deposits_go_on_where_they_were_left(house: House) -> None:
    """Both directions, also among deposits of one moment."""
    alpha = house.limits("alpha")
    for number in range(4):
        house.deposit(alpha, f"{number}.b2", b"%d" % number)
    read = house.database.read
    for oldest_first in (False, True):
        rows = read(queries.deposits, "alpha", limit=10, oldest_first=oldest_first)
        left = rows[1]
        rest = read(
            queries.deposits,
            "alpha",
            limit=10,
            oldest_first=oldest_first,
            after=(left.received_at, left.id),
        )
        assert [row.id for row in rest] == [row.id for row in rows[2:]]
    assert read(queries.deposits, "beta", limit=10) == []
    (newest,) = read(queries.deposits, None, limit=1)
    assert read(queries.deposit, "beta", newest.id) is None
    assert read(queries.deposit, None, newest.id) is not None


def test_lists_of_a_deposit_go_on_where_they_were_left(house: House) -> None:
    """Problems, lots, claims and events each keep their own order."""
    deposit, read = only(house).id, house.database.read
    problems = read(queries.problems, deposit, limit=10)
    assert [row.record for row in problems] == [1, 4]
    assert len(read(queries.problems, deposit, limit=10, after=1)) == 1
    lots = read(queries.lots, deposit, limit=10)
    assert [row.dispatch_state for row in lots] == ["ready", None]
    assert len(read(queries.lots, deposit, limit=10, after=(1, lots[0].id))) == 1
    claims = read(queries.claims, deposit, limit=10)
    places = [(row.position, row.seq) for row in claims]
    assert places == [(1, 1), (1, 2), (2, 1), (2, 2), (2, 3)]
    rest = read(queries.claims, deposit, limit=10, after=(1, 2))
    assert [(row.position, row.seq) for row in rest] == places[2:]
    events = read(queries.events, deposit, limit=100)
    assert events[0].kind == "deposit.received"
    left = events[2]
    key = (left.at, left.chain, left.seq)
    rest = read(queries.events, deposit, limit=100, after=key)
    assert [row.seq for row in rest] == [row.seq for row in events[3:]]


def test_accounts_of_a_deposit_add_up(house: House) -> None:
    """Claims and amounts by account, as money is shown."""
    rows = house.database.read(queries.accounts, only(house).id)

    assert shapes.fill_all(shapes.ACCOUNT, rows) == [
        {"account": "dispatched", "claims": 2, "asked": "20.00"},
        {"account": "received", "claims": 3, "asked": "30.00"},
    ]


def test_returns_go_on_where_they_were_left(house: House) -> None:
    """Oldest first, and with the answers that each carries."""
    read, names = house.database.read, []
    (lot, _) = read(queries.lots, only(house).id, limit=2)
    for number in range(3):
        house.clock.advance(1)
        content = b"return %d" % number
        names.append(give_back(house, "alpha", f"{number}.noe", content, [lot.id]))
    rows = read(queries.returns, "alpha", limit=10)
    after = (rows[0].created_at, rows[0].id)
    rest = read(queries.returns, "alpha", limit=10, after=after)
    (answer,) = read(queries.answers, rows[1], limit=10)

    assert [row.id for row in rows] == names
    assert [row.id for row in rest] == names[1:]
    assert answer.lot_id == lot.id
    assert read(queries.returns, "beta", limit=10) == []
    assert read(queries.events_of, names[0])[0].kind == "return.ready"
