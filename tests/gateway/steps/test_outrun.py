"""A lot that is taken back to be sent again, while its first sending is answered."""

from __future__ import annotations

import pytest
from attrs import evolve

from gateway.journal import schema
from protocols.desk import Ask, Enrolled
from routing.chase import Status
from tests.gateway.steps.site import Site, closed_now
from tests.gateway.steps.test_chase import DAY, ONE_LOT, Payer, chased
from tests.gateway.steps.toy import acknowledge


@pytest.fixture
def payer(site: Site) -> Payer:
    """A payer whose desk wrongly says that it does not have a lot that is late."""
    chased(site)
    site.deposit(ONE_LOT)
    site.run()
    return Payer(
        site,
        "P1",
        {Ask.STATUS: lambda _: Status.UNKNOWN, Ask.ENROLMENT: lambda _: Enrolled.YES},
    )


def until_resent(site: Site, payer: Payer) -> None:
    """Let time pass until the chase has taken the lot back, and no longer."""
    for _ in range(40):
        site.at += DAY / 4
        site.run("collect", "match", "watch", "chase")
        payer.work()
        if site.rows(schema.remedy, schema.remedy.c.kind == "resend"):
            return
    raise AssertionError("it was never taken back")


def test_what_waits_for_a_window_does_not_go_once_the_first_is_paid(
    site: Site, payer: Payer
) -> None:
    """The second file is withdrawn: it would have the claims paid twice."""
    delivery = evolve(site.entries["P1"].delivery, windows=closed_now(site.at))
    until_resent(site, payer)
    site.change("P1", delivery=evolve(delivery, windows=closed_now(site.at)))
    site.run("route", "gather", "dispatch")
    assert sorted(site.states(schema.dispatch)) == ["ready", "sent"]
    payer.pay(payer.billing()[0])
    site.run("collect", "match")
    for _ in range(10):
        site.at += DAY
        site.run()
    assert len(payer.billing()) == 1
    assert sorted(site.states(schema.dispatch)) == ["answered", "withdrawn"]
    assert {row.account for row in site.rows(schema.claim)} == {"paid"}


def test_what_is_acknowledged_before_it_goes_again_stays_and_is_owed(
    site: Site, payer: Payer
) -> None:
    """The payer has it: nothing goes again, and its payment is owed and chased."""
    until_resent(site, payer)
    assert site.states(schema.lot) == ["new"]
    ack = acknowledge(site.payer("P1").files()[payer.billing()[0]])
    site.payer("P1").answer("arl", ack)
    site.run("collect", "match")
    assert site.states(schema.lot) == ["acknowledged"]
    owed = {row.kind: row.state for row in site.rows(schema.expectation)}
    assert owed == {"arl": "met", "payment": "open"}
    site.at += DAY
    site.run()
    assert len(payer.billing()) == 1
    assert {row.kind: row.state for row in site.rows(schema.expectation)}[
        "payment"
    ] in {"late", "missing"}
    assert site.states(schema.chase) == ["open"]


def test_a_file_whose_payer_left_the_directory_is_told(
    site: Site, payer: Payer
) -> None:
    """It waits, and a person sees that it does."""
    until_resent(site, payer)
    site.run("route", "gather")
    site.leave("P1")
    for _ in range(3):
        site.at += DAY
        site.run()
    assert "ready" in site.states(schema.dispatch)
    assert site.anomalies()["dispatch-refused"] == "open"
