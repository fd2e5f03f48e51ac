"""SIMULATED unions' answers to questions and notifications, for demo and tests.

Nothing here knows who is insured: whoever is asked about is, and gets a payment
commitment where the question is one to bill.  Care is agreed to; one palliative
notification in five is refused because the doctor's is not there, and most of these
are accepted after all some days later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from io import BytesIO
from random import Random
from typing import Final

from protocols.mycarenet.care_message import (
    CareMessage,
    form_of,
    layout_of,
    read_messages,
    union_of,
    write_message,
)
from protocols.mycarenet.care_returns import KIND
from protocols.mycarenet.palliative import REFUSED, palliative_rules
from protocols.simulated_payer import SimulatedReturn

_AGREED: Final = "1"
_TO_BILL: Final = "2"
_DOCTOR_LATE: Final = 0.2
_PUT_RIGHT: Final = 0.7
_HEX: Final = "0123456789ABCDEF"


def replies(content: bytes, *, rng: Random, day: str) -> list[SimulatedReturn]:
    """Answer every question in a file that came on an ISO day, and is in its form."""
    made: list[SimulatedReturn] = []
    for question in read_messages(BytesIO(content)):
        if question.form is None or len(question.raw) < question.layout.length:
            continue
        union = union_of(question.values["mutuality"])
        for message, decision, days in _decide(question, rng, day):
            made.append(
                SimulatedReturn(
                    name=f"{message}-{union}-{question.values['reference']}-{days}.txt",
                    content=answer_to(
                        question,
                        message,
                        day=_later(day, days),
                        payer_reference=f"{rng.randrange(1, 10**14):014}",
                        decision=decision,
                    ),
                    kind=KIND,
                    delay_days=days,
                )
            )
    return made


def answer_to(
    question: CareMessage,
    message: str,
    *,
    version: str = "01",
    day: str,
    payer_reference: str,
    decision: Mapping[str, str],
) -> bytes:
    """Write an answer made on the ISO `day`: what was asked, and the decision.

    Zones that question and answer have in common are repeated.  Raises `KeyError` for
    a form that is not known, `ValueError` for a value that does not fit.
    """
    form = form_of(message, version)
    layout = layout_of(form)
    common = [
        name
        for name in question.values.keys() & layout.by_name.keys()
        if not name.endswith("_error")
        and name not in {"message_type", "format_version", "form", "created"}
    ]
    values = {name: question.values[name] for name in common}
    made = "communicated" if "communicated" in layout.by_name else "created"
    values[made] = day.replace("-", "")
    values["payer_reference"] = payer_reference
    return write_message(form, values | dict(decision))


def _decide(
    question: CareMessage, rng: Random, day: str
) -> Iterator[tuple[str, Mapping[str, str], int]]:
    """Yield answers: message, decision, and after how many days."""
    asked = question.values["message_type"]
    if asked == "801000":
        yield "801900", _insured(question, rng, day), 0
    elif asked == "410000":
        reference = f"SIM{rng.randrange(10**6):06}"
        yield "410900", {"result": _AGREED, "decision_reference": reference}, 1
    elif asked == "420000":
        agreed = {"result": _AGREED, "billed_from": question.values["period_start"]}
        if rng.random() >= _DOCTOR_LATE:
            yield "420900", agreed, 1
            return
        missing = palliative_rules().doctor_missing
        yield "420900", {"result": REFUSED, "reason": missing}, 1
        if rng.random() < _PUT_RIGHT:
            yield "420900", agreed, 1 + rng.randrange(2, 20)


def _insured(question: CareMessage, rng: Random, day: str) -> dict[str, str]:
    decision = {
        "mutuality_1": question.values["mutuality"],
        "insured_from_1": f"{day[:4]}0101",
        "insured_until_1": f"{day[:4]}1231",
        "holder_code_1_1": "110",
        "holder_code_2_1": "110",
    }
    if question.values["request_type"] == _TO_BILL:
        decision["commitment_1"] = "".join(rng.choice(_HEX) for _ in range(32))
    return decision


def _later(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days)).isoformat()
