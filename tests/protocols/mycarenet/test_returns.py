"""What each message of a payer says, as the payers' own pages explain it."""

from __future__ import annotations

import pytest

from protocols.mycarenet.return_writer import (
    BLOCKING,
    NO_REASON,
    TOO_MANY,
    Verdict,
)
from routing.envelope import Outcome
from tests.protocols.mycarenet.return_files import (
    HEADER,
    codes,
    hear,
    preliminary,
    receipt,
    refused,
    settlement,
    verdict,
)
from tests.protocols.mycarenet.sendings import THIRD_PARTY, Bill, Line, sending

KEY = "20261126000001/202611/007"
SENDER = THIRD_PARTY.lstrip("0")
TWO = sending([Bill(number=1), Bill(number=2, patient=2)])
_LINE_OF_FIRST, _LINE_OF_SECOND = 3, 6


def test_a_receipt_says_received_and_not_accepted() -> None:
    heard = hear(receipt(TWO))

    assert heard.kind == "receipt"
    assert heard.of_lot.outcome is Outcome.ACKNOWLEDGED
    assert heard.of_lot.match_keys == ("20261126000001",)
    assert not heard.problems


def test_a_file_accepted_with_remarks_informs_of_its_invoices() -> None:
    """A 920098 refuses nothing, whatever letters its codes have."""
    heard = hear(verdict(TWO, {_LINE_OF_SECOND: Verdict(("R502405", "E500404"))}))

    assert heard.kind == "verdict"
    (claim,) = heard.of_claims
    assert claim.outcome is Outcome.INFORMATION
    assert claim.match_keys == (f"{KEY}/000000000002",)
    assert codes(claim) == ["R502405", "E500404"]
    assert heard.of_lot.outcome is Outcome.ACKNOWLEDGED
    assert heard.of_lot.match_keys == (KEY, "20261126000001")
    assert heard.of_lot.sender == claim.sender == SENDER
    assert heard.of_lot.facts["error_percentage"] == "12.50"


def test_a_file_accepted_without_remarks_names_no_invoice() -> None:
    heard = hear(verdict(TWO))

    assert heard.answers == [heard.of_lot]
    assert heard.of_lot.outcome is Outcome.ACKNOWLEDGED
    assert heard.summary.records == 2


def test_a_refused_file_refuses_every_invoice() -> None:
    """Those with codes are told why, and the sending takes all others with it."""
    heard = hear(refused(TWO, {_LINE_OF_FIRST: Verdict(("R502255",))}))

    (claim,) = heard.of_claims
    assert claim.outcome is Outcome.REJECTED
    assert claim.asked == 1000
    assert codes(claim) == ["R502255"]
    assert heard.of_lot.outcome is Outcome.REJECTED
    assert heard.of_lot.asked == 2000
    assert heard.of_lot.facts["refusal_type"] == "02"
    assert codes(heard.of_lot) == ["311-02"]
    assert "5 %" in heard.of_lot.remarks[0].label


def test_errors_of_the_sending_itself_are_told_with_it() -> None:
    wrong = {1: Verdict(("B100721",)), 8: Verdict(("B909902",))}
    heard = hear(verdict(TWO, wrong, refusal=BLOCKING))

    assert not heard.of_claims
    assert codes(heard.of_lot) == ["B100721", "B909902"]


def test_a_refused_file_may_come_back_as_a_header_alone() -> None:
    """One payer was seen to return no record at all."""
    heard = hear(verdict(TWO, refusal=BLOCKING, records=False, dialect="300"))

    assert heard.of_lot.outcome is Outcome.REJECTED
    assert heard.of_lot.match_keys[0] == KEY
    assert codes(heard.of_lot) == ["311-01"]
    assert not heard.problems


def test_a_number_used_twice_waits_for_the_first_ones_verdict() -> None:
    """A 920999 for uniqueness decides nothing: the first file's verdict does."""
    heard = hear(preliminary(TWO, {"sending_number": "40"}))

    assert heard.kind == "verdict"
    assert heard.of_lot.outcome is Outcome.DEFERRED
    assert codes(heard.of_lot) == ["301-40"]
    assert heard.of_lot.match_keys[0] == KEY


def test_a_file_refused_for_its_header_or_sums_was_not_looked_into() -> None:
    content = preliminary(TWO, {"environment": "30"}, {1: {"mutuality": "20"}})
    heard = hear(content)

    assert len(content) == 227 + 350
    assert heard.of_lot.outcome is Outcome.REJECTED
    assert codes(heard.of_lot) == ["202-30", "501-20"]
    assert "199" in heard.of_lot.remarks[1].label
    assert all(each.label for each in heard.of_lot.remarks)


def test_a_settlement_pays_what_it_does_not_show() -> None:
    """Only what is not paid in full is shown; the rest of the sending is paid."""
    heard = hear(settlement(TWO, {_LINE_OF_FIRST: Verdict(("R502255",))}))

    assert heard.kind == "settlement"
    (claim,) = heard.of_claims
    assert (claim.outcome, claim.asked, claim.paid) == (Outcome.REJECTED, 1000, 0)
    lot = heard.of_lot
    assert (lot.outcome, lot.asked, lot.paid) == (Outcome.PAID, 2000, 1000)
    assert lot.facts["payment_reference"] == "007/202611/900/"
    assert lot.facts["refused"] == "1000"
    assert lot.facts["union"] == "100"
    assert not heard.problems


def test_a_settlement_that_pays_nothing_refuses_the_sending() -> None:
    both = {2: Verdict(("F200742",)), 5: Verdict(("F200742",))}
    heard = hear(settlement(TWO, both))

    assert [each.outcome for each in heard.answers] == [Outcome.REJECTED] * 3


def test_an_invoice_may_be_paid_in_part() -> None:
    """By lines refused, or by a line that is lowered."""
    bill = Bill(lines=[Line(amount=1000), Line(amount=700), Line(amount=500)])
    said = {4: Verdict(("R502255",)), 5: Verdict(("S501903",), accepted=450)}
    heard = hear(settlement(sending([bill]), said))

    (claim,) = heard.of_claims
    assert (claim.outcome, claim.paid) == (Outcome.PARTLY_PAID, 1450)
    assert heard.of_lot.paid == 1450
    assert not heard.problems


def test_a_noted_invoice_is_paid_in_full() -> None:
    heard = hear(settlement(TWO, {_LINE_OF_FIRST: Verdict(("E500404",))}))

    (claim,) = heard.of_claims
    assert (claim.outcome, claim.paid) == (Outcome.PAID, 1000)
    assert codes(claim) == ["E500404"]


def test_both_accounts_are_paid() -> None:
    bill = Bill(lines=[Line(amount=1000), Line(amount=700, on_b=True)])
    heard = hear(settlement(sending([bill]), {3: Verdict(("R502255",))}))

    assert (heard.of_claims[0].asked, heard.of_claims[0].paid) == (1700, 700)
    assert not heard.problems


def test_a_credit_note_is_settled_with_its_sign() -> None:
    bill = Bill(lines=[Line(amount=-1000)], corrects=(3, "202610", 9))
    heard = hear(settlement(sending([bill]), {3: Verdict(("E500404",))}))

    (claim,) = heard.of_claims
    assert (claim.outcome, claim.asked, claim.paid) == (Outcome.PAID, -1000, -1000)
    assert claim.facts["corrects_sending"] == "003"
    assert claim.facts["corrects_invoice"] == "000000000009"


@pytest.mark.parametrize("verdict_is", ["920098", "920099"])
def test_the_messages_on_one_sending_have_its_reference(verdict_is: str) -> None:
    """Receipt, verdict and settlement are tied to each other by zone 204."""
    refusal = TOO_MANY if verdict_is == "920099" else NO_REASON
    chain = [receipt(TWO), verdict(TWO, refusal=refusal), settlement(TWO)]

    heard = [hear(each) for each in chain]

    assert heard[1].summary.format == f"mycarenet.{verdict_is}"
    assert {each.of_lot.match_keys[-1] for each in heard} == {"20261126000001"}
    assert {each.summary.keys["reference"] for each in heard} == {"20261126000001"}


def test_an_answer_tells_by_what_else_an_invoice_is_known() -> None:
    (claim,) = hear(refused(TWO, {6: Verdict(("R502255",))})).of_claims

    assert claim.traits.number == "000000000002"
    assert (claim.traits.lot, claim.traits.lot_date) == ("007", "2026-11-26")
    assert claim.traits.date == "2026-11-02"
    (patient,) = claim.traits.patients
    assert len(patient) == 11


def test_the_day_of_care_is_told_where_all_lines_are_shown() -> None:
    """Else the first line shown need not be the first of the invoice."""
    lines = [Line(date="20261102"), Line(date="20261103")]
    sent = sending([Bill(lines=lines)])
    both = {3: Verdict(("R502255",)), 4: Verdict(("R502255",))}
    (whole,) = hear(refused(sent, both)).of_claims
    (part,) = hear(refused(sent, {4: Verdict(("R502255",))})).of_claims

    assert (whole.traits.date, part.traits.date) == ("2026-11-02", "")


def test_nothing_told_of_an_invoice_names_its_patient() -> None:
    """Facts and labels are read by staff; the patient is in the traits alone."""
    comment = "0425014 20261102 du 20261102 facturée par 41234567401"
    said = {_LINE_OF_FIRST: Verdict(("R502255",), comment)}
    (claim,) = hear(refused(TWO, said)).of_claims
    (patient,) = claim.traits.patients

    told = [*claim.facts.values(), *(each.label for each in claim.remarks)]
    assert not any(patient in each for each in told)


def test_the_header_is_long_where_records_are() -> None:
    assert len(verdict(TWO)) == HEADER + 2 * 800
    assert len(receipt(TWO)) == 227
