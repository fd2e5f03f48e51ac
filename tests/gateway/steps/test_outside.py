"""A dispatch that a person handed over by hand: its answers are owed like any other's."""

from __future__ import annotations

import pytest
from attrs import evolve
from sqlalchemy import update

from config.directory_records import Delivery
from gateway.journal import schema
from gateway.steps.outside import NotDeliverable, deliver
from protocols.desk import Ask, Enrolled
from routing.chase import Status
from routing.errors import IllegalTransition
from routing.lifecycle import DispatchState
from tests.gateway.steps.site import Site, closed_now
from tests.gateway.steps.test_chase import Payer, chased, live

FILE = b"TOY S1\nLOT 001 P1\nINV 1 1000\n"


def gathered(site: Site) -> str:
    """Give a dispatch that waits for its payer's window."""
    site.change("P1", delivery=_waiting(site))
    site.deposit(FILE)
    site.run()
    (row,) = site.rows(schema.dispatch)
    assert row.state == "ready"
    return str(row.id)


def _waiting(site: Site) -> Delivery:
    return evolve(site.entries["P1"].delivery, windows=closed_now(site.at))


def by_hand(site: Site, name: str, proof: str = "receipt 4711") -> DispatchState:
    directory = site.directory()
    return site.gateway.database.write(
        "outside",
        lambda tx: deliver(tx, name, directory, by="lea", why="an outage", proof=proof),
    )


@pytest.mark.parametrize("state", ["ready", "refused", "unknown"])
def test_what_was_carried_by_hand_is_owed_answers(site: Site, state: str) -> None:
    """From wherever it stood; nothing is sent again, and an answer closes all of it."""
    name = gathered(site)
    site.gateway.database.write(
        "state",
        lambda tx: tx.connection.execute(update(schema.dispatch).values(state=state)),
    )
    assert by_hand(site, name) == "sent"
    assert site.states(schema.lot) == ["sent"]
    assert {row.kind: row.state for row in site.rows(schema.expectation)} == {
        "arl": "open",
        "payment": "open",
    }
    (attempt,) = site.rows(schema.attempt)
    assert (attempt.worker, attempt.outcome) == ("lea", "outside")
    assert "receipt 4711" in attempt.words
    site.settle()
    assert site.payer().taken == [], "nothing goes over the channel any more"
    site.check()


def test_proof_and_a_file_are_needed(site: Site) -> None:
    """Without proof it is a guess; without a file nobody can have carried it."""
    name = gathered(site)
    with pytest.raises(NotDeliverable, match="proof"):
        by_hand(site, name, "  ")
    site.gateway.database.write(
        "no-file",
        lambda tx: tx.connection.execute(
            update(schema.dispatch).values(payload_id=None)
        ),
    )
    with pytest.raises(NotDeliverable, match="no file yet"):
        by_hand(site, name)
    with pytest.raises(NotDeliverable, match="there is no dispatch"):
        by_hand(site, "s0")


def test_what_is_under_way_or_was_taken_is_not_told_twice(site: Site) -> None:
    """A worker hands it over now, or its payer has it: then it is no delivery outside."""
    name = gathered(site)
    for state in ("sending", "sent", "answered", "withdrawn"):
        values = {"state": state, "lease_until": site.at + 60}
        site.gateway.database.write(
            "state",
            lambda tx, its=values: tx.connection.execute(
                update(schema.dispatch).values(**its)
            ),
        )
        with pytest.raises(IllegalTransition):
            by_hand(site, name)


@pytest.mark.parametrize("recognises", [False, True])
def test_what_a_person_delivered_is_not_sent_again_by_itself(
    site: Site, recognises: bool
) -> None:
    """Though its payer says that it has no such lot: it is asked, then a person has it."""
    name = gathered(site)
    by_hand(site, name)
    chased(
        site,
        delivery=evolve(site.entries["P1"].delivery, resend_same_number=recognises),
    )
    says = {Ask.STATUS: lambda _: Status.UNKNOWN, Ask.ENROLMENT: lambda _: Enrolled.YES}
    payer = Payer(site, "P1", says)
    live(site, payer, 25)
    assert payer.billing() == [], "the channel carried nothing"
    assert Ask.STATUS in payer.heard
    assert site.states(schema.chase) == ["given-up"]
    (case,) = site.rows(schema.anomaly, schema.anomaly.c.kind == "answer-missing")
    assert "delivered outside, so only a person may send it again" in case.words
