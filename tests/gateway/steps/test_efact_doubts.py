"""What a Belgian payer says twice, otherwise, or of what never went through here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing

import pytest

from gateway.journal import schema
from protocols.mycarenet.check_digits import nihii_key
from protocols.mycarenet.network import MYCARENET
from protocols.mycarenet.return_writer import Verdict
from tests.gateway.steps.site import Site
from tests.protocols.mycarenet.return_files import receipt, refused, settlement
from tests.protocols.mycarenet.sendings import Bill, Line, sending

UNION = "300"
BILLS = [
    Bill(number=n, patient=n, mutuality="304", lines=[Line(amount=amount)])
    for n, amount in ((1, 1000), (2, 500))
]
SENT = sending(BILLS, union=UNION)
ANOTHER = f"0{423456}{nihii_key('423456'):02}401"
FIRST = 3  # the record of the first invoice's line


@pytest.fixture
def site() -> Iterator[Site]:
    with closing(Site(network=MYCARENET, payers=(UNION,))) as made:
        made.client("alpha")
        made.client("beta")
        made.deposit(SENT)
        made.run()
        yield made
        assert made.breaks() == ()


def say(site: Site, *returns: bytes) -> None:
    for each in returns:
        site.payer(UNION).answer(f"{site.at}.txt", each)
        site.at += 1
        site.run()
        site.run()  # what was held is routed again


def booked(site: Site) -> Sequence[tuple[str, int]]:
    return [(row.outcome, row.paid) for row in site.rows(schema.claim)]


def test_a_refusal_of_a_sending_made_elsewhere_refuses_nothing_of_ours(
    site: Site,
) -> None:
    """Another program billed the same, under the same number; a person sees it."""
    elsewhere = sending(BILLS, union=UNION, reference="99999999999999")
    say(site, refused(elsewhere, {FIRST: Verdict(("B500126",))}))
    assert booked(site) == [("", 0), ("", 0)]
    assert site.anomalies()["return-orphans"] == "open"
    assert [row.lot_id for row in site.rows(schema.proposal)]


PART = {FIRST: Verdict(("R500126",), accepted=400)}
MORE = {FIRST: Verdict(("R500126",), accepted=700)}
NONE = {FIRST: Verdict(("R500126",))}


@pytest.mark.parametrize(
    ("before", "after", "stays"),
    [
        (PART, MORE, [("partly-paid", 400), ("paid", 500)]),
        (PART, {}, [("partly-paid", 400), ("paid", 500)]),
        ({}, NONE, [("paid", 1000), ("paid", 500)]),
        (NONE, {}, [("rejected", 0), ("paid", 500)]),
    ],
)
def test_a_sending_settled_again_and_otherwise_is_for_a_person(
    site: Site,
    before: dict[int, Verdict],
    after: dict[int, Verdict],
    stays: list[tuple[str, int]],
) -> None:
    """Sums of two settlements are never added up; nothing is taken back in silence."""
    say(site, settlement(SENT, before))
    assert booked(site) == stays
    assert "return-absurd" not in site.anomalies()
    say(site, settlement(SENT, after))
    assert booked(site) == stays
    assert site.anomalies()["return-absurd"] == "open"


def test_a_refusal_of_a_sending_that_was_paid_is_for_a_person(site: Site) -> None:
    say(site, settlement(SENT), refused(SENT, NONE))
    assert booked(site) == [("paid", 1000), ("paid", 500)]
    assert [row.account for row in site.rows(schema.lot)] == ["paid"]
    assert site.anomalies()["return-absurd"] == "open"


def test_a_settlement_that_comes_twice_is_no_doubt(site: Site) -> None:
    say(site, settlement(SENT, PART), settlement(SENT, PART) + b"\r\n")
    assert booked(site) == [("partly-paid", 400), ("paid", 500)]
    assert "return-absurd" not in site.anomalies()


def test_two_senders_may_choose_the_same_reference_month_and_number(
    site: Site,
) -> None:
    """Each sending goes; what names nobody is for a person while it may be either's."""
    another = sending(BILLS, union=UNION, third_party=ANOTHER)
    site.deposit(another, client="beta")
    site.run()
    assert site.states(schema.lot) == ["sent", "sent"]
    say(site, receipt(SENT), settlement(another, NONE))
    assert sorted(site.states(schema.lot)) == ["answered", "sent"]
    assert booked(site) == [("", 0), ("", 0), ("rejected", 0), ("paid", 500)]
    site.at += 7200
    site.run()  # orphans are tried again
    assert sorted(site.states(schema.lot)) == ["answered", "sent"]


def test_a_credit_note_of_which_a_part_is_accepted_is_partly_paid(site: Site) -> None:
    """The rest is still to be given back."""
    note = Bill(mutuality="304", lines=[Line(amount=-1000)])
    credit = sending([note], union=UNION, reference="20261126000002", number=8)
    site.deposit(credit)
    site.run()
    say(site, settlement(credit, {FIRST: Verdict(("R500126",), accepted=-400)}))
    assert booked(site)[-1] == ("partly-paid", -400)
