"""What payers' answers about a patient mean for the question."""

from __future__ import annotations

from io import BytesIO

from protocols.mycarenet.care_message import form_of, write_message
from protocols.mycarenet.care_returns import CareReturnReading, split
from protocols.mycarenet.care_simulated import answer_to
from routing.commitment import CommitmentSeen
from routing.envelope import AnswerSeen, Level, Outcome
from tests.protocols.mycarenet.care_files import (
    NURSE,
    PATIENT,
    REFERENCE,
    insurability,
    palliative_answer,
    question,
    read_one,
)


def answers(raw: bytes) -> list[AnswerSeen]:
    reading = CareReturnReading(BytesIO(raw), "mycarenet.801900")
    found = list(reading.answers())
    assert reading.summary().valid, reading.summary().problems
    return found


def test_insurability_brings_a_commitment_of_thirty_days() -> None:
    (answer,) = answers(insurability())
    assert answer.level is Level.CLAIM
    assert answer.outcome is Outcome.ACCEPTED
    assert answer.match_keys == (f"{REFERENCE}/801000",)
    assert answer.commitment == CommitmentSeen(
        patient=PATIENT,
        payer_code="300",
        communicated="2026-11-03",
        valid_until="2026-12-03",
        insured_from="2026-01-01",
        insured_until="2026-12-31",
    )
    assert PATIENT not in "".join(answer.facts.values())


def test_insurability_for_information_brings_none() -> None:
    (answer,) = answers(insurability(commitment_1=""))
    assert (answer.outcome, answer.commitment) == (Outcome.ACCEPTED, None)


def test_an_error_in_the_header_refuses_the_question() -> None:
    raw = insurability(environment_error="30", commitment_1="")
    (answer,) = answers(raw)
    assert answer.outcome is Outcome.REJECTED
    assert answer.remarks[0].code == "202-30"


def test_a_palliative_notification_is_accepted_refused_or_left_open() -> None:
    (accepted,) = answers(palliative_answer("1"))
    (refused,) = answers(palliative_answer("5", "902"))
    receipt, left = answers(palliative_answer("5", "901"))
    assert accepted.outcome is Outcome.ACCEPTED
    assert refused.outcome is Outcome.REJECTED
    assert refused.remarks[0].label == "notified more than ten days back"
    assert (receipt.level, receipt.outcome) == (Level.LOT, Outcome.ACKNOWLEDGED)
    assert (left.level, left.outcome) == (Level.CLAIM, Outcome.DEFERRED)
    assert left.facts["open_until"] == "2026-12-04"
    assert left.match_keys == (f"{REFERENCE}/420000",)


def test_a_decision_on_nursing_care_is_told() -> None:
    raw = answer_to(
        read_one(question("410000")),
        "410900",
        day="2026-11-05",
        payer_reference="90000000000003",
        decision={
            "result": "2",
            "decided_from": "20261103",
            "decided_until": "20261231",
            "decision_reference": "D2026-42",
        },
    )
    (answer,) = answers(raw)
    assert answer.outcome is Outcome.ACCEPTED
    assert answer.facts["result"] == "agreed in part"
    assert answer.facts["decided_until"] == "2026-12-31"
    assert answer.sender == NURSE


def test_a_decision_that_nobody_asked_for_goes_to_the_provider() -> None:
    raw = write_message(
        form_of("410908"),
        {
            "reference": "1",
            "created": "20261105",
            "patient": PATIENT,
            "mutuality": "319",
            "provider": NURSE,
            "nature": "01",
            "result": "5",
        },
    )
    (answer,) = answers(raw)
    assert (answer.match_keys, answer.sender) == ((), NURSE)
    assert answer.outcome is Outcome.INFORMATION


def test_a_mixed_return_is_cut_by_owner() -> None:
    """Every owner gets whole messages; an answer in two parts stays together."""
    one, two = palliative_answer("5", "901"), insurability()
    parts = split(BytesIO(one + two), {0: "a", 1: "a", 2: "b"})
    assert [(part.owner, part.content) for part in parts] == [("a", one), ("b", two)]
