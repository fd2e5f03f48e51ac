"""Whatever happens to lots and claims, the books agree with the rows."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select, update

from gateway.committing import Tx
from gateway.journal import answers, ledger, ledger_check, lots, reading, schema
from routing.envelope import Outcome
from routing.errors import IllegalTransition
from routing.ledger import Account, account_for
from routing.lifecycle import LotEvent
from tests.gateway.journal.desk import Desk, lot_seen


def read_lot(connection: Connection, name: str) -> Any:
    return connection.execute(select(schema.lot).where(schema.lot.c.id == name)).one()


def move_lot(tx: Tx, name: str, happened: LotEvent) -> None:
    lots.move(tx, read_lot(tx.connection, name), happened, "test")


def answer(tx: Tx, name: str, seq: int, outcome: Outcome) -> None:
    current, standing, facts = answers.stands(tx.connection, name, seq)
    target = account_for(outcome, current)
    if target is not None:
        answers.write(tx, name, seq, target, outcome, 0)
        move = (name, seq, current, target, standing, facts.asked)
        ledger.move_claims(tx, [move], "test")


STEP = st.one_of(
    st.tuples(st.just("lot"), st.integers(0, 2), st.sampled_from(LotEvent)),
    st.tuples(st.integers(0, 2), st.integers(1, 3), st.sampled_from(Outcome)),
)
AMOUNTS = st.lists(st.integers(-(10**6), 10**9), min_size=3, max_size=3)


@pytest.mark.parametrize("desk_of", ["sqlite", "postgresql"])
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_the_books_balance_after_any_sequence(
    desk_of: str, data: st.DataObject, desks: dict[str, Desk]
) -> None:
    """Random moves of lots and claims, legal or refused, never lose a claim or a cent."""
    desk = desks[desk_of]
    deposit = f"d{len(desk.rows(schema.deposit))}"
    amounts = [data.draw(AMOUNTS) for _ in range(3)]
    desk.add_lots(
        deposit,
        [
            lot_seen(position, f"{deposit}-{position}", amounts=each)
            for position, each in enumerate(amounts, 1)
        ],
    )
    for step in data.draw(st.lists(STEP, max_size=25)):
        try:
            if step[0] == "lot":
                desk.write(move_lot, f"{deposit}-{step[1] + 1}", step[2])
            else:
                desk.write(answer, f"{deposit}-{step[0] + 1}", step[1], step[2])
        except IllegalTransition:
            pass
        assert desk.database.read(ledger_check.imbalance) == 0
    mine = schema.lot.c.deposit_id == deposit
    for row in desk.rows(schema.lot, mine):
        standing = desk.rows(
            schema.claim,
            schema.claim.c.lot_id == row.id,
            schema.claim.c.account.is_(None),
        )
        assert row.standing_claims == len(standing)
        assert row.standing_asked == sum(each.asked for each in standing)


def test_what_came_in_is_what_stands(desk: Desk) -> None:
    """The accounts add up to all claims ever received, and their cents."""
    desk.add_lots("d1", [lot_seen(1, "1"), lot_seen(2, "2", amounts=(5,))])
    desk.write(move_lot, "d1-1", LotEvent.ROUTE)
    found = desk.database.read(ledger_check.balances)
    assert found == {Account.ROUTED: (2, 3000), Account.RECEIVED: (1, 5)}
    assert desk.database.read(ledger_check.moved) == found


def test_a_claim_that_was_moved_by_hand_is_found(desk: Desk) -> None:
    """A row that was changed past the ledger shows as an imbalance."""
    desk.add_lots("d1", [lot_seen(1, "1")])
    desk.write(
        lambda tx: tx.connection.execute(
            update(schema.claim).where(schema.claim.c.seq == 1).values(account="paid")
        )
    )
    assert desk.database.read(ledger_check.imbalance) > 0
    assert desk.broken() != []


def test_paid_claims_never_go_back(desk: Desk) -> None:
    """A lot whose claims were paid cannot be sent again."""
    desk.add_lots("d1", [lot_seen(1, "1")])
    for happened in (LotEvent.ROUTE, LotEvent.GATHER, LotEvent.SEND):
        desk.write(move_lot, "d1-1", happened)
    for seq in (1, 2):
        desk.write(answer, "d1-1", seq, Outcome.PAID)
    desk.write(move_lot, "d1-1", LotEvent.ANSWER)
    desk.write(move_lot, "d1-1", LotEvent.REPLAY)
    accounts = {row.account for row in desk.rows(schema.claim)}
    assert accounts == {Account.PAID}
    assert desk.broken() == []


def test_an_interrupted_reading_leaves_nothing(desk: Desk) -> None:
    """Lots written before a crash are forgotten, and the books with them."""
    desk.add_lots("d1", [lot_seen(1, "1"), lot_seen(2, "2")])
    desk.write(reading.clear, "d1")
    assert desk.rows(schema.lot) == []
    assert desk.rows(schema.ledger_move) == []
    assert desk.broken() == []
