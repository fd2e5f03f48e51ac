"""Answers that fitted nothing are tried again after a start, and nobody waits for it."""

from __future__ import annotations

from sqlalchemy import insert

from gateway.committing import Tx
from gateway.journal import returns, schema
from tests.gateway.journal.desk import Desk

NOW = 1_790_000_000.0
MANY = 501


def add_orphans(tx: Tx) -> None:
    payload = {
        "id": "p",
        "sha256": "s",
        "size": 1,
        "place": "f",
        "place_offset": 0,
        "key_id": "k",
        "wrapped_key": b"",
        "created_at": NOW,
    }
    tx.connection.execute(insert(schema.payload), payload)
    same = {
        "endpoint_id": "e",
        "network": "sesam",
        "remote_name": "r",
        "remote_size": 1,
        "remote_modified": NOW,
        "payload_id": "p",
        "collected_at": NOW,
        "state": "partly-matched",
        "retry_at": NOW + 9,
    }
    rows = [
        {**same, "id": f"r{number}", "sha256": f"{number}", "matched_at": NOW - number}
        for number in range(-1, MANY)
    ]
    tx.connection.execute(insert(schema.payer_return), rows)


def test_all_that_rest_become_due_some_hundreds_at_a_time(desk: Desk) -> None:
    """Each turn is short; what was tried meanwhile rests, and it comes to an end."""
    desk.write(add_orphans)
    assert desk.write(returns.orphans_due, NOW) is True
    assert desk.write(returns.orphans_due, NOW) is False
    resting = [each for each in desk.rows(schema.payer_return) if each.retry_at]
    assert [each.id for each in resting] == ["r-1"]
