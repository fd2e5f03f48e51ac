"""What was sent on a day, and answered how long after, is counted once and for all."""

from __future__ import annotations

from sqlalchemy import insert, select, update

from gateway.committing import Tx
from gateway.journal import cohorts, expectations, schema
from gateway.journal.cohorts import Cohort, Count
from gateway.journal.expectations import Came
from gateway.journal.schema_owed import SENT
from routing.envelope import Level
from routing.expectation import AnswerOrder, Owed
from tests.gateway.journal.desk import NO_PAYERS, Desk, lot_seen

DAY = 86_400.0
ON = "2026-11-18"  # the day of the desk's clock at its start


def send(tx: Tx, dispatch: str, *, payer: str = "p", sent_on: str = ON) -> None:
    """Hand the lot of two claims over, or note once more that it was."""
    values = {
        "id": dispatch,
        "payer_id": payer,
        "payer_code": "P",
        "endpoint_id": "e",
        "network": "toy",
        "flow": "billing",
        "directory_version": "v",
        "number": int(dispatch[1:]),
        "state": "sent",
        "not_before": tx.now,
        "created_at": tx.now,
        "changed_at": tx.now,
    }
    table = schema.dispatch
    query = select(table).where(table.c.id == dispatch)
    if tx.connection.execute(query).first() is None:
        tx.connection.execute(insert(table), values)
    row = tx.connection.execute(query).one()
    lots = tx.connection.execute(select(schema.lot)).all()
    owed = [
        Owed("arl", Level.LOT, tx.now + 10, tx.now + 20),
        Owed("payment", Level.CLAIM, tx.now + 100, tx.now + 200),
    ]
    expectations.owe(tx, row, lots, owed, sent_on=sent_on, order=AnswerOrder())


def answer(tx: Tx, claims: int, asked: int, came: float | None = None) -> None:
    """Pay some claims of the lot; the file came in now, or when it is said."""
    at = tx.now if came is None else came
    expectations.answered(
        tx, "d1-1", claims, asked, level=Level.CLAIM, came=Came(at, NO_PAYERS)
    )


def counted(
    desk: Desk, kind: str = "payment"
) -> dict[tuple[str, str, int, int], Count]:
    """Tell the cohorts of a kind: claims and cents by payer, day, after, chased."""
    return {
        (row.payer_id, row.sent_on, row.after, row.chased): Count(row.claims, row.asked)
        for row in desk.database.read(cohorts.read, "")
        if row.kind == kind
    }


def test_claims_count_for_the_day_they_were_sent_and_answered_after(desk: Desk) -> None:
    """Each claim counts once as sent and once as answered; the lot's answer once."""
    desk.add_lots("d1", [lot_seen(1)])
    desk.write(send, "s1")
    desk.at += 2 * DAY
    desk.write(answer, 1, 1000)
    desk.at += 3 * DAY
    desk.write(answer, 1, 2000)
    desk.write(answer, 1, 2000)  # one more than is owed counts nowhere
    assert counted(desk) == {
        ("p", ON, SENT, 0): (2, 3000),
        ("p", ON, 2, 0): (1, 1000),
        ("p", ON, 5, 0): (1, 2000),
    }
    assert counted(desk, "arl") == {
        ("p", ON, SENT, 0): (1, 3000),
        ("p", ON, 2, 0): (1, 3000),
    }


def test_a_dispatch_that_is_marked_twice_counts_once(desk: Desk) -> None:
    """The payer's word that it has a file may be heard again."""
    desk.add_lots("d1", [lot_seen(1)])
    desk.write(send, "s1")
    desk.write(send, "s1")
    assert counted(desk) == {("p", ON, SENT, 0): (2, 3000)}


def test_what_is_sent_again_stays_in_its_first_cohort(desk: Desk) -> None:
    """A second sending, even to a successor, starts no new cohort; it is told apart."""
    desk.add_lots("d1", [lot_seen(1)])
    desk.write(send, "s1")
    desk.at += 10 * DAY
    desk.write(lambda tx: send(tx, "s2", payer="q", sent_on="2026-11-28"))
    desk.at += DAY
    desk.write(answer, 2, 3000)
    assert counted(desk) == {
        ("p", ON, SENT, 0): (2, 3000),
        ("p", ON, 11, 1): (2, 3000),
    }


def test_an_answer_after_a_remedy_is_not_the_payers_own_delay(desk: Desk) -> None:
    """What was asked for again is told apart; a look into the mailbox is no asking."""
    desk.add_lots("d1", [lot_seen(1)])
    desk.write(send, "s1")

    def tried(tx: Tx, kind: str) -> None:
        tx.connection.execute(
            insert(schema.remedy),
            {
                "id": kind,
                "lot_id": "d1-1",
                "dispatch_id": "s1",
                "payer_id": "p",
                "flow": "billing",
                "kind": kind,
                "state": "tried",
                "at": tx.now,
            },
        )

    desk.write(tried, "look-again")
    desk.write(answer, 1, 1000)
    desk.write(tried, "ask-return")
    desk.write(answer, 1, 2000)
    assert counted(desk) == {
        ("p", ON, SENT, 0): (2, 3000),
        ("p", ON, 0, 0): (1, 1000),
        ("p", ON, 0, 1): (1, 2000),
    }


def test_an_answer_that_was_understood_late_is_told_apart(desk: Desk) -> None:
    """It counts from when it was tied, and not as the payer's own delay."""
    desk.add_lots("d1", [lot_seen(1)])
    desk.write(send, "s1")
    came = desk.at + DAY
    desk.at += 9 * DAY
    desk.write(answer, 2, 3000, came)
    assert counted(desk)[("p", ON, 9, 1)] == (2, 3000)


def test_an_answer_that_outran_its_send_came_at_once(desk: Desk) -> None:
    """It was there before the sending was noted: no day lies between."""
    desk.add_lots("d1", [lot_seen(1)])
    desk.write(
        lambda tx: tx.connection.execute(
            update(schema.lot).values(standing_claims=1, standing_asked=2000)
        )
    )
    desk.write(send, "s1")
    assert counted(desk) == {
        ("p", ON, SENT, 0): (2, 3000),
        ("p", ON, 0, 0): (1, 1000),
    }
    desk.at += DAY
    desk.write(answer, 1, 2000)
    assert counted(desk)[("p", ON, 1, 0)] == (1, 2000)


def test_counts_of_one_transaction_are_written_together(desk: Desk) -> None:
    """Ten thousand answers of one payer and day are one change of one row."""
    cohort = Cohort("p", "billing", "payment", ON, 3)

    def many(tx: Tx) -> None:
        for _ in range(10_000):
            tx.count(cohort, 1, 500)

    desk.write(many)
    desk.write(many)
    assert counted(desk) == {("p", ON, 3, 0): (20_000, 10_000_000)}
