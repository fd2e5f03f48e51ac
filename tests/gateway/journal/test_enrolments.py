"""Enrolments in the journal: one row each, told once, whatever is said twice."""

from __future__ import annotations

from gateway.journal import enrolments, schema
from gateway.journal.enrolments import Stated
from protocols.sesam.network import SESAM
from routing.enrolment import EnrolmentEvent, EnrolmentState
from tests.gateway.journal.desk import Desk

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
    listed = desk.database.read(enrolments.listed, payer="p")
    assert [row.state for row in listed] == list(EnrolmentState)
    some = desk.database.read(enrolments.listed, senders={"1"}, state="absent")
    assert [row.sender for row in some] == ["1"]
