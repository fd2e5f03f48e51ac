"""A lot moves only along its life, and never goes out beside its own copy."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from sqlalchemy import select, update

from gateway.committing import Tx
from gateway.errors import LostRace
from gateway.journal import answers, lots, schema
from routing.envelope import Level
from routing.errors import IllegalTransition
from routing.ledger import Account
from routing.lifecycle import LotEvent, LotState
from tests.gateway.journal.desk import Desk, lot_seen


def of(tx: Tx, name: str) -> Any:
    return tx.connection.execute(
        select(schema.lot).where(schema.lot.c.id == name)
    ).one()


def set_state(tx: Tx, name: str, state: str) -> None:
    table = schema.lot
    tx.connection.execute(update(table).where(table.c.id == name).values(state=state))


def test_a_move_takes_the_claims_with_it(desk: Desk) -> None:
    """State, account, ledger and history change together."""
    desk.add_lots("d1", [lot_seen(1)])
    desk.write(
        lambda tx: lots.move(
            tx, of(tx, "d1-1"), LotEvent.HOLD, "test", cause="c", cause_words="w"
        )
    )
    row = desk.row(schema.lot)
    assert (row.state, row.account, row.cause) == ("held", Account.HELD, "c")
    moves = [(each.source, each.target) for each in desk.rows(schema.ledger_move)]
    assert moves == [("outside", "received"), ("received", "held")]
    assert [each.kind for each in desk.rows(schema.event)] == ["lot.held"]
    assert desk.broken() == []


def test_an_illegal_move_changes_nothing(desk: Desk) -> None:
    """A lot that was not routed cannot be gathered."""
    desk.add_lots("d1", [lot_seen(1)])
    with pytest.raises(IllegalTransition):
        desk.write(lambda tx: lots.move(tx, of(tx, "d1-1"), LotEvent.GATHER, "test"))
    assert desk.row(schema.lot).state == LotState.NEW


def test_a_lost_race_changes_nothing(desk: Desk) -> None:
    """Who read the row before another changed it is told so."""
    desk.add_lots("d1", [lot_seen(1)])
    read = desk.write(of, "d1-1")
    desk.write(lambda tx: lots.move(tx, of(tx, "d1-1"), LotEvent.WITHDRAW, "test"))
    with pytest.raises(LostRace):
        desk.write(lambda tx: lots.move(tx, read, LotEvent.ROUTE, "test"))
    assert desk.row(schema.lot).state == LotState.WITHDRAWN
    assert desk.broken() == []


GONE = ["routed", "gathered", "sent", "acknowledged", "answered"]
STAYED = ["held", "refused", "withdrawn"]


@pytest.mark.parametrize("state", GONE + STAYED)
@pytest.mark.parametrize("first", ["d1-1", "d2-1"])
def test_a_copy_counts_if_it_goes_to_the_payer(
    desk: Desk, state: str, first: str
) -> None:
    """A lot that has gone on stands in the way of its copy, whichever came first."""
    second = "d2-1" if first == "d1-1" else "d1-1"
    desk.add_lots("d1", [lot_seen(1, "7")])
    desk.at += 1
    desk.add_lots("d2", [lot_seen(1, "7")])
    desk.write(set_state, first, state)

    def twin(tx: Tx) -> str | None:
        return lots.earlier_twin(tx.connection, of(tx, second))

    def claim(tx: Tx) -> str | None:
        return lots.earlier_claim(tx.connection, of(tx, second))

    assert desk.write(twin) == (first if state in GONE else None)
    assert desk.write(claim) == ("1" if state in GONE else None)


def test_of_two_new_copies_the_first_goes(desk: Desk) -> None:
    """While both wait, only the later one has an earlier twin."""
    desk.add_lots("d1", [lot_seen(1, "7"), lot_seen(2, "7")])
    found = [
        desk.write(lambda tx: lots.earlier_twin(tx.connection, of(tx, name)))  # noqa: B023
        for name in ("d1-1", "d1-2")
    ]
    assert found == [None, "d1-1"]


@pytest.mark.parametrize(
    ("other", "network_differs"), [({"sender": "S2"}, False), ({}, True)]
)
def test_another_senders_number_is_another_number(
    desk: Desk, other: dict[str, str], network_differs: bool
) -> None:
    """Numbers are counted by sender and network."""
    desk.add_lots("d1", [lot_seen(1, "7")])
    desk.add_lots("d2", [lot_seen(1, "8", **other)])  # type: ignore[arg-type]
    desk.write(set_state, "d1-1", "sent")
    if network_differs:
        desk.write(
            lambda tx: tx.connection.execute(
                update(schema.lot)
                .where(schema.lot.c.id == "d1-1")
                .values(network="other")
            )
        )
    found = desk.write(lambda tx: lots.earlier_claim(tx.connection, of(tx, "d2-1")))
    assert found is None


def test_a_rejected_invoice_may_come_again(desk: Desk) -> None:
    """The payer's no frees the number; any other word keeps it."""
    desk.add_lots("d1", [lot_seen(1, "7")])
    desk.add_lots("d2", [lot_seen(1, "8")])
    desk.write(set_state, "d1-1", "sent")
    claim = schema.claim

    def found(tx: Tx) -> str | None:
        return lots.earlier_claim(tx.connection, of(tx, "d2-1"))

    for account, expected in (("paid", {"1", "2"}), ("rejected", {None})):
        desk.write(
            lambda tx, account=account: tx.connection.execute(
                update(claim).where(claim.c.lot_id == "d1-1").values(account=account)
            )
        )
        assert desk.write(found) in expected


@pytest.mark.parametrize(
    ("key", "lots_found"),
    [
        ("7", ["d1-1", "d1-2"]),
        ("7/202602", ["d1-1", "d1-2"]),
        ("7/202602/001", ["d1-1"]),
        ("7/", []),
        ("7/20260", []),
        ("8", []),
    ],
)
def test_a_lot_may_be_named_by_the_beginning_of_its_key(
    desk: Desk, key: str, lots_found: list[str]
) -> None:
    """Whole parts only, and only where nothing bears the name exactly."""
    named = ("7/202602/001", "7/202602/002", "70/202602/001")
    desk.add_lots(
        "d1",
        [
            evolve(lot_seen(position, f"{position:03}"), match_key=each)
            for position, each in enumerate(named, 1)
        ],
    )

    def found(tx: Tx) -> list[str]:
        lots = answers.candidates(tx.connection, "toy", Level.LOT, key, until=1e12)
        return sorted(each.id for each in lots)

    assert desk.write(found) == lots_found
