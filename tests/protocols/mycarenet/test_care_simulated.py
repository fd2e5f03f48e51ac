"""A simulated union answers what it is asked, in the form that is read here."""

from __future__ import annotations

from io import BytesIO
from random import Random

from protocols.mycarenet.network import MYCARENET
from protocols.mycarenet.payer_simulator import Faults, SimulatedReturn, Union
from routing.envelope import AnswerSeen, Outcome
from tests.protocols.mycarenet.care_files import question

DAY = "2026-11-03"


def respond(
    content: bytes, seed: int = 1, faults: Faults | None = None
) -> list[SimulatedReturn]:
    union = Union(code="300", faults=faults or Faults())
    return union.respond(content, rng=Random(seed), day=DAY)


def said(returned: SimulatedReturn) -> AnswerSeen:
    format = MYCARENET.recognise(returned.content)
    assert format is not None
    reading = MYCARENET.read_return(BytesIO(returned.content), format)
    *_, answer = reading.answers()
    assert reading.summary().valid, reading.summary().problems
    assert reading.kind == returned.kind
    return answer


def test_a_question_to_bill_brings_a_commitment_and_another_none() -> None:
    one, two = respond(question() + question(request_type="1"))
    assert said(one).commitment is not None
    assert said(two).commitment is None
    assert one.name.startswith("801900-300-")


def test_care_is_agreed_to() -> None:
    (returned,) = respond(question("410000"))
    assert said(returned).outcome is Outcome.ACCEPTED


def test_some_palliative_notifications_wait_for_the_doctor() -> None:
    """All three ends occur: accepted, left open, and accepted after all within 30 days."""
    ends = set()
    for seed in range(40):
        found = respond(question("420000"), seed)
        assert all(each.delay_days <= 30 for each in found)
        ends.add(tuple(said(each).outcome for each in found))
    assert ends == {
        (Outcome.ACCEPTED,),
        (Outcome.DEFERRED,),
        (Outcome.DEFERRED, Outcome.ACCEPTED),
    }


def test_faults_meet_answers_too() -> None:
    assert respond(question(), faults=Faults(lost=1.0)) == []
    assert len(respond(question(), faults=Faults(doubled=1.0))) == 2


def test_what_is_not_in_the_simulated_form_is_not_answered() -> None:
    raw = b"801000000100120000002026110300000100".ljust(67, b"0")
    assert respond(raw) == []
