"""A payment that a payer announced, in words and for programs."""

from __future__ import annotations

from typing import Any

from gateway.cli.wording import money


def payment_words(row: Any, today: str) -> str:
    """Say by when a payment is due, or when it came and with how much."""
    words = f"payment of {money(row.cents)} with reference {row.reference}"
    if row.paid_on is not None:
        differs = row.paid_cents != row.cents
        amount = f", with {money(row.paid_cents)}" if differs else ""
        return f"{words} came on {row.paid_on}{amount}"
    if row.due_on < today:
        return f"{words} was due by {row.due_on} and is not known to have come"
    return f"{words} is due by {row.due_on}"


def payment_as_json(row: Any) -> dict[str, Any]:
    """Return a payment as it is kept, amounts in cents."""
    return {
        "lot": row.lot_id,
        "client": row.client_id,
        "payer": row.payer_id,
        "reference": row.reference,
        "account": row.account,
        "cents": row.cents,
        "due_on": row.due_on,
        "paid_on": row.paid_on,
        "paid_cents": row.paid_cents,
        "return": row.return_id,
    }
