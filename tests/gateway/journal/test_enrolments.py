"""Enrolments in the journal: one row each, told once, whatever is said twice."""

from __future__ import annotations

import threading

from sqlalchemy import select

from gateway.committing import Tx
from gateway.journal import enrolment_lists, enrolments, lots, schema
from gateway.journal.enrolments import Stated
from protocols.sesam.network import SESAM
from routing.enrolment import EnrolmentEvent, EnrolmentState
from routing.lifecycle import LotEvent
from tests.gateway.journal.desk import Desk, lot_seen

WHOSE = (SESAM, "0012345", "p", "billing")


def move(desk: Desk, event: EnrolmentEvent, words: str = "") -> None:
    desk.write(
        lambda tx: enrolments.move(tx, *WHOSE, event, source="payer", words=words)
    )


def test_what_is_said_twice_is_noted_once(desk: Desk) -> None:
    """The row says when it was asked and opened; the history has each step once."""
    assert desk.database.read(enrolments.state, *WHOSE) is None
    move(desk, EnrolmentEvent.ASK)
    desk.at += 10
    move(desk, EnrolmentEvent.ASK)
    move(desk, EnrolmentEvent.OPEN)
    desk.at += 10
    move(desk, EnrolmentEvent.OPEN)
    move(desk, EnrolmentEvent.ASK)
    row = desk.row(schema.enrolment)
    assert (row.sender, row.state, row.source) == ("12345", "open", "payer")
    assert (row.requested_at, row.opened_at) == (desk.at - 20, desk.at - 10)
    told = [(each.kind, each.subject) for each in desk.rows(schema.event)]
    name = "sesam:12345:p:billing"
    assert told == [("enrolment.requested", name), ("enrolment.open", name)]
    assert desk.broken() == []


def test_new_words_are_kept_and_told(desk: Desk) -> None:
    """A person may say more about an enrolment that stands where it stood."""
    move(desk, EnrolmentEvent.WANT_PAPER, "form 12")
    move(desk, EnrolmentEvent.WANT_PAPER)
    move(desk, EnrolmentEvent.WANT_PAPER, "form 13")
    assert desk.row(schema.enrolment).words == "form 13"
    assert len(desk.rows(schema.event)) == 2


def test_a_list_puts_all_where_it_says(desk: Desk) -> None:
    """Any state can be told of, whatever stood before; only changes are counted."""
    stated = [
        Stated(SESAM, str(number), "p", "billing", state)
        for number, state in enumerate(EnrolmentState, 1)
    ]
    write = enrolments.state_all
    assert desk.write(lambda tx: write(tx, stated, source="import")) == len(stated)
    assert desk.write(lambda tx: write(tx, stated, source="import")) == 0
    listed, count = desk.database.read(enrolment_lists.listed, payer="p", most=2)
    assert (len(listed), count) == (2, len(stated))
    listed, _ = desk.database.read(enrolment_lists.listed, payer="p")
    assert [row.state for row in listed] == list(EnrolmentState)
    some, _ = desk.database.read(enrolment_lists.listed, senders={"1"}, state="absent")
    assert [row.sender for row in some] == ["1"]


def test_a_lot_held_while_its_enrolment_opens_is_not_forgotten(desk: Desk) -> None:
    """Whoever comes first, the lot is marked to be routed again: both lock the row."""
    desk.add_lots("d1", [lot_seen(1, sender="0012345")])
    other = desk.open("other")
    opening = threading.Thread(
        target=other.write,
        args=(
            "open",
            lambda tx: enrolments.move(
                tx, *WHOSE, EnrolmentEvent.OPEN, source="payer", words=""
            ),
        ),
    )

    def hold(tx: Tx) -> EnrolmentState:
        state = enrolments.locked_state(tx, *WHOSE, client="alpha")
        opening.start()  # and waits for this transaction, wherever it stands
        row = tx.connection.execute(select(schema.lot)).one()
        values = {"cause": lots.NOT_ENROLLED, "cause_words": "", "payer_id": "p"}
        lots.move(tx, row, LotEvent.HOLD, "test", **values, directory_version="v1")
        tx.connection.execute(
            schema.lot.update().values(network=SESAM.name)  # not the desk's own
        )
        return state

    assert desk.write(hold) is EnrolmentState.ABSENT
    opening.join(timeout=60)
    other.stop()
    assert desk.row(schema.enrolment).state == "open"
    row = desk.row(schema.lot)
    assert (row.state, row.directory_version) == ("held", None)
    waiting = desk.write(lots.held_by_older, "v1", 10)
    assert [each.id for each in waiting] == ["d1-1"]
