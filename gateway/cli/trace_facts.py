"""A life for programs.  Times are ISO texts in UTC, amounts are cents."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import tzinfo
from typing import Any

from sqlalchemy import Row

from gateway.cli import trace_chase, trace_documents
from gateway.cli.anomaly import as_json as anomaly_as_json
from gateway.cli.payment_words import payment_as_json
from gateway.cli.webhook_shown import told_as_json
from gateway.intake.receipts import iso_time
from gateway.journal.life import Life
from gateway.journal.life_lots import Standing
from gateway.journal.trace import Found
from gateway.pursuit import Pursuit
from gateway.telling import coming, events, standing, todo
from gateway.telling.voice import English
from routing.parts import NAMES

AnyRow = Row[*tuple[Any, ...]]


def found_as_json(found: Found) -> dict[str, Any]:
    """Return one match."""
    return {
        "kind": found.kind,
        "id": found.id,
        "label": found.label,
        "client": found.client or None,
        "file": found.file or None,
        "state": found.state or None,
        "seq": found.seq,
        "at": iso_time(found.at),
    }


def life_as_json(
    life: Life, pursuit: Pursuit, now: float, zone: tzinfo | None
) -> dict[str, Any]:
    """Return everything that the screen shows, and a little more."""
    voice = English(zone)
    return {
        "kind": life.found.kind,
        "id": life.found.id,
        "headline": standing.headline(life, voice),
        "todo": [each.words for each in todo.todo(life, pursuit, voice)],
        "next": coming.next_steps(life, pursuit, now, voice),
        "numbers": [
            {"lot": lot.id, "number": lot.number, "series": lot.series}
            | ruling._asdict()
            for lot, ruling in pursuit.numbers
        ],
        "client": life.client and life.client.id,
        "deposit": life.deposit and _deposit(life.deposit),
        "claim": life.claim and _claim(life.claim),
        "parts": [_part(row) for row in life.parts],
        "commitment": life.promise and life.promise._asdict(),
        "lot_count": life.lot_count,
        "states": dict(life.states),
        "accounts": _accounts(life.standing),
        "lots": [_lot(life, row) for row in life.lots],
        "dispatches": [_dispatch(row) for row in life.dispatches],
        "documents": trace_documents.as_json(life),
        "owed": [_owed(row) for row in life.owed],
        "payments": [payment_as_json(row) for row in life.payments],
        "chase": trace_chase.as_json(pursuit),
        "returns": [_return(row) for row in life.returns],
        "handbacks": [_handback(row) for row in life.handbacks],
        "receipts": [
            {
                "id": row.id,
                "kind": row.kind,
                "about": row.subject,
                "client": row.client_id,
                "entry": row.number,
                "sha256": row.sha256,
            }
            for row in life.receipts
        ],
        "webhooks": [told_as_json(row) for row in life.webhooks],
        "anomalies": [anomaly_as_json(row) for row in _anomalies(life)],
        "problems": [
            {
                "lot": row.lot_id,
                "record": row.record,
                "position": row.position,
                "field": row.field,
                "severity": row.severity,
                "code": row.code,
                "message": row.message,
            }
            for row in life.problems
        ],
        "timeline": [
            {
                "at": iso_time(each.first),
                "until": iso_time(each.last),
                "kind": each.kind,
                "count": each.times,
                "subject": each.subject if each.times == 1 else None,
                "words": events.words(each, voice),
                "facts": json.loads(each.facts or "{}"),
            }
            for each in life.happened
        ],
    }


def _anomalies(life: Life) -> Iterable[AnyRow]:
    return (life.anomaly,) if life.anomaly is not None else life.anomalies


def _deposit(row: AnyRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "filename": row.filename,
        "label": row.label or None,
        "channel": row.channel,
        "sha256": row.sha256,
        "size": row.size,
        "received_at": iso_time(row.received_at),
        "state": row.state,
        "format": row.format or None,
        "lots": row.lots,
        "claims": row.claims,
        "errors": row.errors,
        "warnings": row.warnings,
    }


def _lot(life: Life, row: AnyRow) -> dict[str, Any]:
    answer = life.last_answer.get(row.id)
    return {
        "id": row.id,
        "deposit": row.deposit_id,
        "number": row.number,
        "date": row.date,
        "sender": row.sender,
        "flow": row.flow,
        "claims": row.claims,
        "asked": row.asked,
        "state": row.state,
        "cause": row.cause or None,
        "cause_words": row.cause_words or None,
        "part": NAMES[row.share] or None,
        "part_of": row.part_of,
        "routing": json.loads(row.routing or "[]"),
        "payer": row.payer_id,
        "payer_code": row.payer_code,
        "directory_version": row.directory_version,
        "dispatch": row.dispatch_id,
        "dispatch_file": row.dispatch_file or None,
        "sent_at": _time(row.sent_at),
        "accounts": _accounts(life.of_lot.get(row.id, ())),
        "last_answer": answer
        and {
            "outcome": answer.outcome,
            "return": answer.return_id,
            "filename": answer.remote_name,
            "at": _time(answer.matched_at),
        },
    }


def _claim(row: AnyRow) -> dict[str, Any]:
    return {
        "number": row.number,
        "date": row.date,
        "billed": row.billed,
        "asked": row.asked,
        "paid": row.paid,
        "record": row.record,
        "account": row.account,
        "outcome": row.outcome or None,
        "answered_at": _time(row.answered_at),
    }


def _part(row: AnyRow) -> dict[str, Any]:
    return {
        "part": NAMES[row.share],
        "lot": row.lot_id,
        "payer": row.payer_id,
        "asked": row.asked,
        "paid": row.paid,
        "account": row.account,
        "outcome": row.outcome or None,
        "answered_at": _time(row.answered_at),
        "sent_at": _time(row.sent_at),
    }


def _dispatch(row: AnyRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "number": row.number,
        "filename": row.filename or None,
        "payer": row.payer_id,
        "endpoint": row.endpoint_id,
        "state": row.state,
        "attempts": row.attempts,
        "lots": row.lots,
        "claims": row.claims,
        "size": row.size,
        "reference": row.reference or None,
        "cause": row.cause or None,
        "cause_words": row.cause_words or None,
        "created_at": iso_time(row.created_at),
        "sent_at": _time(row.sent_at),
    }


def _owed(row: AnyRow) -> dict[str, Any]:
    return {
        "payer": row.payer_id,
        "kind": row.kind,
        "level": row.level,
        "state": row.state,
        "owed": int(row.owed),
        "lots": row.lots,
        "due_at": iso_time(row.due_at),
        "missing_at": iso_time(row.missing_at),
    }


def _return(row: AnyRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "filename": row.remote_name,
        "payer": row.payer_id,
        "format": row.format or None,
        "kind": row.kind or None,
        "state": row.state,
        "answers": row.answers,
        "matched": row.matched,
        "collected_at": iso_time(row.collected_at),
        "sha256": row.sha256,
    }


def _handback(row: AnyRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "client": row.client_id,
        "filename": row.filename,
        "state": row.state,
        "created_at": iso_time(row.created_at),
        "fetched_at": _time(row.fetched_at),
        "acknowledged_at": _time(row.acknowledged_at),
    }


def _accounts(standing: Iterable[Standing]) -> dict[str, dict[str, int]]:
    return {
        each.account: {"claims": each.claims, "asked": each.asked, "paid": each.paid}
        for each in standing
    }


def _time(epoch: float | None) -> str | None:
    return None if epoch is None else iso_time(epoch)
