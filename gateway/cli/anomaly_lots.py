"""The lots behind an anomaly about late or missing answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from gateway.cli.tables import heading, table
from gateway.cli.terminal import Terminal
from gateway.intake.receipts import iso_time
from gateway.wording import counted, moment


def as_json(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    """Return one lot for programs."""
    return {
        "lot": row.id,
        "number": row.number,
        "sender": row.sender,
        "client": row.client_id,
        "chase": row.state or None,
        "claims": row.claims,
        "since": iso_time(row.since),
    }


def show(lots: Sequence[Row[*tuple[Any, ...]]], count: int, terminal: Terminal) -> None:
    """List the lots behind an anomaly, each with what to type to see its whole life."""
    if not lots:
        return
    heading(terminal, f"{counted(count, 'lot')} behind it (octway trace LOT)")
    table(
        terminal,
        ("lot", "number", "sender", "client", "claims", "since", "chase"),
        [
            (
                row.id,
                row.number,
                row.sender,
                row.client_id,
                f"{row.claims:,}",
                moment(row.since, terminal.zone),
                row.state,
            )
            for row in lots
        ],
        right=("claims",),
        indent="  ",
    )
    if count > len(lots):
        terminal.say(f"  and {count - len(lots):,} more")
