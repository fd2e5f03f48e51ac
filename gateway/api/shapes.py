"""The JSON that the API answers with: each shape's members, and how a row fills them.

The schema in the OpenAPI document and the answer itself come from one
definition, so they cannot drift apart.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from gateway.intake.receipts import iso_time
from routing.envelope import Remark

Row = Any


class Member(NamedTuple):
    """One member of a shape: JSON type, words, and how a row gives its value."""

    kind: str
    words: str
    value: Callable[[Row], Any]


Shape = Mapping[str, Member]


def _column(name: str, kind: str, words: str) -> Member:
    return Member(kind, words, lambda row: getattr(row, name))


def _time(name: str, words: str) -> Member:
    return Member("time", words, lambda row: time_text(getattr(row, name)))


def time_text(epoch: float | None) -> str | None:
    """Write a moment as UTC text; None stays None."""
    return None if epoch is None else iso_time(epoch)


def cents(amount: int | None) -> str | None:
    """Write cents as an exact decimal text, as money must never be a float."""
    if amount is None:
        return None
    amount = int(amount)  # a sum may come as a decimal
    sign = "-" if amount < 0 else ""
    return f"{sign}{abs(amount) // 100}.{abs(amount) % 100:02}"


def _money(name: str, words: str) -> Member:
    return Member("money", words, lambda row: cents(getattr(row, name)))


_ID: Final = _column("id", "string", "identifier; opaque, sorts by time")

DEPOSIT: Final[Shape] = MappingProxyType(
    {
        "id": _ID,
        "filename": _column("filename", "string", "name under which it came"),
        "label": _column("label", "string", "label that it was given, or empty"),
        "channel": _column("channel", "string", "door that it came through"),
        "size": _column("size", "integer", "bytes"),
        "sha256": _column("sha256", "string", "SHA-256 of the file, hex"),
        "received_at": _time("received_at", "when it was safe with us"),
        "state": _column("state", "string", "received, split or unreadable"),
        "format": _column("format", "string", "what the file is, once read"),
        "network": _column("network", "string", "network that it belongs to"),
        "record_count": _column("records", "integer", "records in it"),
        "lot_count": _column("lots", "integer", "lots in it"),
        "claim_count": _column("claims", "integer", "claims in it"),
        "error_count": _column("errors", "integer", "what a payer would refuse"),
        "warning_count": _column(
            "warnings", "integer", "what looks wrong, and is taken"
        ),
        "split_at": _time("split_at", "when it was read"),
    }
)
PROBLEM_FOUND: Final[Shape] = MappingProxyType(
    {
        "record": _column("record", "integer?", "record, from 1; null: whole file"),
        "position": _column("position", "integer?", "position in it, from 1"),
        "field": _column("field", "string?", "name of the field"),
        "severity": _column("severity", "string", "error or warning"),
        "code": _column("code", "string", "stable name of the problem"),
        "message": _column("message", "string", "what is wrong, and what to do"),
        "lot": _column("lot_id", "string?", "lot that it was found in"),
    }
)
LOT: Final[Shape] = MappingProxyType(
    {
        "id": _ID,
        "position": _column("position", "integer", "place in the deposit, from 1"),
        "number": _column("number", "string", "number that the sender gave it"),
        "date": _column("date", "string", "its date, or empty"),
        "network": _column("network", "string", "network"),
        "flow": _column("flow", "string", "kind of exchange"),
        "sender": _column("sender", "string", "in whose name it is billed"),
        "claims": _column("claims", "integer", "claims in it"),
        "billed": _money("billed", "amount billed"),
        "asked": _money("asked", "amount asked of the payer"),
        "state": _column("state", "string", "where it stands"),
        "cause": _column("cause", "string", "why it is held or refused, or empty"),
        "cause_words": _column("cause_words", "string", "the same in words"),
        "payer": _column("payer_id", "string?", "payer that it was routed to"),
        "payer_code": _column("payer_code", "string?", "code of that payer"),
        "dispatch": _column("dispatch_id", "string?", "file that it left in"),
        "dispatch_state": _column("dispatch_state", "string?", "how far that file is"),
        "sent_at": _time("dispatch_sent_at", "when the payer took that file"),
        "changed_at": _time("changed_at", "when it last changed"),
    }
)
EXPECTATION: Final[Shape] = MappingProxyType(
    {
        "kind": _column("kind", "string", "kind of answer that the payer owes"),
        "state": _column("state", "string", "open, late, missing, met or waived"),
        "owed": _column("owed", "integer", "claims that still lack it"),
        "due_at": _time("due_at", "when it is due"),
    }
)
CLAIM: Final[Shape] = MappingProxyType(
    {
        "lot": _column("lot_id", "string", "lot that it is in"),
        "seq": _column("seq", "integer", "place in the lot, from 1"),
        "number": _column("number", "string", "invoice number"),
        "date": _column("date", "string", "its date, or empty"),
        "record": _column("record", "integer", "its first record in the file"),
        "billed": _money("billed", "amount billed"),
        "asked": _money("asked", "amount asked of the payer"),
        "paid": _money("paid", "amount that the payer says it pays"),
        "account": _column("account", "string", "where it stands in the ledger"),
        "outcome": _column("outcome", "string", "the payer's last word, or empty"),
        "answered_at": _time("answered_at", "when that word came"),
    }
)
ACCOUNT: Final[Shape] = MappingProxyType(
    {
        "account": _column("account", "string", "account of the ledger"),
        "claims": _column("claims", "integer", "claims that stand in it"),
        "asked": _money("asked", "amount that stands in it"),
    }
)

_INTERNAL_FACTS: Final = frozenset(
    {"client", "author", "by", "staff", "assignee", "worker", "holder", "node"}
)


def _facts(row: Row) -> dict[str, Any]:
    facts = json.loads(row.facts)
    return {key: facts[key] for key in facts if key not in _INTERNAL_FACTS}


EVENT: Final[Shape] = MappingProxyType(
    {
        "at": _time("at", "when it happened"),
        "kind": _column("kind", "string", "what happened"),
        "subject": _column("subject", "string", "what it happened to"),
        "facts": Member("object", "what else is known of it", _facts),
    }
)
RETURN: Final[Shape] = MappingProxyType(
    {
        "id": _ID,
        "network": _column("network", "string", "network that it came from"),
        "format": _column("format", "string", "what the file is"),
        "filename": _column("filename", "string", "its name under /out"),
        "size": _column("size", "integer", "bytes"),
        "sha256": _column("sha256", "string", "SHA-256 of the content, hex"),
        "state": _column("state", "string", "ready, fetched or acknowledged"),
        "created_at": _time("created_at", "when it was made ready"),
        "fetched_at": _time("fetched_at", "when you had fetched all of it"),
        "acknowledged_at": _time("acknowledged_at", "when you acknowledged it"),
        "purged_at": _time(
            "purged_at", "when the content was purged; the rest of it stays"
        ),
    }
)
ANSWER: Final[Shape] = MappingProxyType(
    {
        "seq": _column("seq", "integer", "place in the payer's return"),
        "level": _column("level", "string", "dispatch, lot or claim"),
        "outcome": _column("outcome", "string", "what the payer says"),
        "asked": _money("asked", "amount asked, as the payer read it"),
        "paid": _money("paid", "amount that it pays"),
        "deposit": _column("deposit_id", "string?", "deposit that it is about"),
        "lot": _column("lot_id", "string?", "lot that it is about"),
        "lot_number": _column("lot_number", "string?", "that lot's number"),
        "claim": _column("claim_number", "string?", "invoice number"),
        "remarks": Member(
            "remarks",
            "codes of the payer, each with its label and what it adds on this claim",
            lambda row: [
                Remark(*said)._asdict() for said in json.loads(row.remarks or "[]")
            ],
        ),
    }
)
PAYER: Final[Shape] = MappingProxyType(
    {
        "id": _ID,
        "name": _column("name", "string", "name"),
        "network": _column("network", "string", "network that it belongs to"),
        "country": _column("country", "string", "country (ISO 3166)"),
        "flows": Member("strings", "kinds of exchange", lambda row: list(row.flows)),
        "codes": Member(
            "strings",
            "codes that it has today",
            lambda row: list(row.codes),
        ),
        "enrolment": _column(
            "enrolment", "boolean", "whether senders must be registered there first"
        ),
        "open": _column("open", "boolean", "whether it can be reached from here"),
    }
)
RECEIPT_LISTED: Final[Shape] = MappingProxyType(
    {
        "id": _column("id", "string", "what it is fetched by"),
        "kind": _column("kind", "string", "deposit, dispatch or answer"),
        "about": _column(
            "subject", "string", "the deposit, dispatch or return that it vouches for"
        ),
        "sha256": _column("sha256", "string", "SHA-256 of what its signature covers"),
        "entry": Member(
            "string",
            "entry of your chain that covers it",
            lambda row: f"chain-{row.number}",
        ),
        "chained_at": _time("made_at", "when that entry was made"),
    }
)
SHAPES: Final[Mapping[str, Shape]] = MappingProxyType(
    {
        "Deposit": DEPOSIT,
        "ProblemFound": PROBLEM_FOUND,
        "Lot": LOT,
        "Expectation": EXPECTATION,
        "Claim": CLAIM,
        "Account": ACCOUNT,
        "Event": EVENT,
        "Return": RETURN,
        "Answer": ANSWER,
        "ReceiptListed": RECEIPT_LISTED,
        "Payer": PAYER,
    }
)


def fill(shape: Shape, row: Row) -> dict[str, Any]:
    """Make the JSON value of one row."""
    return {name: member.value(row) for name, member in shape.items()}


def fill_all(shape: Shape, rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Make the JSON values of rows."""
    return [fill(shape, row) for row in rows]


def to_bytes(value: Any) -> bytes:
    """Write an answer."""
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()
