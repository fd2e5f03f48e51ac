"""A payment that a payer announced, for programs."""

from __future__ import annotations

from typing import Any


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
