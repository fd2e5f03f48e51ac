"""Tracing and verifying ask the same of both engines, and get the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gateway.journal import life, trace, verify
from gateway.journal.trace import Found
from tests.gateway import furnished
from tests.gateway.house import House


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
