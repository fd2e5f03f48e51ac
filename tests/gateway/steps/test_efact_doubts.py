"""What a Belgian payer says twice, otherwise, or of what never went through here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing

import pytest

from gateway.journal import schema
from protocols.mycarenet.network import MYCARENET
from protocols.mycarenet.return_writer import Verdict
from tests.gateway.steps.site import Site
from tests.protocols.mycarenet.return_files import refused
from tests.protocols.mycarenet.sendings import Bill, Line, sending

UNION = "300"
BILLS = [
    Bill(number=n, patient=n, mutuality="304", lines=[Line(amount=amount)])
    for n, amount in ((1, 1000), (2, 500))
]
SENT = sending(BILLS, union=UNION)
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
