"""Every answer owed is a row, and a late answer always wins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import evolve
from sqlalchemy import insert, select, update

from gateway.committing import Tx
from gateway.journal import expectations, schema
from routing.directory import Directory
from routing.envelope import Level
from routing.expectation import AnswerOrder, Owed
from routing.lifecycle import ExpectationEvent, ExpectationState
from tests.gateway.journal.desk import NO_PAYERS, Desk, lot_seen

NETWORK = "toy"
KINDS = {
    NETWORK: (
        ("receipt", "lot", False),
        ("verdict", "lot", False),
        ("settlement", "claim", False),
        ("money", "lot", True),
    )
}
FOUR = Directory(evolve(NO_PAYERS.data, kinds=KINDS))


def owe(
    tx: Tx,
    at: float,
    owed: Sequence[Owed] = (),
    order: AnswerOrder = AnswerOrder(),  # noqa: B008 - it never changes
    **of_lot: Any,
) -> None:
    """Write what is owed for one lot of two claims: an acknowledgement, a payment."""
    if of_lot:
        tx.connection.execute(update(schema.lot).values(**of_lot))
    there = tx.connection.execute(select(schema.dispatch)).one_or_none()
    if there is None:
        tx.connection.execute(
            insert(schema.dispatch),
            {
                "id": "s1",
                "payer_id": "p",
                "payer_code": "P",
                "endpoint_id": "e",
                "network": "toy",
                "flow": "billing",
                "directory_version": "v",
                "number": 1,
                "state": "sent",
                "not_before": at,
                "created_at": at,
                "changed_at": at,
            },
        )
    dispatch = tx.connection.execute(select(schema.dispatch)).one()
    lots = tx.connection.execute(select(schema.lot)).all()
    owed = owed or [
        Owed("arl", Level.LOT, at + 10, at + 20),
        Owed("payment", Level.CLAIM, at + 100, at + 200),
    ]
    expectations.owe(tx, dispatch, lots, owed, sent_on="2026-11-24", order=order)


def stand(desk: Desk) -> dict[str, tuple[str, int]]:
    rows = desk.database.read(expectations.of_dispatch, "s1")
    return {row.kind: (row.state, row.owed) for row in rows}


def lapse(desk: Desk) -> None:
    """Do what the watch does."""

    def watch(tx: Tx) -> None:
        for row in expectations.past_due(tx, 10):
            if row.state == ExpectationState.OPEN:
                expectations.move(
                    tx, row, ExpectationEvent.LAPSE, next_at=row.missing_at
                )
            else:
                expectations.move(tx, row, ExpectationEvent.MISS)

    desk.write(watch)


def answered(
    tx: Tx, claims: int, level: Level, kind: str = "", *, last: bool = False
) -> None:
    came = expectations.Came(tx.now, FOUR, NETWORK, kind)
    expectations.answered(tx, "d1-1", claims, 0, level=level, came=came, last=last)


def test_an_answer_proves_those_before_it_and_none_after(desk: Desk) -> None:
    """A verdict proves the receipt; the settlement and the money are owed on."""
    at = desk.at
    kinds = (("receipt", "lot"), ("verdict", "lot"), ("settlement", "claim"))
    owed = [
        Owed(kind, Level(level), at + 10 * place, at + 20 * place)
        for place, (kind, level) in enumerate((*kinds, ("money", "lot")), 1)
    ]
    desk.add_lots("d1", [lot_seen(1)])
    desk.write(owe, at, owed)

    def open_ones() -> set[str]:
        return {kind for kind, (state, _) in stand(desk).items() if state == "open"}

    desk.write(answered, 0, Level.LOT, "receipt")
    assert open_ones() == {"verdict", "settlement", "money"}
    desk.write(answered, 0, Level.LOT, "verdict")
    assert open_ones() == {"settlement", "money"}
    desk.write(answered, 2, Level.CLAIM, "settlement")
    assert open_ones() == {"money"}
    desk.write(answered, 0, Level.LOT, "money")
    assert open_ones() == set()


def test_after_a_refusal_nothing_more_is_owed(desk: Desk) -> None:
    """Whatever its kind, a lot that is refused as a whole has no later answers."""
    desk.add_lots("d1", [lot_seen(1)])
    owed = [
        Owed("verdict", Level.LOT, desk.at + 10, desk.at + 20),
        Owed("settlement", Level.CLAIM, desk.at + 30, desk.at + 40),
        Owed("money", Level.LOT, desk.at + 50, desk.at + 60),
    ]
    desk.write(owe, desk.at, owed)
    desk.write(lambda tx: answered(tx, 2, Level.CLAIM, "verdict", last=True))
    assert {state for state, _ in stand(desk).values()} == {"met"}


def test_answers_pay_off_what_is_owed(desk: Desk) -> None:
    """A lot's answer meets the lot's; claims' answers count down, and prove the lot's."""
    desk.add_lots("d1", [lot_seen(1)])
    desk.write(owe, desk.at)
    assert stand(desk) == {"arl": ("open", 1), "payment": ("open", 2)}
    desk.write(owe, desk.at)  # a second time owes nothing more
    desk.write(answered, 0, Level.LOT)
    assert stand(desk) == {"arl": ("met", 0), "payment": ("open", 2)}
    desk.write(answered, 1, Level.CLAIM)
    assert stand(desk)["payment"] == ("open", 1)
    desk.write(answered, 1, Level.CLAIM)
    assert stand(desk)["payment"] == ("met", 0)
    desk.write(answered, 1, Level.CLAIM)  # one too many changes nothing
    assert stand(desk)["payment"] == ("met", 0)


def test_late_then_missing_then_met_all_the_same(desk: Desk) -> None:
    """Each stage comes with its time, and an answer closes any of them."""
    desk.add_lots("d1", [lot_seen(1)])
    desk.write(owe, desk.at)
    desk.at += 10
    lapse(desk)
    assert stand(desk)["arl"][0] == "open"  # due at that very second
    desk.at += 1
    lapse(desk)
    assert stand(desk)["arl"][0] == "late"
    desk.at += 250
    lapse(desk)
    lapse(desk)
    assert {state for state, _ in stand(desk).values()} == {"missing"}
    desk.write(answered, 2, Level.CLAIM)
    assert {state for state, _ in stand(desk).values()} == {"met"}
    said = [row.kind for row in desk.rows(schema.event)]
    assert said.count("expectation.met-late") == 2


def test_an_answer_that_outran_its_send_is_not_owed(desk: Desk) -> None:
    """What was answered before the sending was noted is met from the beginning."""
    desk.add_lots("d1", [lot_seen(1)])
    desk.write(lambda tx: owe(tx, desk.at, state="acknowledged"))
    assert stand(desk) == {"arl": ("met", 0), "payment": ("open", 2)}


def test_a_lot_refused_before_its_send_was_noted_owes_nothing(desk: Desk) -> None:
    """A whole refusal that outran the sending leaves nothing to wait for."""
    desk.add_lots("d1", [lot_seen(1)])
    desk.write(lambda tx: owe(tx, desk.at, state="answered", account="rejected"))
    assert {state for state, _ in stand(desk).values()} == {"met"}
