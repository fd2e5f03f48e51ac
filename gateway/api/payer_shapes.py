"""What client software is told of a payer, and of a card that leads to one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from config.directory_records import CodeEntry
from gateway.api import shapes
from gateway.api.shapes import Member, Shape, column
from routing.card import CardFound
from routing.referential import ListedPayer


def _code(entry: CodeEntry) -> dict[str, Any]:
    return {
        "code": entry.code,
        "valid_from": entry.valid_from and entry.valid_from.isoformat(),
        "valid_until": entry.valid_until and entry.valid_until.isoformat(),
        "successor": entry.successor,
    }


KEPT: Final[Shape] = MappingProxyType(
    {
        "id": column("id", "string", "the payer's name among programs; it stays"),
        "name": column("name", "string", "name"),
        "network": column("network", "string", "network that it belongs to"),
        "country": column("country", "string", "country (ISO 3166)"),
        "flows": Member("strings", "kinds of exchange", lambda row: list(row.flows)),
        "professions": Member(
            "strings",
            "professions that it takes claims of; empty: all",
            lambda row: list(row.professions),
        ),
        "enrolment": column(
            "enrolment", "boolean", "whether senders must be registered there first"
        ),
        "open": column("open", "boolean", "whether it can be reached from here"),
        "validity": Member(
            "codes",
            "every code that it ever had, from and until when (both days included), "
            "and which code took over",
            lambda row: [_code(each) for each in row.codes],
        ),
        "cards": Member(
            "cards",
            "what cards say that lead to it, by the national tables",
            lambda row: [dict(each) for each in row.cards],
        ),
    }
)
"""What is true of a payer on any day; what a client may keep."""


class _Dated(NamedTuple):
    payer: ListedPayer
    day: date


def _kept(name: str) -> Member:
    member = KEPT[name]
    return member._replace(value=lambda row: member.value(row.payer))


PAYER: Final[Shape] = MappingProxyType(
    {
        **{name: _kept(name) for name in ("id", "name", "network", "country", "flows")},
        "codes": Member(
            "strings",
            "codes that it has today",
            lambda row: list(row.payer.codes_on(row.day)),
        ),
        **{name: _kept(name) for name in ("professions", "enrolment", "open")},
        **{name: _kept(name) for name in ("validity", "cards")},
    }
)


def shown(payer: ListedPayer, day: date) -> dict[str, Any]:
    """Show a payer with the codes that it has on a day."""
    return shapes.fill(PAYER, _Dated(payer, day))


def card_read(network: str, card: CardFound) -> dict[str, Any]:
    """Show what a network made of a card."""
    return {
        "network": network,
        "codes": list(card.codes),
        "several": card.several,
        "told": dict(card.told),
    }


KINDS: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "cards": {
            "type": "array",
            "items": {"type": "object", "additionalProperties": {"type": "string"}},
        },
        "codes": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "code": {"type": "string"},
                    "valid_from": {"type": ["string", "null"], "format": "date"},
                    "valid_until": {"type": ["string", "null"], "format": "date"},
                    "successor": {"type": ["string", "null"]},
                },
                "required": ["code", "valid_from", "valid_until", "successor"],
            },
        },
    }
)
"""Schemas of the kinds of members that only payers have."""

CARD_READ: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "type": "object",
        "properties": {
            "network": {"type": "string"},
            "codes": {"type": "array", "items": {"type": "string"}},
            "several": {
                "type": "boolean",
                "description": "the tables cannot tell which of the payers is meant",
            },
            "told": {
                "type": "object",
                "description": "how it was found: outcome, addresses, steps",
                "additionalProperties": True,
            },
        },
        "required": ["network", "codes", "several", "told"],
    }
)
"""Schema of what one network made of a card."""


def page_schema(page: Mapping[str, Any], card: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of a page of payers, from that of any page."""
    properties = {
        "directory": {"type": "string", "description": "version that it is of"},
        **page["properties"],
        "removed": {
            "type": "array",
            "items": {"type": "string"},
            "description": "ids of payers that are gone since `since`",
        },
        "cards": {
            "type": "array",
            "items": card,
            "description": "what was made of the card, by each network it may be of",
        },
    }
    required = ["directory", *page["required"], "removed", "cards"]
    return {**page, "properties": properties, "required": required}


def attestation_schema(
    payer: Mapping[str, Any], card: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the schema of what the photo of an attestation says."""
    text = {"type": "string"}
    perhaps = {"type": ["string", "null"]}
    day = {**perhaps, "format": "date"}
    line: dict[str, Any] = {
        "profession": {**perhaps, "description": "ours; null: all, or unknown to us"},
        "written": {**perhaps, "description": "the profession as it is written"},
        "card": {"type": "object", "additionalProperties": text},
        "cards": {"type": "array", "items": card},
        "payers": {"type": "array", "items": payer},
    }
    syntax: dict[str, Any] = {
        "name": text,
        "simulated": {"type": "boolean"},
        "words": text,
    }
    return _all_of(
        directory={**text, "description": "version that the payers are of"},
        syntax={**_all_of(**syntax), "description": "how the text was read"},
        member={**perhaps, "description": "the person; kept nowhere"},
        valid_from=day,
        valid_until=day,
        lines={"type": "array", "items": _all_of(**line)},
    )


def _all_of(**members: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": members, "required": list(members)}
