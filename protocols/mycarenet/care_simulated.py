"""SIMULATED payers' answers to questions and notifications, for demo and tests.

What a payer decides is given by the caller; nothing here knows who is insured.
"""

from __future__ import annotations

from collections.abc import Mapping

from protocols.mycarenet.care_message import (
    CareMessage,
    form_of,
    layout_of,
    write_message,
)


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
