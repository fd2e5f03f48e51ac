"""The supporting documents of claims, in a life for people and for programs."""

from __future__ import annotations

from typing import Any

from gateway.cli.tables import heading
from gateway.cli.terminal import Terminal
from gateway.intake.receipts import iso_time
from gateway.journal.attachments import SHOWN
from gateway.journal.life import Life
from gateway.wording import moment


def show(life: Life, terminal: Terminal) -> None:
    """Show where each document of the claims stands."""
    if not life.documents:
        return
    heading(terminal, "Supporting documents")
    for row in life.documents:
        came = moment(row.created_at, terminal.zone)
        why = f": {row.cause_words}" if row.cause_words else ""
        says = f"{row.deposit_id}  for invoice {row.invoice}, received {came}"
        terminal.say(f"  {says}, {row.state}{why}")
    if len(life.documents) == SHOWN:
        terminal.say("  … there may be more: trace one invoice for all of its own")


def as_json(life: Life) -> list[dict[str, Any]]:
    """Tell the documents of the claims."""
    return [
        {
            "deposit": row.deposit_id,
            "invoice": row.invoice,
            "received_at": iso_time(row.created_at),
            "state": row.state,
            "cause": row.cause or None,
            "cause_words": row.cause_words or None,
            "scan": row.scan or None,
        }
        for row in life.documents
    ]
