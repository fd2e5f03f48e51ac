"""Rules of the Christian mutualities' FAQ on Refac about what comes back.

Each test bears the number that `docs/networks/mycarenet.md` gives the rule.
"""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from protocols.mycarenet import care_reader, care_returns, codes
from protocols.mycarenet.comments import tell
from protocols.mycarenet.network import MYCARENET
from protocols.mycarenet.palliative import (
    accepted_after_all,
    may_start,
    open_until,
)
from protocols.mycarenet.return_writer import BLOCKING, Verdict
from protocols.mycarenet.rules import RULINGS, NumberState, rule
from routing.envelope import AnswerSeen, Outcome, Remark
from routing.number_use import NumberRuling, NumberUse
from tests.protocols.mycarenet.return_files import (
    hear,
    preliminary,
    receipt,
    refused,
    settlement,
    verdict,
)
from tests.protocols.mycarenet.sendings import Bill, Line, sending

DAY = "20261102"
TWO_LINES = sending([Bill(lines=[Line(), Line()])])
NURSE = "41234567401"


def _after(*said: AnswerSeen, kind: str = "verdict") -> NumberRuling:
    """Say what may be done with a number once a payer said this of its sending."""
    heard = frozenset((kind, each.outcome) for each in said)
    return rule([NumberUse("d-1", heard)])


def _remarks(*said: Verdict) -> list[Remark]:
    """Settle an invoice of two lines with these verdicts on its lines."""
    content = settlement(TWO_LINES, dict(enumerate(said, 3)))
    (claim,) = hear(content).of_claims
    return list(claim.remarks)


def test_faq_06_and_17_agreements_and_notices_are_answered_by_message() -> None:
    """Asked for electronically, each is owed a receipt and a decision."""
    kinds = {each.kind for each in MYCARENET.answer_kinds}
    assert {care_returns.REPLY, care_returns.KIND} < kinds
    for format in ("mycarenet.410000", "mycarenet.420000"):
        assert format in care_reader.FORMATS
        assert not MYCARENET.is_return(format)
    for format in ("mycarenet.410900", "mycarenet.420900"):
        assert MYCARENET.is_return(format)


def test_faq_07_a_stay_in_hospital_is_told_with_its_days() -> None:
    """R500545, and what zone 149 adds to it."""
    said = Verdict(("R500545",), "Hospitalisé CHU SPECIMEN du 20261101 à 20261105")
    (remark, *_) = _remarks(said)
    assert remark.code == "R500545"
    assert "from 2026-11-01 to 2026-11-05" in remark.more


def test_faq_10_a_prescription_is_kept_and_not_sent() -> None:
    """Five years, in the patient's file."""
    assert "five years" in codes.OWN.find("502022").advice


def test_faq_13_what_was_asked_is_accepted_or_refused() -> None:
    """A settlement says both, by mutuality and in all; corrections come off later."""
    heard = hear(settlement(TWO_LINES, {3: Verdict(("R502255",))}))
    totals = heard.summary.totals
    assert totals["asked"] == totals["accepted"] + totals["refused"]
    assert heard.of_lot.facts["payment_reference"]
    assert not heard.problems


@pytest.mark.parametrize("consequence", ["R500118", "R500119"])
def test_faq_18_a_consequence_names_the_line_that_caused_it(consequence: str) -> None:
    """The cause comes first; the other line is right as it is."""
    told = _remarks(Verdict((consequence,)), Verdict(("R502255",)))
    assert [each.code for each in told] == ["R502255", consequence]
    assert told[1].label.endswith("caused by R502255")


@pytest.mark.parametrize("code", ["500444", "500445", "502255"])
def test_faq_19_and_22_the_other_act_is_named(code: str) -> None:
    """Which one, of which day, and who billed it, where the payer says so."""
    comment = f"425014 {DAY} du 20261103 facturée par {NURSE}"
    (remark, *_) = _remarks(Verdict((f"R{code}",), comment))
    for part in ("425014", "2026-11-02", NURSE):
        assert part in remark.more


def test_faq_23_a_diabetes_care_path_is_told() -> None:
    """R500403 and R5004K6: only the payer knows who has one."""
    comment = "Le patient a un trajet de soins diabète à cette date."
    for code in ("500403", "5004K6"):
        assert "care path" in tell(code, comment)
        assert "care path" in codes.OWN.find(code).advice


def test_faq_24_an_accepted_sending_cannot_be_cancelled() -> None:
    """Its number stays used, whatever comes after."""
    assert "cancelled" in RULINGS[NumberState.ACCEPTED].advice


def test_faq_25_what_a_settlement_refuses_is_billed_later_anew() -> None:
    """In a later sending under a new number; the rest is paid."""
    heard = hear(settlement(TWO_LINES, {3: Verdict(("R502255",))}))
    (claim,) = heard.of_claims
    assert claim.outcome is Outcome.PARTLY_PAID
    ruling = _after(heard.of_lot, kind="settlement")
    assert not ruling.may_go
    assert "later sending" in ruling.advice


@pytest.mark.parametrize(
    "content",
    [
        verdict(TWO_LINES, {1: Verdict(("B100721",))}, refusal=BLOCKING),
        refused(TWO_LINES, {3: Verdict(("R502255",))}),
    ],
    ids=["blocking", "too-many"],
)
def test_faq_26_a_refused_file_comes_again_under_its_number(content: bytes) -> None:
    """920099, for either reason: corrected, all of it, with the same number."""
    ruling = _after(hear(content).of_lot)
    assert ruling.may_go
    assert "same number" in ruling.advice


def test_faq_27_a_number_received_twice_waits_for_the_first_verdict() -> None:
    """920999: after 920098 it is not sent again, after 920099 it is."""
    twice = hear(preliminary(TWO_LINES, {"sending_number": "40"})).of_lot
    waiting = _after(twice)
    assert (waiting.may_go, waiting.waits) == (False, True)
    assert _after(twice, hear(verdict(TWO_LINES)).of_lot).state is NumberState.ACCEPTED
    first = hear(refused(TWO_LINES, {3: Verdict(("R502255",))})).of_lot
    assert _after(first).state is NumberState.REFUSED


def test_faq_27_a_wrong_header_is_corrected_and_sent_again() -> None:
    """920999 for the header, 95 or 96: nothing was looked at."""
    content = preliminary(TWO_LINES, {"environment": "30"}, {1: {"mutuality": "20"}})
    heard = hear(content)
    assert heard.of_lot.outcome is Outcome.REJECTED
    assert _after(heard.of_lot).may_go


def test_faq_29_what_is_only_noted_comes_with_an_accepted_file() -> None:
    """E500452 in a 920098 informs, and refuses nothing."""
    heard = hear(verdict(TWO_LINES, {3: Verdict(("E500452",))}))
    (claim,) = heard.of_claims
    assert claim.outcome is Outcome.INFORMATION
    assert heard.of_lot.outcome is Outcome.ACKNOWLEDGED


def test_faq_30_an_empty_comment_takes_nothing_away() -> None:
    """The code is told all the same."""
    (remark, *_) = _remarks(Verdict(("R502255",)))
    assert remark.label.startswith(codes.label_of("502255"))


def test_faq_31_the_number_of_an_accepted_sending_is_never_used_again() -> None:
    """Nor one that a former system, or another program, used."""
    accepted = _after(hear(verdict(TWO_LINES)).of_lot)
    assert not accepted.may_go
    assert not accepted.waits
    before = rule([NumberUse("")])
    assert before.state is NumberState.BEFORE
    assert not before.may_go


def test_faq_31_a_receipt_alone_frees_no_number() -> None:
    """931000 says that the file came, and no more."""
    waiting = _after(hear(receipt(TWO_LINES)).of_lot, kind="receipt")
    assert (waiting.may_go, waiting.waits) == (False, True)


def test_faq_32_a_palliative_notice_reaches_back_ten_days() -> None:
    """Refused for want of the doctor's, it is accepted if that comes in 30 days."""
    notified = date(2026, 11, 18)
    assert may_start(notified - timedelta(10), notified=notified)
    assert not may_start(notified - timedelta(11), notified=notified)
    last = notified + timedelta(30)
    assert open_until(notified) == last
    assert accepted_after_all(refused=notified, doctor_notified=last)
    late = last + timedelta(1)
    assert not accepted_after_all(refused=notified, doctor_notified=late)


@pytest.mark.parametrize(
    ("code", "comment", "told"),
    [
        ("500545", "Hospitalisé X du 20261101 à 20261105", "2026-11-05"),
        ("500403", "Le patient a un trajet de soins diabète à cette date.", "diabetes"),
        ("500444", f"425014 {DAY} du 20261103 facturée par {NURSE}", NURSE),
        ("500445", f"425014 {DAY} du 20261103 facturée par {NURSE}", NURSE),
        ("501942", f"Plafond dépassé par {NURSE} dans fact 000000000012", "12"),
        ("500450", "L'affilié est inscrit à la maison médicale 83212345", "83212345"),
        ("502255", f"425014 {DAY} du 20261103 facturée par {NURSE}", NURSE),
    ],
)
def test_faq_34_every_template_of_zone_149_is_read(
    code: str, comment: str, told: str
) -> None:
    """Seven codes have one."""
    assert told in tell(code, comment)
