"""What a client is told of its deposit once it has been read.

The report stands beside the receipt as `<deposit id>.report.json`: the lots
that were found, and every problem with record, position and field.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from routing.envelope import Problem, Summary
from routing.lifecycle import DepositState
from routing.parts import NAMES

_ENCODE: Final = json.JSONEncoder(ensure_ascii=False).encode


def deposit_report(
    deposit: Any,
    state: DepositState,
    summary: Summary,
    lots: Iterable[Mapping[str, Any]],
    problems: Sequence[tuple[str | None, Problem]],
) -> bytes:
    """Write the report of a deposit that was just read, as JSON.

    `deposit` is its row, `lots` are the rows of its lots.  Each lot and each
    problem has a line of its own.
    """
    members = {
        "deposit": deposit.id,
        "filename": deposit.filename,
        "state": state,
        "format": summary.format or None,
        "valid": summary.valid,
        "records": summary.records,
        "lots": [_lot(row) for row in lots],
        "claims": summary.claims,
        "errors": summary.errors,
        "warnings": summary.warnings,
        "problems": [_problem(lot, problem) for lot, problem in problems],
    }
    lines = ",\n".join(
        f'  "{name}": {_lines(value) if isinstance(value, list) else _ENCODE(value)}'
        for name, value in members.items()
    )
    return f"{{\n{lines}\n}}\n".encode()


def _lines(values: Sequence[Mapping[str, Any]]) -> str:
    if not values:
        return "[]"
    return "[\n" + ",\n".join(f"    {_ENCODE(value)}" for value in values) + "\n  ]"


def _lot(row: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "lot": row["id"],
        "number": row["number"],
        "date": row["date"],
        "sender": row["sender"],
        "claims": row["claims"],
        "asked_cents": row["asked"],
        "valid": row["errors"] == 0,
        "part": NAMES[row["share"]],
        "part_of": row["part_of"],
    }


def _problem(lot: str | None, problem: Problem) -> Mapping[str, Any]:
    return {
        "lot": lot,
        "record": problem.record,
        "position": problem.position,
        "field": problem.field,
        "severity": problem.severity,
        "code": problem.code,
        "message": problem.message,
    }
