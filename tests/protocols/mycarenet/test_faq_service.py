"""Rules of the Christian mutualities' FAQ on Refac about how billing goes and is paid.

Each test bears the number that `docs/networks/mycarenet.md` gives the rule.
"""

from __future__ import annotations

import csv
from datetime import date
from importlib.metadata import entry_points
from importlib.resources import files
from io import BytesIO

from protocols.mycarenet import codes, reader
from protocols.mycarenet.contacts import Contacts
from protocols.mycarenet.mark import mark_of
from protocols.mycarenet.network import MYCARENET
from protocols.sending import Addressee, Emitter, LotPart
from routing.payment import due_on
from tests.protocols.mycarenet.return_files import hear, settlement
from tests.protocols.mycarenet.sendings import Bill, Line, sending

NURSE = "41234567401"


def test_faq_01_and_14_a_nurse_has_one_point_of_contact() -> None:
    """For billing, agreements and notices alike: of two rows the newer one holds."""
    rows = [
        {"third_party": NURSE, "contact": "120", "valid_from": "2024-01-01"},
        {"third_party": NURSE, "contact": "134", "valid_from": "2026-10-01"},
    ]
    contacts = Contacts(rows)
    assert contacts.contact_of(NURSE, "2026-09-30") == "120"
    assert contacts.contact_of(f"0{NURSE}", "2026-10-01") == "134"
    assert contacts.contact_of("10000000007", "2026-10-01") == ""


def test_faq_11_certificates_of_care_stay_on_paper_with_the_caregiver() -> None:
    """The only certificate that a file has a zone for is that of blood."""
    names = files("protocols.mycarenet") / "data" / "zone_names.csv"
    zones = csv.DictReader(names.read_text(encoding="utf-8").splitlines())
    certificates = [each["name"] for each in zones if "attest" in each["nl"]]
    assert certificates == ["blood_certificate"]


def test_faq_12_a_settlement_is_paid_at_once_two_weeks_later() -> None:
    """One transfer, under the references of the settlement, due after fourteen days."""
    (payment,) = hear(
        settlement(sending([Bill(lines=[Line(amount=2500)])]))
    ).of_lot.payments
    assert payment.cents == 2500
    assert payment.reference
    assert due_on(date(2026, 11, 2), {}) == date(2026, 11, 16)


def test_faq_15_the_patients_share_is_counted_apart() -> None:
    """The insurer is asked its share only; what was billed is both."""
    content = sending([Bill(lines=[Line(amount=2500, share=400)])])
    (lot,) = reader.read(BytesIO(content)).lots()
    (claim,) = lot.claims
    assert (claim.asked, claim.asked_main, claim.asked_other) == (2500, 2500, 0)
    assert claim.billed == 2900


def test_faq_16_billing_goes_through_mycarenet() -> None:
    """Under the name from which its channel knows union and reference."""
    (channel,) = entry_points(group="octway.channels", name="genasync")
    assert channel.load()
    content = sending([Bill()])
    (lot,) = reader.read(BytesIO(content)).lots()
    made = MYCARENET.compose(
        [LotPart(lambda: BytesIO(content), lot.sender, lot.number, 1)],
        addressee=Addressee(payer="union-100", code="100"),
        emitter=Emitter(number="1", kind="", name=""),
        number=1,
        day="2026-11-02",
        into=BytesIO(),
    )
    reference = lot.destination["reference"]
    assert made.name == f"920000-100-{reference}-{mark_of(content)}.txt"


def test_faq_20_what_may_be_billed_together_is_told_by_the_refusal() -> None:
    """The list is INAMI's: the code says which act it was, and what to do."""
    for code in ("500444", "500445"):
        assert "bill only one of them" in codes.OWN.find(code).advice
