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
from routing.parts import NAMES
from routing.sandbox import base

Row = Any


class Member(NamedTuple):
    """One member of a shape: JSON type, words, and how a row gives its value."""

    kind: str
    words: str
    value: Callable[[Row], Any]


Shape = Mapping[str, Member]


def column(name: str, kind: str, words: str) -> Member:
    """Make a member that shows a column as it is."""
    return Member(kind, words, lambda row: getattr(row, name))


def named(name: str, kind: str, words: str) -> Member:
    """Give a network or payer by its real name, in the sandbox too."""

    def value(row: Row) -> Any:
        found = getattr(row, name)
        return None if found is None else base(found)

    return Member(kind, words, value)


def moment(name: str, words: str) -> Member:
    """Make a member that shows a column of epoch seconds as UTC text."""
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


def money(name: str, words: str) -> Member:
    """Make a member that shows a column of cents as a decimal text."""
    return Member("money", words, lambda row: cents(getattr(row, name)))


ID: Final = column("id", "string", "identifier; opaque, sorts by time")

DEPOSIT: Final[Shape] = MappingProxyType(
    {
        "id": ID,
        "filename": column("filename", "string", "name under which it came"),
        "label": column("label", "string", "label that it was given, or empty"),
        "channel": column("channel", "string", "door that it came through"),
        "size": column("size", "integer", "bytes"),
        "sha256": column("sha256", "string", "SHA-256 of the file, hex"),
        "received_at": moment("received_at", "when it was safe with us"),
        "state": column("state", "string", "received, split or unreadable"),
        "format": column("format", "string", "what the file is, once read"),
        "network": named("network", "string", "network that it belongs to"),
        "test": Member(
            "boolean",
            "whether it stays in the sandbox, with its simulated payers",
            lambda row: bool(row.test),
        ),
        "record_count": column("records", "integer", "records in it"),
        "lot_count": column("lots", "integer", "lots in its file"),
        "claim_count": column("claims", "integer", "claims in it"),
        "error_count": column("errors", "integer", "what a payer would refuse"),
        "warning_count": column(
            "warnings", "integer", "what looks wrong, and is taken"
        ),
        "split_at": moment("split_at", "when it was read"),
    }
)
PROBLEM_FOUND: Final[Shape] = MappingProxyType(
    {
        "record": column("record", "integer?", "record, from 1; null: whole file"),
        "position": column("position", "integer?", "position in it, from 1"),
        "field": column("field", "string?", "name of the field"),
        "severity": column("severity", "string", "error or warning"),
        "code": column("code", "string", "stable name of the problem"),
        "message": column("message", "string", "what is wrong, and what to do"),
        "lot": column("lot_id", "string?", "lot that it was found in"),
    }
)
_OUR_FIELDS: Final = frozenset(
    {"batch", "identities", "day"}
)  # made for us, and nothing to a client


def _fields(row: Row) -> dict[str, Any]:
    fields = json.loads(row.destination or "{}")
    return {name: fields[name] for name in fields if name not in _OUR_FIELDS}


LOT: Final[Shape] = MappingProxyType(
    {
        "id": ID,
        "position": column("position", "integer", "place in the deposit, from 1"),
        "number": column("number", "string", "number that the sender gave it"),
        "date": column("date", "string", "its date, or empty"),
        "network": named("network", "string", "network"),
        "flow": column("flow", "string", "kind of exchange"),
        "sender": column("sender", "string", "in whose name it is billed"),
        "claims": column("claims", "integer", "claims in it"),
        "billed": money("billed", "amount billed"),
        "asked": money("asked", "amount asked of the payer"),
        "state": column("state", "string", "where it stands"),
        "cause": column("cause", "string", "why it is held or refused, or empty"),
        "cause_words": column("cause_words", "string", "the same in words"),
        "fields": Member(
            "object",
            "what its network knows it by: references and routing fields of the file",
            _fields,
        ),
        "part": Member(
            "string",
            "compulsory or complementary, of claims that two payers owe; else empty",
            lambda row: NAMES[row.share],
        ),
        "part_of": column("part_of", "string?", "lot that it was split off"),
        "payer": named("payer_id", "string?", "payer that it was routed to"),
        "payer_code": column("payer_code", "string?", "code of that payer"),
        "dispatch": column("dispatch_id", "string?", "file that it left in"),
        "dispatch_state": column("dispatch_state", "string?", "how far that file is"),
        "sent_at": moment("dispatch_sent_at", "when the payer took that file"),
        "changed_at": moment("changed_at", "when it last changed"),
    }
)
EXPECTATION: Final[Shape] = MappingProxyType(
    {
        "kind": column("kind", "string", "kind of answer that the payer owes"),
        "state": column("state", "string", "open, late, missing, met or waived"),
        "owed": column("owed", "integer", "claims that still lack it"),
        "due_at": moment("due_at", "when it is due"),
    }
)
CLAIM: Final[Shape] = MappingProxyType(
    {
        "lot": column("lot_id", "string", "lot that it is in"),
        "seq": column("seq", "integer", "place in the lot, from 1"),
        "number": column("number", "string", "invoice number"),
        "date": column("date", "string", "its date, or empty"),
        "record": column("record", "integer", "its first record in the file"),
        "billed": money("billed", "amount billed"),
        "asked": money("asked", "amount asked of its payers"),
        "paid": money("paid", "amount that its payers say they pay"),
        "account": column(
            "account",
            "string",
            "where it stands in the ledger; of two parts, where the first open one does",
        ),
        "outcome": column("outcome", "string", "the payer's last word, or empty"),
        "answered_at": moment("answered_at", "when that word came"),
    }
)
ACCOUNT: Final[Shape] = MappingProxyType(
    {
        "account": column("account", "string", "account of the ledger"),
        "claims": column(
            "claims", "integer", "claims that stand in it; each of two parts counts"
        ),
        "asked": money("asked", "amount that stands in it"),
    }
)

_INTERNAL_FACTS: Final = frozenset(
    {"client", "author", "by", "staff", "assignee", "worker", "holder", "node"}
)


def _facts(row: Row) -> dict[str, Any]:
    facts = json.loads(row.facts)
    return {
        key: base(value) if isinstance(value, str) else value
        for key, value in facts.items()
        if key not in _INTERNAL_FACTS
    }


EVENT: Final[Shape] = MappingProxyType(
    {
        "at": moment("at", "when it happened"),
        "kind": column("kind", "string", "what happened"),
        "subject": column("subject", "string", "what it happened to"),
        "facts": Member("object", "what else is known of it", _facts),
    }
)
RETURN: Final[Shape] = MappingProxyType(
    {
        "id": ID,
        "network": column("network", "string", "network that it came from"),
        "format": column("format", "string", "what the file is"),
        "filename": column("filename", "string", "its name under /out"),
        "size": column("size", "integer", "bytes"),
        "sha256": column("sha256", "string", "SHA-256 of the content, hex"),
        "state": column("state", "string", "ready, fetched or acknowledged"),
        "created_at": moment("created_at", "when it was made ready"),
        "fetched_at": moment("fetched_at", "when you had fetched all of it"),
        "acknowledged_at": moment("acknowledged_at", "when you acknowledged it"),
        "purged_at": moment(
            "purged_at", "when the content was purged; the rest of it stays"
        ),
    }
)
ANSWER: Final[Shape] = MappingProxyType(
    {
        "seq": column("seq", "integer", "place in the payer's return"),
        "level": column("level", "string", "dispatch, lot or claim"),
        "outcome": column("outcome", "string", "what the payer says"),
        "asked": money("asked", "amount asked, as the payer read it"),
        "paid": money("paid", "amount that it pays"),
        "deposit": column("deposit_id", "string?", "deposit that it is about"),
        "lot": column("lot_id", "string?", "lot that it is about"),
        "lot_number": column("lot_number", "string?", "that lot's number"),
        "claim": column("claim_number", "string?", "invoice number"),
        "remarks": Member(
            "remarks",
            "codes of the payer, each with its label and what it adds on this claim",
            lambda row: [
                Remark(*said)._asdict() for said in json.loads(row.remarks or "[]")
            ],
        ),
    }
)
RECEIPT_LISTED: Final[Shape] = MappingProxyType(
    {
        "id": column("id", "string", "what it is fetched by"),
        "kind": column("kind", "string", "deposit, dispatch or answer"),
        "about": column(
            "subject", "string", "the deposit, dispatch or return that it vouches for"
        ),
        "sha256": column("sha256", "string", "SHA-256 of what its signature covers"),
        "entry": Member(
            "string",
            "entry of your chain that covers it",
            lambda row: f"chain-{row.number}",
        ),
        "chained_at": moment("made_at", "when that entry was made"),
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
