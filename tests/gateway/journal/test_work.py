"""Work is held by one at a time, on both engines and by any number of nodes."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import select, text

from gateway.committing import Tx
from gateway.errors import LostRace
from gateway.journal import circuits, dispatches, leases, lots, schema, work
from routing.lifecycle import DepositState, LotState
from routing.retry import CircuitPolicy
from tests.gateway.journal.desk import Desk, lot_seen, put_deposit

JOINS = ("hashjoin", "mergejoin", "nestloop")
TAKING = work.Taking(
    schema.deposit,
    due=schema.deposit.c.state == DepositState.RECEIVED.value,
    order=[schema.deposit.c.received_at, schema.deposit.c.id],
)


def take(tx: Tx, worker: str, most: int = 1) -> list[Any]:
    return TAKING(tx, worker=worker, lease=60.0, most=most)


def put(tx: Tx, *names: str) -> None:
    for name in names:
        put_deposit(tx, name, "alpha", DepositState.RECEIVED)


def ids(rows: list[Any]) -> list[str]:
    return [row.id for row in rows]


def test_a_row_has_one_holder_until_its_lease_ends(desk: Desk) -> None:
    """Held rows are passed over; a lease that ran out may be taken by anyone."""
    desk.write(put, "d1", "d2")
    assert ids(desk.write(take, "a")) == ["d1"]
    assert ids(desk.write(take, "b", 5)) == ["d2"]
    assert desk.write(take, "c") == []
    desk.at += 61
    assert ids(desk.write(take, "c", 5)) == ["d1", "d2"]
    desk.write(work.release, schema.deposit, "d2")
    (row,) = desk.write(take, "d")
    assert (row.id, row.worker, row.lease_until) == ("d2", "d", desk.at + 60)


@pytest.mark.parametrize("join", JOINS)
def test_no_more_is_taken_than_was_asked_for(desk: Desk, join: str) -> None:
    """However the server goes about it: what is taken beside is nobody's for a lease."""

    def take_so(tx: Tx) -> list[Any]:
        if tx.connection.dialect.name == "postgresql":
            for each in (
                *JOINS,
                "hashagg",
                "material",
                "indexscan",
                "bitmapscan",
                "sort",
            ):
                on = "on" if each == join else "off"
                tx.connection.execute(text(f"SET LOCAL enable_{each} = {on}"))
        return take(tx, "a")

    desk.write(put, *(f"d{number}" for number in range(9)))
    assert ids(desk.write(take_so)) == ["d0"]
    held = select(schema.deposit.c.id).where(schema.deposit.c.worker.is_not(None))
    assert desk.database.read(lambda each: each.execute(held).scalars().all()) == ["d0"]


def test_a_lease_is_prolonged_by_its_holder_only(desk: Desk) -> None:
    """Who lost the lease in the meantime is told so."""

    def renew(tx: Tx, row: Any) -> float:
        return work.renew(
            tx,
            schema.deposit,
            row.id,
            worker=row.worker,
            held_until=row.lease_until,
            lease=60.0,
        )

    desk.write(put, "d1")
    (mine,) = desk.write(take, "a")
    desk.at += 30
    assert desk.write(renew, mine) == desk.at + 60
    with pytest.raises(LostRace):  # the old end of the lease is not its end any more
        desk.write(renew, mine)
    desk.at += 61
    (theirs,) = desk.write(take, "a")  # another thread of the same node
    with pytest.raises(LostRace):
        desk.write(renew, mine)
    assert desk.write(renew, theirs) == desk.at + 60


def race(desk: Desk, nodes: int, work: Any) -> list[Any]:
    """Let several nodes do the same at once; return what each got."""
    found: list[Any] = []
    failed: list[BaseException] = []

    def run(number: int) -> None:
        database = desk.open(f"node-{number}")
        try:
            start.wait()
            found.extend(work(database, number))
        except BaseException as error:
            failed.append(error)
        finally:
            database.stop()

    start = threading.Barrier(nodes)
    threads = [threading.Thread(target=run, args=(each,)) for each in range(nodes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    return found


def test_nodes_that_race_share_the_work(desk: Desk) -> None:
    """No row is given to two nodes, and none is left over."""
    names = [f"d{number:02}" for number in range(40)]
    desk.write(put, *names)

    def run(database: Any, number: int) -> list[str]:
        mine: list[str] = []
        while rows := database.write("take", take, f"w{number}", 2):
            mine += ids(rows)
        return mine

    assert sorted(race(desk, 4, run)) == names


def test_numbers_of_files_are_handed_out_once_each(desk: Desk) -> None:
    """Nodes that gather at once for one payer get numbers without gap or repeat."""
    for number in range(12):
        desk.add_lots(f"d{number:02}", [lot_seen(1, f"{number:02}")])

    def gather(tx: Tx) -> int | None:
        rows = lots.by_state(tx, LotState.NEW, 1)
        if not rows:
            return None
        tx.connection.execute(
            schema.lot.update()
            .where(schema.lot.c.id == rows[0].id)
            .values(state="routed", account="received")
        )
        (row,) = [
            each
            for each in lots.by_state(tx, LotState.ROUTED, 50)
            if each.id == rows[0].id
        ]
        group = dispatches.Group(
            network="toy",
            payer="p",
            code="P",
            endpoint="e",
            flow="billing",
            version="v",
            lots=(row,),
        )
        name = dispatches.open_dispatch(tx, desk.entropy, group)
        found = dispatches.find(tx.connection, name)
        assert found is not None
        return int(found.number)

    def run(database: Any, number: int) -> list[int]:
        mine: list[int] = []
        while (given := database.write("gather", gather)) is not None:
            mine.append(given)
        return mine

    assert sorted(race(desk, 3, run)) == list(range(1, 13))


def test_a_rolled_back_file_leaves_no_gap(desk: Desk) -> None:
    """A number whose transaction failed is given to the next file."""

    def number(tx: Tx) -> int:
        return dispatches.next_number(tx, "p/billing")

    def fail(tx: Tx) -> None:
        number(tx)
        raise ValueError("undo it")

    assert desk.write(number) == 1
    with pytest.raises(ValueError, match="undo it"):
        desk.write(fail)
    assert desk.write(number) == 2


def test_a_named_lease_has_one_holder(desk: Desk) -> None:
    """It may be prolonged by its holder, and taken over once it ran out."""
    assert desk.write(leases.take, "x", "a", 60.0)
    assert desk.write(leases.take, "x", "a", 60.0)
    assert not desk.write(leases.take, "x", "b", 60.0)
    assert desk.write(leases.take, "y", "b", 60.0)
    desk.at += 61
    assert desk.write(leases.take, "x", "b", 60.0)
    desk.write(leases.release, "x", "a")  # no longer its own to release
    assert not desk.write(leases.take, "x", "a", 60.0)
    desk.write(leases.release, "x", "b")
    assert desk.write(leases.take, "x", "a", 60.0)


def test_nodes_that_race_for_a_lease_have_one_winner(desk: Desk) -> None:
    """The first to come holds it, also when there was no such lease before."""

    def run(database: Any, number: int) -> list[tuple[str, bool]]:
        return [
            (name, database.write("take", leases.take, name, f"n{number}", 60.0))
            for name in ("a", "b", "c", "d")
        ]

    won = Counter(name for name, held in race(desk, 4, run) if held)
    assert won == {"a": 1, "b": 1, "c": 1, "d": 1}


def test_an_endpoint_that_fails_is_left_alone(desk: Desk) -> None:
    """After some failures it is spared, then tried once, and longer if that fails."""
    pause = CircuitPolicy().pause
    fail = lambda tx: circuits.failed(tx, "e", "away", at_once=False)  # noqa: E731
    assert [desk.write(fail) for _ in range(5)] == [False] * 4 + [True]
    assert not desk.write(circuits.try_endpoint, "e")
    desk.at += pause + 1
    assert desk.write(circuits.try_endpoint, "e")
    assert not desk.write(circuits.try_endpoint, "e")  # one trial at a time
    assert desk.write(fail)
    desk.at += pause + 1
    assert not desk.write(circuits.try_endpoint, "e")
    desk.at += pause + 1
    assert desk.write(circuits.try_endpoint, "e")
    assert desk.write(circuits.succeeded, "e")
    assert desk.write(circuits.try_endpoint, "e")
    assert not desk.write(circuits.succeeded, "e")
    kinds = [row.kind for row in desk.rows(schema.event)]
    assert kinds == ["circuit.opened", "circuit.opened", "circuit.closed"]


def test_a_lost_trial_is_made_again_once(desk: Desk) -> None:
    """A trial whose worker died does not spare the endpoint for ever."""
    desk.write(lambda tx: circuits.failed(tx, "e", "refused", at_once=True))
    desk.at += 61
    assert desk.write(circuits.try_endpoint, "e")
    desk.at += 601
    assert desk.write(circuits.try_endpoint, "e")
    assert not desk.write(circuits.try_endpoint, "e")
