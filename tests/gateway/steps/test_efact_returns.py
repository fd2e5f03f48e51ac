"""Belgian sendings go their whole way: received, judged, settled in any dialect."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from random import Random

import pytest

from config.directory_records import Expects, Within
from gateway.journal import lot_numbers, schema
from protocols.mycarenet.network import MYCARENET
from protocols.mycarenet.payer_simulator import Faults, Mix, Union
from protocols.mycarenet.return_dialects import SORTED
from protocols.mycarenet.return_writer import Verdict
from tests.gateway.steps.site import Site
from tests.protocols.mycarenet.return_files import preliminary, refused
from tests.protocols.mycarenet.sendings import Bill, Line, sending

UNION = "100"
DAY = 86_400.0
EXPECTS = (
    Expects("receipt", "lot", "billing", Within(0, DAY), Within(0, DAY)),
    Expects("verdict", "lot", "billing", Within(0, 5 * DAY), Within(0, DAY)),
    Expects("settlement", "claim", "billing", Within(0, 20 * DAY), Within(0, DAY)),
)
PAYS_ALL = Mix(rejected=0, partly=0, lowered=0, noted=0)


@pytest.fixture
def site(engine: str) -> Iterator[Site]:
    with closing(Site(engine, network=MYCARENET, payers=(UNION,))) as made:
        made.kinds = {MYCARENET.name: tuple(MYCARENET.answer_kinds)}
        made.change(UNION, flows=("billing",), expects=EXPECTS)
        made.client("alpha")
        yield made
        made.check()


def answers(
    site: Site, mix: Mix = PAYS_ALL, *, bills: int = 2, dialect: str = ""
) -> dict[str, bytes]:
    """Send a file, and return what the union sends back, by message."""
    made = [Bill(number=each, patient=each) for each in range(1, bills + 1)]
    site.deposit(sending(made))
    site.run()
    (sent,) = site.payer(UNION).files().values()
    union = Union(code=UNION, faults=Faults(), mix=mix, dialect=dialect)
    returned = union.respond(sent, rng=Random(3), day="2026-11-26")
    return {each.name[:6]: each.content for each in returned}


def give(site: Site, content: bytes) -> None:
    site.at += DAY
    site.payer(UNION).answer(f"{site.at}.txt", content)
    site.run()


def owed(site: Site) -> dict[str, str]:
    return {row.kind: row.state for row in site.rows(schema.expectation)}


def claims(site: Site) -> list[tuple[str, int]]:
    """What became of every claim, and the cents paid of it."""
    (lot,) = site.rows(schema.lot)
    rows = site.rows(schema.claim)
    return [(row.account or lot.account, row.paid) for row in rows]


@pytest.mark.parametrize("dialect", ["100", SORTED])
def test_a_sending_that_is_accepted_is_paid(site: Site, dialect: str) -> None:
    """The verdict pays off the receipt too; the settlement pays what it leaves out."""
    made = answers(site, dialect=dialect)
    assert owed(site) == dict.fromkeys(("receipt", "verdict", "settlement"), "open")
    give(site, made["920098"])
    assert owed(site) == {"receipt": "met", "verdict": "met", "settlement": "open"}
    give(site, made["920900"])
    assert set(owed(site).values()) == {"met"}
    assert claims(site) == [("paid", 1000), ("paid", 1000)]
    assert site.handed_back("alpha") == [made["920098"], made["920900"]]


def test_a_receipt_pays_off_the_receipt_alone(site: Site) -> None:
    """It names nothing but zone 204; received is not accepted."""
    made = answers(site)
    give(site, made["931000"])
    assert owed(site) == {"receipt": "met", "verdict": "open", "settlement": "open"}
    assert claims(site) == [("acknowledged", 0), ("acknowledged", 0)]


def test_an_invoice_that_is_refused_is_told_why_and_the_others_are_paid(
    site: Site,
) -> None:
    made = answers(site, Mix(rejected=0.5, partly=0, lowered=0, noted=0), bills=8)
    give(site, made["920098"])
    give(site, made["920900"])

    found = claims(site)
    assert set(found) == {("rejected", 0), ("paid", 1000)}
    refused = [
        row.remarks for row in site.rows(schema.answer) if row.outcome == "rejected"
    ]
    assert len(refused) == found.count(("rejected", 0))
    assert all("F200742" in each and "caused by" in each for each in refused)


def test_a_settlement_whose_end_is_missing_leaves_the_rest_open(site: Site) -> None:
    """Other refusals may have stood behind the cut."""
    made = answers(site, Mix(rejected=0.5, partly=0, lowered=0, noted=0), bills=8)
    give(site, made["920098"])
    give(site, made["920900"][: -2 * 800])

    assert set(claims(site)) == {("rejected", 0), ("acknowledged", 0)}
    assert owed(site)["settlement"] == "open"
    give(site, made["920900"])
    assert set(claims(site)) == {("rejected", 0), ("paid", 1000)}


def test_a_refused_sending_refuses_every_invoice(site: Site) -> None:
    """The one that has a code, and those that have none."""
    site.deposit(sending([Bill(number=1), Bill(number=2, patient=2)]))
    site.run()
    (sent,) = site.payer(UNION).files().values()
    give(site, refused(sent, {3: Verdict(("R502255",))}))

    assert claims(site) == [("rejected", 0), ("rejected", 0)]
    assert set(owed(site).values()) == {"met"}


def test_a_double_waits_for_the_first_one_s_verdict(site: Site) -> None:
    """A 920999 for uniqueness decides nothing, and nothing is paid off."""
    made = answers(site)
    (sent,) = site.payer(UNION).files().values()
    give(site, preliminary(sent, {"sending_number": "40"}))
    assert set(owed(site).values()) == {"open"}
    give(site, made["920098"])
    give(site, made["920900"])
    assert claims(site) == [("paid", 1000), ("paid", 1000)]


def lots(site: Site) -> list[tuple[str, str]]:
    rows = sorted(site.rows(schema.lot), key=lambda row: row.created_at)
    return [(row.state, row.cause) for row in rows]


CORRECTED = [Bill(lines=[Line(amount=900)])]


@pytest.mark.parametrize("reference", ["20261126000001", "20261126000002"])
def test_a_corrected_sending_goes_under_the_number_of_the_refused_one(
    site: Site, reference: str
) -> None:
    """After 920099, under the same zone 204 or another: two files, two lives."""
    first = sending([Bill()])
    site.deposit(first)
    site.run()
    give(site, refused(first, {3: Verdict(("R502255",))}))
    assert lots(site) == [("answered", "")]

    second = sending(CORRECTED, reference=reference)
    site.deposit(second)
    site.run()
    assert lots(site) == [("answered", ""), ("sent", "")]
    assert sorted(site.payer(UNION).files().values()) == sorted([first, second])


def test_a_second_sending_of_a_reference_waits_until_the_first_is_refused(
    site: Site,
) -> None:
    """Nothing goes under a reference and number on which the union has not decided."""
    first = sending([Bill()])
    site.deposit(first)
    site.run()
    site.deposit(sending(CORRECTED))
    site.run()
    assert lots(site) == [("sent", ""), ("held", "number-waiting")]
    give(site, refused(first, {3: Verdict(("R502255",))}))
    site.run()
    assert lots(site) == [("answered", ""), ("sent", "")]


def test_a_second_sending_of_an_accepted_reference_never_goes(site: Site) -> None:
    """Two sendings of one reference, neither refused: the second is held for good."""
    made = answers(site)
    site.deposit(sending(CORRECTED))
    site.run()
    give(site, made["920098"])
    site.run()
    assert lots(site) == [("acknowledged", ""), ("held", "number-used")]


def test_answers_to_a_reference_sent_twice_are_those_of_the_newest(site: Site) -> None:
    """Receipt, verdict and settlement; what names the first one's day is the first's."""
    first = sending([Bill()], created="20261126")
    site.deposit(first)
    site.run()
    give(site, refused(first, {3: Verdict(("R502255",))}))
    second = sending(CORRECTED, created="20261127")
    site.deposit(second)
    site.run()
    union = Union(code=UNION, faults=Faults(), mix=PAYS_ALL)
    returned = union.respond(second, rng=Random(3), day="2026-11-27")
    made = {each.name[:6]: each.content for each in returned}

    give(site, made["931000"])
    assert lots(site)[1] == ("acknowledged", "")
    late = refused(first, {3: Verdict(("R502256",))})
    give(site, late)  # a verdict on the first once more, with another code
    assert lots(site)[1] == ("acknowledged", "")
    give(site, made["920098"])
    give(site, made["920900"])
    assert lots(site) == [("answered", ""), ("answered", "")]
    paid = sorted((row.asked, row.paid) for row in site.rows(schema.claim))
    assert paid == [(900, 900), (1000, 0)]
    give(site, made["920900"] + b"\n")  # the settlement comes doubled
    assert all(row.state == "matched" for row in site.rows(schema.payer_return))


def test_a_verdict_that_takes_back_a_refusal_is_told(site: Site) -> None:
    """A 920098 behind a 920099: support sees both words, and what may be done now.

    The settlement decides, and closes the case.
    """
    first = sending([Bill()])
    site.deposit(first)
    site.run()
    give(site, refused(first, {}))
    assert not site.rows(schema.anomaly, schema.anomaly.c.kind == "answer-contradicts")

    union = Union(code=UNION, faults=Faults(), mix=PAYS_ALL)
    returned = union.respond(first, rng=Random(3), day="2026-11-27")
    made = {each.name[:6]: each.content for each in returned}
    give(site, made["931000"])  # a receipt that comes late says nothing of it
    assert not site.rows(schema.anomaly, schema.anomaly.c.kind == "answer-contradicts")
    give(site, made["920098"])

    (lot,) = site.rows(schema.lot)
    (told,) = site.rows(schema.anomaly, schema.anomaly.c.kind == "answer-contradicts")
    assert (told.subject, told.state, told.claims) == (lot.id, "open", 1)
    assert "refused all of lot" in told.words
    used = site.gateway.database.read(lot_numbers.uses, lot, itself=True)
    assert MYCARENET.rule_number(used).state == "accepted"

    give(site, made["920900"])
    (told,) = site.rows(schema.anomaly, schema.anomaly.c.kind == "answer-contradicts")
    assert told.state == "resolved"
    assert claims(site) == [("paid", 1000)]
