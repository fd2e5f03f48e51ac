"""Lots wait for the enrolment of their sender, and go by themselves when it opens."""

from __future__ import annotations

from config.directory_records import Playbook
from config.playbook_files import DEFAULT
from gateway.journal import enrolments, schema
from protocols.desk import Ask, Enrolled, Question
from routing.chase import Status
from routing.enrolment import EnrolmentEvent, EnrolmentState
from tests.engines import ON_SQLITE
from tests.gateway.steps import test_chase, toy
from tests.gateway.steps.site import Site
from tests.gateway.steps.test_chase import DAY

LOTS = toy.deposit("S1", "001 P1: 1=1000", "002 P2: 2=500")


def move(site: Site, event: EnrolmentEvent, sender: str = "s1") -> EnrolmentState:
    """Tell of an enrolment with payer P1; the number is written in another way."""
    state: EnrolmentState = site.gateway.database.write(
        "enrol",
        lambda tx: enrolments.move(
            tx,
            site.networks["toy"],
            sender,
            "payer-P1",
            "billing",
            event,
            source="payer",
            words="by letter",
        ),
    )
    return state


def raised(site: Site) -> dict[tuple[str, str], str]:
    """Tell the state of anomalies of held lots, by payer and client."""
    rows = site.rows(schema.anomaly, schema.anomaly.c.kind == "lot-held")
    return {(row.payer_id, row.client_id): row.state for row in rows}


def test_a_lot_waits_until_the_enrolment_opens(site: Site) -> None:
    """It is held before it is sent, seen at once, and goes when the payer agrees."""
    site.change("P1", enrolment=True)
    site.deposit(LOTS)
    site.deposit(toy.deposit("S2", "001 P1: 1=7"), client="beta")
    site.settle()
    waits, goes, other = site.rows(schema.lot)
    assert (waits.state, waits.cause, waits.payer_id) == (
        "held",
        "not-enrolled",
        "payer-P1",
    )
    assert "must be asked to register the sender" in waits.cause_words
    assert (goes.state, other.state) == ("sent", "held")
    assert site.payer("P1").taken == []
    assert [row.state for row in site.rows(schema.enrolment)] == ["absent", "absent"]
    assert raised(site) == {
        ("payer-P1", "alpha"): "open",
        ("payer-P1", "beta"): "open",
    }

    assert move(site, EnrolmentEvent.ASK) is EnrolmentState.REQUESTED
    site.settle()
    assert site.payer("P1").taken == []
    move(site, EnrolmentEvent.OPEN)
    site.settle()
    assert [row.state for row in site.rows(schema.lot)] == ["sent", "sent", "held"]
    assert raised(site) == {
        ("payer-P1", "alpha"): "resolved",
        ("payer-P1", "beta"): "open",
    }
    site.check()


def test_a_payer_that_asks_for_nothing_is_believed_to_know_everybody(
    site: Site,
) -> None:
    """Without evidence lots go and no row is written; with a bad word they wait."""
    site.deposit(LOTS)
    site.run()
    assert site.rows(schema.enrolment) == []
    assert site.states(schema.lot) == ["sent", "sent"]
    move(site, EnrolmentEvent.SUSPEND)
    site.deposit(toy.deposit("S1", "003 P1: 3=1"))
    site.run()
    assert site.rows(schema.lot)[-1].cause == "not-enrolled"


def test_lots_go_when_the_payer_asks_for_nothing_any_more(site: Site) -> None:
    """A new directory without the requirement frees them, unless the row forbids it."""
    site.change("P1", enrolment=True)
    site.deposit(LOTS)
    site.run()
    move(site, EnrolmentEvent.OPEN, sender="S9")  # somebody else's
    site.run()
    assert site.states(schema.lot) == ["held", "sent"]
    site.change("P1", enrolment=False)
    site.run()
    assert site.states(schema.lot) == ["held", "sent"]  # the payer does not know it
    move(site, EnrolmentEvent.OPEN)
    site.run()
    assert site.states(schema.lot) == ["sent", "sent"]


def test_an_enrolment_that_is_open_already_holds_nothing(site: Site) -> None:
    """Who was imported as open before the first lot comes is never held."""
    site.change("P1", enrolment=True)
    move(site, EnrolmentEvent.OPEN)
    site.deposit(LOTS)
    site.run()
    assert site.states(schema.lot) == ["sent", "sent"]
    assert "lot-held" not in site.anomalies()


def given_up(site: Site) -> test_chase.Payer:
    """Let a lot come to a person, since its sender's enrolment never opened."""
    test_chase.chased(site)
    site.deposit(toy.deposit("S1", "001 P1: 1=1000"))
    site.run()
    start = site.at

    def once(_: Question) -> str | None:
        return Enrolled.REQUESTED if site.at < start + 6 * DAY else None

    says = {Ask.STATUS: lambda _: Status.UNKNOWN, Ask.ENROLMENT: once}
    payer = test_chase.Payer(site, "P1", says)
    test_chase.live(site, payer, 75)
    assert site.states(schema.chase) == ["given-up"]
    return payer


@ON_SQLITE
def test_a_lot_that_a_person_has_goes_when_its_enrolment_opens(site: Site) -> None:
    """By itself, as its playbook says; its answer settles the person's case."""
    payer = given_up(site)
    assert len(payer.billing()) == 1
    move(site, EnrolmentEvent.OPEN)
    site.run()
    site.run()
    assert len(payer.billing()) == 2
    assert site.states(schema.chase) == ["open"]
    payer.pay(payer.billing()[1])
    site.run()
    assert site.states(schema.chase) == ["ended"]
    assert site.anomalies()["answer-missing"] == "resolved"


def test_an_enrolment_that_opens_breaks_no_bound_of_the_playbook(site: Site) -> None:
    """A lot that may not be sent again stays with its person, and is not told anew."""
    payer = given_up(site)
    book = Playbook(remedies=(*DEFAULT[:5], DEFAULT[-1]))
    site.change("P1", playbook=book)
    (before,) = site.rows(schema.anomaly, schema.anomaly.c.kind == "answer-missing")
    move(site, EnrolmentEvent.OPEN)
    test_chase.live(site, payer, 5)
    assert len(payer.billing()) == 1
    assert site.states(schema.chase) == ["given-up"]
    (after,) = site.rows(schema.anomaly, schema.anomaly.c.kind == "answer-missing")
    assert after.seen == before.seen


@ON_SQLITE
def test_an_enrolment_that_opens_needs_the_second_person_all_the_same(
    site: Site,
) -> None:
    """What is above the payer's amount waits for a word, also after a person had it."""
    payer = given_up(site)
    site.change("P1", playbook=Playbook(remedies=DEFAULT, approve_above=100))
    move(site, EnrolmentEvent.OPEN)
    test_chase.live(site, payer, 2)
    assert len(payer.billing()) == 1
    assert site.states(schema.chase) == ["approval"]


@ON_SQLITE
def test_an_enrolment_that_opens_moves_nothing_of_others(site: Site) -> None:
    """Another sender's, or what the payer said again: the person keeps the lot."""
    payer = given_up(site)
    move(site, EnrolmentEvent.OPEN, sender="S2")
    test_chase.live(site, payer, 2)
    assert site.states(schema.chase) == ["given-up"]
