"""A payment that a payer announced, in words."""

from __future__ import annotations

from typing import Any

from gateway.telling.voice import Voice


def payment_words(row: Any, today: str, voice: Voice) -> str:
    """Say by when a payment is due, or when it came and with how much."""
    facts = {"amount": voice.money(row.cents), "reference": row.reference}
    if row.paid_on is None:
        late = row.due_on < today
        return voice.say(_WAS_DUE if late else _IS_DUE, day=row.due_on, **facts)
    if row.paid_cents == row.cents:
        return voice.say(_CAME, day=row.paid_on, **facts)
    paid = voice.money(row.paid_cents)
    return voice.say(_CAME_OTHER, day=row.paid_on, paid=paid, **facts)


_IS_DUE = "payment of {amount} with reference {reference} is due by {day}"
_WAS_DUE = (
    "payment of {amount} with reference {reference} was due by {day} and is not known "
    "to have come"
)
_CAME = "payment of {amount} with reference {reference} came on {day}"
_CAME_OTHER = (
    "payment of {amount} with reference {reference} came on {day}, with {paid}"
)
