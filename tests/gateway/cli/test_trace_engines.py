"""Tracing and verifying ask the same of both engines, and get the same."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from config.errors import ConfigErrors
from gateway import pursuit
from gateway.committing import Tx
from gateway.journal import (
    anomalies,
    chased,
    chases,
    enrolments,
    life,
    remedies,
    schema,
    trace,
    verify,
)
from gateway.journal.trace import Found
from protocols.catalog import Catalog
from routing.chase import RemedyState
from routing.directory import Directory
from routing.enrolment import EnrolmentEvent
from routing.remedy import Remedy
from tests.gateway import furnished
from tests.gateway.house import START, House


@pytest.fixture
def house(url: str) -> Iterator[House]:
    """Give a house on either engine, with a deposit of two lots."""
    made = House(url)
    stored = made.deposit(made.client(), "facture.b2", b"some bytes")
    furnished.split(made, "alpha", stored.deposit, [2, 3])
    yield made
    made.close()


def test_a_life_is_read(house: House) -> None:
    """Deposit, lots, claims and events are found and added up."""
    (found,) = house.database.read(trace.find, "facture.b2")
    told = house.database.read(life.read, found)
    assert (told.lot_count, len(told.lots)) == (2, 2)
    assert sum(each.claims for each in told.standing) == 5
    assert told.happened[0].kind == "deposit.received"


def test_a_sent_and_answered_life_is_read(house: House) -> None:
    """What is owed, the newest answer of each lot, and what was given back."""
    (found,) = house.database.read(trace.find, "facture.b2")
    ids = [f"{found.id}-{at}" for at in (1, 2)]
    dispatch = furnished.send(house, ids, [furnished.owes(house, 3)])
    furnished.give_back(house, "alpha", "retour.noe", b"answers", ids)
    told = house.database.read(life.read, found)
    (owed,) = told.owed
    assert (int(owed.owed), owed.lots) == (5, 2)
    assert [each.id for each in told.dispatches] == [dispatch]
    assert {
        each: row.outcome for each, row in told.last_answer.items()
    } == dict.fromkeys(ids, "paid")
    assert [each.filename for each in told.handbacks] == ["retour.noe"]
    for what in ("retour.noe", dispatch):
        (other,) = house.database.read(trace.find, what)
        assert house.database.read(life.read, other).lot_count == 2


def test_a_life_of_which_no_answer_was_ever_owed_names_its_payer(house: House) -> None:
    """Lots that were sent without an expectation are told from those that were paid."""
    (found,) = house.database.read(trace.find, "facture.b2")
    assert house.database.read(life.read, found).unexpecting == ()
    furnished.send(house, [f"{found.id}-1"], [furnished.owes(house, 3)])
    assert house.database.read(life.read, found).unexpecting == ()
    furnished.send(house, [f"{found.id}-2"], [])
    told = house.database.read(life.read, found)
    assert told.unexpecting == (told.lots[1].payer_id,)


def test_every_kind_is_searched(house: House) -> None:
    """Numbers, hashes and names are looked for in every table without an error."""
    for what in ("001", "1", "deadbeef", "x.b2", "000000001"):
        for each in house.database.read(trace.find, what):
            assert each.kind in trace.KINDS
            assert house.database.read(life.read, each).lot_count >= 1


def test_a_life_of_each_kind_can_be_empty(house: House) -> None:
    """Nothing breaks where there is nothing to tell."""
    for kind in trace.KINDS:
        seq = 1 if kind == trace.CLAIM else None
        nothing = Found(kind, "nothing", "", 0.0, seq=seq)
        assert house.database.read(life.read, nothing).lot_count == 0


def test_integrity_is_proved(house: House) -> None:
    """Chain, ledger and storage hold."""
    read = house.database.read
    verdicts = (
        read(verify.chain),
        read(verify.ledger),
        read(verify.places, house.payloads),
        read(verify.payloads, house.payloads, lambda check, done, total: None),
    )
    assert [each.breaks for each in verdicts] == [(), (), (), ()]
    assert all(each.checked for each in verdicts)


def test_what_is_done_about_late_answers_is_read(house: House) -> None:
    """Nothing is late: nothing is chased, and every question is one both engines know."""
    (found,) = house.database.read(trace.find, "facture.b2")
    nothing = pursuit.read(house.database, found, _no_directory, {}, START)
    assert (nothing.states, nothing.tries, nothing.planned) == ({}, (), ())
    furnished.send(house, [f"{found.id}-1"], [furnished.owes(house, 3)])
    late = house.database.write("late", _chase, f"{found.id}-1")
    told = pursuit.read(house.database, found, _no_directory, {}, START)
    assert told.states == {"open": 1}
    assert [(each.remedy, each.lots) for each in told.tries] == [("look-again", 1)]
    assert told.obstacle
    (again,) = house.database.read(trace.find, late)
    assert again.id == f"{found.id}-1"
    for kind in ("answer-late", "answer-missing"):
        house.database.write("raise", _raise, kind)
    for anomaly in house.database.read(anomalies.listed, all_states=False):
        assert house.database.read(chased.behind, anomaly) == ((), 0)


def _no_directory() -> Directory:
    raise ConfigErrors([])


def _chase(tx: Tx, lot: str) -> str:
    """Chase a lot as the watch and the chase do."""
    owed = tx.connection.execute(select(schema.expectation)).one()
    row = chases.lot_of(tx.connection, lot)
    chases.begin(tx, owed, row)
    dispatch = tx.connection.execute(select(schema.dispatch)).one()
    return remedies.add(
        tx,
        os.urandom,
        row,
        dispatch,
        Remedy.LOOK_AGAIN,
        state=RemedyState.PLANNED,
        words="an answer may lie there",
    )


def _raise(tx: Tx, kind: str) -> None:
    anomalies.raise_(
        tx,
        os.urandom,
        kind=kind,
        severity=anomalies.ERROR,
        subject="nobody:billing:silent",
        words="late",
    )


def test_the_history_of_an_enrolment_is_read(house: House) -> None:
    """A chased lot shows the enrolment that it may wait for, on both engines."""
    (found,) = house.database.read(trace.find, "facture.b2")
    lot = f"{found.id}-1"
    furnished.send(house, [lot], [furnished.owes(house, 3)])
    house.database.write("late", _chase, lot)
    row = house.database.read(chases.lot_of, lot)
    network = Catalog.installed().network("sesam")
    payer = house.database.read(life.read, found).dispatches[0].payer_id
    event = EnrolmentEvent.ASK

    def ask(tx: Tx) -> None:
        enrolments.move(
            tx,
            network,
            row.sender,
            payer,
            row.flow,
            event,
            source="staff",
            words="by letter",
        )

    house.database.write("ask", ask)
    told = pursuit.read(house.database, found, _no_directory, {"sesam": network}, START)
    (enrolment,) = told.enrolments
    assert enrolment.row.state == "requested"
    assert [each.kind for each in enrolment.events] == ["enrolment.requested"]
