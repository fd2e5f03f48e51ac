"""What each format of the network is, in words for somebody who has never seen one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from protocols.mycarenet import care_message, tack
from protocols.mycarenet.care_message import OUT

_BILLING: Mapping[str, str] = {
    "920000": "a Belgian billing file (eFact 920000): invoices that a third-party "
    "payer sends to a union of mutualities",
    "931000": "a Belgian receipt (eFact 931000): a union has a sending and has not "
    "looked into it",
    "920999": "a Belgian refusal (eFact 920999): a sending was stopped by its header, "
    "its totals or a number used twice",
    "920099": "a Belgian refusal (eFact 920099): nothing of a sending is paid, and why",
    "920098": "a Belgian acceptance (eFact 920098): a sending was taken, and what was "
    "noted",
    "920900": "a Belgian settlement (eFact 920900): what a union pays of a sending and "
    "what it refuses",
}


def _care() -> dict[str, str]:
    """Put the messages about one patient into words; where a form is invented, say so."""
    found: dict[str, str] = {}
    for form in care_message.forms():
        sent = form.direction == OUT
        what = "question or notice to a union" if sent else "answer of a union"
        how = "its form is SIMULATED" if form.layout else "only its name is public"
        words = f"a Belgian {what} ({form.message}, {form.flow}); {how}"
        found.setdefault(form.format, words)
    return found


TITLES: Final[Mapping[str, str]] = {
    **{f"mycarenet.{message}": words for message, words in _BILLING.items()},
    tack.FORMAT: tack.TITLE,
    **_care(),
}
"""Every format by its name."""
