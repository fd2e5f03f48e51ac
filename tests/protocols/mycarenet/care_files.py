"""Invented messages about patients that nobody is, with right check digits."""

from __future__ import annotations

from io import BytesIO

from protocols.mycarenet.care_message import (
    CareMessage,
    form_of,
    read_messages,
    write_message,
)
from protocols.mycarenet.care_simulated import answer_to
from protocols.mycarenet.check_digits import nihii_key, niss_key

PATIENT = f"850101001{niss_key('850101001', since_2000=False):02}"
NURSE = f"412345{nihii_key('412345'):02}401"
DOCTOR = f"112345{nihii_key('112345'):02}004"
REFERENCE = "20261103000001"
COMMITMENT = "2" + "0123456789ABCDEF" * 2 + "000000000000042"


def question(message: str = "801000", **values: str) -> bytes:
    """Write a question or notification of 3 November 2026."""
    told = {
        "reference": REFERENCE,
        "created": "20261103",
        "requester": NURSE,
        "patient": PATIENT,
        "mutuality": "319",
    }
    more = {
        "801000": {
            "request_type": "2",
            "period_start": "20261101",
            "period_end": "20261130",
        },
        "410000": {
            "contractual_type": "B",
            "request_type": "1",
            "period_start": "20261103",
        },
        "420000": {"period_start": "20261024", "usual_doctor": DOCTOR},
    }
    return write_message(form_of(message), told | more[message] | values)


def read_one(raw: bytes) -> CareMessage:
    """Read the first message of some bytes."""
    return next(read_messages(BytesIO(raw)))


def insurability(version: str = "01", *, day: str = "2026-11-03", **more: str) -> bytes:
    """Write the answer to the question on insurability, with a commitment."""
    decision = {
        "mutuality_1": "319",
        "insured_from_1": "20260101",
        "insured_until_1": "20261231",
        "holder_code_1_1": "110",
        "holder_code_2_1": "110",
        "commitment_1": COMMITMENT,
    }
    return answer_to(
        read_one(question()),
        "801900",
        version=version,
        day=day,
        payer_reference="90000000000001",
        decision=decision | more,
    )


def palliative_answer(result: str, reason: str = "") -> bytes:
    """Write the answer of 4 November to the palliative notification."""
    return answer_to(
        read_one(question("420000")),
        "420900",
        day="2026-11-04",
        payer_reference="90000000000002",
        decision={"result": result, "reason": reason},
    )
