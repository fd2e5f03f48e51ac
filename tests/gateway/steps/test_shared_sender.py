"""Two clients bill in one professional's name: each hears only of its own patients."""

from __future__ import annotations

from tests.gateway.steps import toy
from tests.gateway.steps.site import Site

NAMES_NO_CLAIM = b"TORETURN x\nclaim - information 0 S1 remark=A1\n"


def _both_bill(site: Site) -> None:
    site.deposit(toy.deposit("S1", "001 P1: 1=1000"))
    site.deposit(toy.deposit("S1", "002 P1: 2=2000"), client="beta")
    site.run()


def test_what_names_no_claim_is_given_to_the_only_client_there_is(site: Site) -> None:
    """Nobody else could be meant."""
    site.deposit(toy.deposit("S1", "001 P1: 1=1000"))
    site.run()
    site.payer("P1").answer("1.ret", NAMES_NO_CLAIM)
    site.run()

    assert len(site.handed_back("alpha")) == 1
    assert "return-orphans" not in site.anomalies()


def test_it_is_given_to_neither_when_either_may_be_meant(site: Site) -> None:
    """It may be about a patient whom the other has never seen: a person looks."""
    _both_bill(site)
    site.payer("P1").answer("1.ret", NAMES_NO_CLAIM)
    site.run()

    assert site.handed_back("alpha") == site.handed_back("beta") == []
    assert site.anomalies()["return-orphans"] == "open"


def test_the_rest_of_a_return_proves_nothing(site: Site) -> None:
    """That one client is answered in it does not say whose the other line is."""
    _both_bill(site)
    paid = b"claim S1/001/1 paid 1000 S1\n"
    site.payer("P1").answer("1.ret", NAMES_NO_CLAIM + paid)
    site.run()

    (given,) = site.handed_back("alpha")
    assert b"A1" not in given
    assert site.handed_back("beta") == []
    assert site.anomalies()["return-orphans"] == "open"
