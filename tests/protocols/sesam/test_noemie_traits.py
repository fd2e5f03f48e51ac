"""What a return tells of an invoice beside its key is what it was billed with."""

from __future__ import annotations

import io
import random

import pytest

from protocols.sesam.network import SESAM
from protocols.sesam.noemie_claim import patients
from protocols.sesam.payer_simulator import Caisse, Faults
from protocols.sesam.sample_maker import FundFacts, make_file, make_sender

DAY = "2026-11-18"


def test_patients_days_and_amounts_are_those_that_were_billed() -> None:
    """Also where the patient has a number beside the insured person's."""
    rng = random.Random(3)
    fund = FundFacts(regime="01", fund="995", organism="995", computer_centre="000")
    sent = make_file(
        rng,
        sender=make_sender(rng),
        lots=2,
        invoices_per_lot=20,
        day=DAY,
        fund=fund,
        first_invoice=260_001_001,
    )
    claims = [
        claim
        for lot in SESAM.read(io.BytesIO(sent), "sesam.b2").lots()
        for claim in lot.claims
    ]
    assert len({len(claim.patient) for claim in claims}) == 2
    answers = [
        answer
        for back in Caisse(faults=Faults()).respond(sent, rng=rng, day=DAY)
        if back.kind == "payment"
        for answer in SESAM.read_return(
            io.BytesIO(back.content), "sesam.noemie"
        ).answers()
    ]
    told = {each.traits.number: each for each in answers}
    for claim in claims:
        answer = told[claim.number]
        assert claim.patient in answer.traits.patients
        assert (answer.traits.date, answer.asked) == (claim.date, claim.asked)
        assert answer.traits.lot_date == DAY


@pytest.mark.parametrize(
    ("insured", "person", "found"),
    [
        ("1" * 15, " " * 15 + "6905121", ("1" * 15 + "6905121", "1" * 15)),
        ("1" * 15, "2" * 15 + "6905121", ("2" * 15,)),
        ("1" * 15, "", ("1" * 15, "1" * 15)),
        ("0" * 15, " " * 15 + "6905121", ()),
        ("", "", ()),
    ],
)
def test_a_patient_is_named_as_in_a_billing_file(
    insured: str, person: str, found: tuple[str, ...]
) -> None:
    """By an own number, or by the insured person's with day and rank of birth."""
    assert patients(insured, person) == found
