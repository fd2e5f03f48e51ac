"""`octway remedy`: what was tried and comes next, on a screen, and a second person's word."""

from __future__ import annotations

import pytest
from sqlalchemy import insert

from gateway.committing import Tx
from gateway.journal import schema
from tests.gateway.cli.installation import Installation, lines_with

TRIES = 40


@pytest.fixture
def tried(installed: Installation) -> Installation:
    """A lot for which much was tried; the oldest try waits for a second person."""
    installed.deposit("one.b2", installed.billing_file(lots=1, invoices=3))
    installed.work()

    def write(tx: Tx) -> None:
        dispatch = tx.connection.execute(schema.dispatch.select()).one()
        lot = tx.connection.execute(schema.lot.select()).one()
        its = {
            "lot_id": lot.id,
            "dispatch_id": dispatch.id,
            "payer_id": dispatch.payer_id,
            "flow": dispatch.flow,
        }
        rows = [
            its
            | {
                "id": f"m{number:02}",
                "kind": "ask-status" if number else "resend",
                "state": "nothing" if number else "approval",
                "at": tx.now + number * 3600,
            }
            for number in range(TRIES)
        ]
        tx.connection.execute(insert(schema.remedy), rows)
        chase = its | {
            "client_id": lot.client_id,
            "state": "approval",
            "asked": 123_456_789,
            "opened_at": tx.now,
            "changed_at": tx.now,
        }
        tx.connection.execute(insert(schema.chase), chase)

    installed.house.database.write("try", write)
    return installed


def test_what_was_tried_fits_a_screen(tried: Installation) -> None:
    """What waits for a person, then the newest; the last line says how to see more."""
    said = tried.octway("remedy", "list").out.splitlines()
    assert len(said) < 30
    assert [line.split()[0] for line in said[:4]] == ["remedy", "m00", "m39", "m38"]
    assert f"and {TRIES - 25} more of {TRIES}" in said[-1]
    assert f"--most {TRIES}" in said[-1]
    every = tried.octway("remedy", "list", "--most", str(TRIES)).out.splitlines()
    assert len(every) == 1 + TRIES
    facts = tried.octway("remedy", "list", "--json").facts
    assert (len(facts["remedies"]), facts["count"]) == (25, TRIES)


def test_what_was_tried_is_chosen_by_remedy_and_state(tried: Installation) -> None:
    """A filter that fits nothing says so."""
    said = tried.octway("remedy", "list", "--what", "resend")
    assert lines_with(said.out, "m00", "approval")
    assert len(said.out.splitlines()) == 2
    none = tried.octway("remedy", "list", "--what", "resend", "--state", "failed")
    assert none.out == "no remedy fits what was asked for\n"


def test_times_and_amounts_read_the_same_everywhere(tried: Installation) -> None:
    """Lists say once, in the header, that times are UTC; amounts have a currency."""
    listed = tried.octway("remedy", "list").out.splitlines()
    assert "at (UTC)" in listed[0]
    assert "+0" not in listed[1]
    planned = tried.octway("remedy", "plan").out
    assert "1,234,567.89 EUR" in planned
    assert "not before (UTC)" in planned or "(approval)" in planned


@pytest.mark.parametrize(
    ("name", "words"),
    [("somebody", "octway staff add"), ("eve", "is viewer, which changes nothing")],
)
def test_a_second_person_is_somebody(
    tried: Installation, name: str, words: str
) -> None:
    """A name that is no account's, or one that may only look: refused, and why."""
    tried.octway("staff", "add", "eve", "--role", "viewer")
    said = tried.octway("remedy", "approve", "m00", "--by", name)
    assert said.status == 1
    assert words in said.err
    assert lines_with(tried.octway("remedy", "list").out, "m00", "approval")


def test_a_second_person_agrees(tried: Installation) -> None:
    """With an account that works, the remedy is planned, and done next."""
    tried.octway("staff", "add", "lea", "--role", "operator")
    said = tried.octway("remedy", "approve", "m00", "--by", "lea")
    assert said.out == "m00 (resend) is planned\n"
    (first, *_) = tried.octway("remedy", "list", "--what", "resend", "--json").facts[
        "remedies"
    ]
    assert first["approved_by"] == "lea"


def test_a_word_on_what_waits_for_none_is_refused(tried: Installation) -> None:
    """It says how the try stands, and where those are that wait."""
    tried.octway("staff", "add", "lea", "--role", "operator")
    said = tried.octway("remedy", "deny", "m39", "--by", "lea")
    assert said.status == 1
    assert "m39 is nothing (the next one had to be tried)" in said.err
    assert "octway remedy list --state approval" in said.err


def test_a_lot_is_chased_anew_by_somebody(tried: Installation) -> None:
    """As an approval, it is asked for in the name of an open account that works."""
    lot = tried.octway("remedy", "list", "--json").facts["remedies"][0]["lot"]
    said = tried.octway("remedy", "again", lot, "--by", "somebody")
    assert said.status == 1
    assert "'somebody' is no staff account" in said.err
    assert "octway staff add" in said.err
