"""The supporting documents of claims, and where each stands."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Connection

from gateway.api.shapes import Shape, column, fill, moment
from gateway.journal import attachments

CLAIM_DOCUMENT: Final[Shape] = MappingProxyType(
    {
        "deposit": column("deposit_id", "string", "deposit that the document is"),
        "filename": column("filename", "string", "name that it came under"),
        "received_at": moment("created_at", "when it was read"),
        "state": column("state", "string", "where it stands: held while it waits"),
        "account": column("account", "string", "rejected: its payer refused it"),
        "cause": column("cause", "string", "why it is held or refused, or empty"),
        "cause_words": column("cause_words", "string", "the same in words"),
        "scan": column("scan", "string", "what the virus scanner said"),
    }
)


def add(
    connection: Connection, rows: Sequence[Any], items: Sequence[dict[str, Any]]
) -> None:
    """Tell with each claim which documents belong to it."""
    found: dict[tuple[str, int], list[dict[str, Any]]] = {
        (row.lot_id, row.seq): [] for row in rows
    }
    for each in attachments.of_lots(connection, sorted({row.lot_id for row in rows})):
        place = (each.about_lot, each.about_seq)
        if place in found:
            found[place].append(fill(CLAIM_DOCUMENT, each))
    for row, item in zip(rows, items, strict=True):
        item["documents"] = found[row.lot_id, row.seq]
