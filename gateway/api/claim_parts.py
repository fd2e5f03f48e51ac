"""A claim that two payers owe, told as one, with each payer's part."""

from __future__ import annotations

import json
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Connection

from gateway.api.shapes import (
    Member,
    Shape,
    cents,
    column,
    fill_all,
    moment,
    money,
    named,
)
from gateway.journal import two_parts
from routing.ledger import Account
from routing.parts import NAMES, together

CLAIM_PART: Final[Shape] = MappingProxyType(
    {
        "part": Member(
            "string",
            "compulsory or complementary",
            lambda row: NAMES[row.share],
        ),
        "lot": column("lot_id", "string", "lot that it is in"),
        "payer": named("payer_id", "string?", "payer that it was routed to"),
        "state": column("state", "string", "where its lot stands"),
        "cause": column("cause", "string", "why it is held or refused, or empty"),
        "cause_words": column("cause_words", "string", "the same in words"),
        "asked": money("asked", "amount asked of that payer"),
        "paid": money("paid", "amount that it says it pays"),
        "account": column("account", "string", "where it stands in the ledger"),
        "outcome": column("outcome", "string", "the payer's last word, or empty"),
        "sent_at": moment("sent_at", "when the payer took it"),
        "answered_at": moment("answered_at", "when that word came"),
        "routing": Member(
            "looks",
            "which tables were looked into for its payer: table, row (0: none) and why",
            lambda row: json.loads(row.routing or "[]"),
        ),
    }
)


def add(
    connection: Connection, rows: Sequence[Any], items: Sequence[dict[str, Any]]
) -> None:
    """Tell a claim that two payers owe as one, and each payer's part with it."""
    places = [(row.lot_id, row.seq) for row in rows]
    found = two_parts.of_claims(connection, places)
    for place, item in zip(places, items, strict=True):
        parts = found.get(place, ())
        item["parts"] = fill_all(CLAIM_PART, parts)
        if parts:
            item["asked"] = cents(sum(part.asked for part in parts))
            item["paid"] = cents(sum(part.paid for part in parts))
            item["account"] = together([Account(part.account) for part in parts])
