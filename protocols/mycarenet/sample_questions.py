"""Writes sample questions on insurability (801000): valid, and everything is invented.

Their form is SIMULATED, as `care_message` says: where the zones stand is not public.
"""

from __future__ import annotations

from datetime import date
from random import Random
from typing import BinaryIO, Final

from protocols.mycarenet.care_message import form_of, write_message
from protocols.mycarenet.sample_maker import MUTUALITIES, facts_of
from protocols.mycarenet.sample_numbers import make_niss

FLOW: Final = form_of("801000").flow
_WITH_COMMITMENT: Final = "2"  # what is asked for: the data for an invoice


def write_questions(
    code: str, *, rng: Random, day: str, sender: str, lots: int, into: BinaryIO
) -> int:
    """Write questions to a union, each about another patient; return their size.

    They ask about the month of the ISO `day`.  Raises ValueError as `facts_of` does.
    """
    today = date.fromisoformat(day)
    first, size = today.replace(day=1), 0
    for facts in facts_of(code, rng=rng, day=day, sender=sender, lots=lots, claims=1):
        patient, _ = make_niss(rng, today)
        values = {
            "reference": facts.reference,
            "created": f"{today:%Y%m%d}",
            "requester": facts.third_party,
            "patient": patient,
            "mutuality": MUTUALITIES[code][0],
            "request_type": _WITH_COMMITMENT,
            "period_start": f"{first:%Y%m%d}",
            "period_end": f"{today:%Y%m%d}",
        }
        size += into.write(write_message(form_of("801000"), values))
    return size
