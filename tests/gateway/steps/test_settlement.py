"""A payer may settle a lot as a whole, and name only what it did not pay in full."""

from __future__ import annotations

import pytest

from gateway.journal import schema
from routing.ledger import Account
from tests.gateway.steps.site import Site
from tests.gateway.steps.test_whole_way import accounts

LOT = b"TOY S1\nLOT 001 P1\nINV 1 1000\nINV 2 2000\nINV 3 4000\n"
REFUSED = "claim S1/001/1 rejected 1000 S1"
PART = "claim S1/001/2 partly-paid 2000 S1 paid=500"


def say(site: Site, *lines: str) -> None:
    site.payer("P1").answer(
        "r", "".join(f"{line}\n" for line in ("TORETURN payment", *lines)).encode()
    )
    site.run()


def paid(site: Site) -> list[int]:
    return [row.paid for row in site.rows(schema.claim)]


@pytest.fixture
def sent(site: Site) -> Site:
    """A lot of three claims that its payer has."""
    site.deposit(LOT)
    site.run()
    return site


def test_what_is_not_named_is_paid_in_full(sent: Site) -> None:
    """Claims with a word of their own keep it; the rest is paid; nothing stays owed."""
    say(sent, REFUSED, PART, "lot S1/001 paid 7000 S1 paid=4500")
    assert paid(sent) == [0, 500, 4000]
    assert sorted(accounts(sent).values()) == sorted(
        [Account.REJECTED, Account.PARTLY_PAID, Account.PAID]
    )
    assert sent.states(schema.lot) == ["answered"]
    assert set(sent.states(schema.expectation)) == {"met"}
    assert len(sent.handed_back("alpha")) == 1
    sent.check()


def test_a_sum_that_its_claims_do_not_come_to_is_not_booked(sent: Site) -> None:
    """A person sees both sums; the claims stay owed until the payer is asked."""
    say(sent, REFUSED, PART, "lot S1/001 paid 7000 S1 paid=4400")
    assert paid(sent) == [0, 500, 0]
    (told,) = sent.rows(schema.anomaly, schema.anomaly.c.kind == "return-absurd")
    assert "4400 cents" in told.words
    assert "leave 4500" in told.words
    sent.check()


def test_said_twice_pays_once(sent: Site) -> None:
    """A settlement that comes again changes nothing."""
    say(sent, "lot S1/001 paid 7000 S1 paid=7000")
    say(sent, "lot S1/001 paid 7000 S1 paid=7000")
    assert paid(sent) == [1000, 2000, 4000]
    assert set(accounts(sent).values()) == {Account.PAID}
    sent.check()
