"""What a client is told of its deposit once it has been read.

The report stands beside the receipt as `<deposit id>.report.json`: the lots
that were found, and every problem with record, position and field.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from gateway.journal import schema
from routing.envelope import Problem, Summary
from routing.lifecycle import DepositState


def deposit_report(
    connection: Connection,
    deposit: Row[*tuple[Any, ...]],
    state: DepositState,
    summary: Summary,
    problems: Sequence[tuple[str | None, Problem]],
) -> bytes:
    """Write the report of a deposit that was just read, as JSON."""
    table = schema.lot
    rows = connection.execute(
        select(table).where(table.c.deposit_id == deposit.id).order_by(table.c.position)
    )
    body = {
        "deposit": deposit.id,
        "filename": deposit.filename,
        "state": state,
        "format": summary.format or None,
        "valid": summary.valid,
        "records": summary.records,
        "lots": [
            {
                "lot": row.id,
                "number": row.number,
                "date": row.date,
                "sender": row.sender,
                "claims": row.claims,
                "asked_cents": row.asked,
                "valid": row.errors == 0,
            }
            for row in rows
        ],
        "claims": summary.claims,
        "errors": summary.errors,
        "warnings": summary.warnings,
        "problems": [
            {
                "lot": lot,
                "record": problem.record,
                "position": problem.position,
                "field": problem.field,
                "severity": problem.severity,
                "code": problem.code,
                "message": problem.message,
            }
            for lot, problem in problems
        ],
    }
    return (json.dumps(body, indent=2, ensure_ascii=False) + "\n").encode()
