"""The OpenAPI 3.1 document, made from the table of routes and the shapes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from gateway.api import bodies, payer_shapes
from gateway.api.problems import CONTENT_TYPE, PROBLEM_CODES
from gateway.api.routes import Param, Reply, Route
from gateway.api.shape_list import SHAPES
from gateway.api.shapes import Shape
from routing.envelope import Remark

_KINDS: Final[dict[str, dict[str, Any]]] = {
    "time": {"type": ["string", "null"], "format": "date-time"},
    "money": {"type": ["string", "null"], "pattern": r"^-?\d+\.\d\d$"},
    "strings": {"type": "array", "items": {"type": "string"}},
    "object": {"type": "object"},
    "looks": {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "table": {"type": "string"},
                "row": {"type": "integer"},
                "why": {"type": "string"},
            },
        },
    },
    **payer_shapes.KINDS,
    "remarks": {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {name: {"type": "string"} for name in Remark._fields},
        },
    },
}


def document(routes: Iterable[Route], version: str) -> dict[str, Any]:
    """Make the document."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Octway",
            "version": version,
            "summary": "Deposits in, receipts and returns out, every claim accounted",
            "description": "Amounts are exact decimal texts. Times are UTC. Errors "
            "are RFC 9457 problem details with a stable `code`.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}, {"certificate": []}],
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "certificate": {"type": "mutualTLS"},
            },
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": route.name.lower().replace(" ", "-"),
        "tags": [route.group],
        "summary": route.summary,
        "parameters": [
            _parameter(each) for each in route.params if each.where != "body"
        ],
        "responses": _responses(route),
    }
    words = [route.words] if route.words else []
    if route.leaving is not None:
        found["deprecated"] = True
        words.append(route.leaving.words)
    if words:
        found["description"] = " ".join(words)
    if route.public:
        found["security"] = []
    if route.takes_file:
        found["requestBody"] = {
            "required": True,
            "content": {"application/octet-stream": {}},
        }
    if members := [each for each in route.params if each.where == "body"]:
        found["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _body(members)}},
        }
    return found


def _body(members: list[Param]) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            each.name: {"description": each.words, **_body_member(each)}
            for each in members
        },
        "required": [each.name for each in members if each.required],
    }


def _body_member(param: Param) -> dict[str, Any]:
    text: dict[str, Any] = {"type": "string", "maxLength": bodies.LONGEST}
    if param.of:
        text["enum"] = list(param.of)
    return {"type": "array", "items": text} if param.kind == "strings" else text


def _parameter(param: Param) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": param.kind}
    if param.of:
        schema["enum"] = list(param.of)
    if param.format:
        schema["format"] = param.format
    if param.default is not None:
        schema["default"] = param.default
    if param.kind != "string":
        schema["minimum"] = param.least
        if param.most:
            schema["maximum"] = param.most
    return {
        "name": param.name,
        "in": param.where,
        "required": param.required,
        "description": param.words,
        "schema": schema,
    }


def _responses(route: Route) -> dict[str, Any]:
    found = {str(reply.status): _reply(reply) for reply in route.replies}
    by_status: dict[int, list[str]] = {}
    for code in route.refusals:
        by_status.setdefault(PROBLEM_CODES[code].status, []).append(code)
    for status, listed in sorted(by_status.items()):
        found[str(status)] = {
            "description": "; ".join(
                f"`{code}`: {PROBLEM_CODES[code].title}" for code in listed
            ),
            "content": {CONTENT_TYPE: {"schema": _ref("Problem")}},
        }
    return found


def _reply(reply: Reply) -> dict[str, Any]:
    schema = _ref(reply.shape) if reply.shape else {}
    found: dict[str, Any] = {"description": reply.words}
    if reply.content_type:
        found["content"] = {reply.content_type: {"schema": schema} if schema else {}}
    if reply.headers:
        found["headers"] = {
            name: {"description": words, "schema": {"type": "string"}}
            for name, words in reply.headers
        }
    return found


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _schemas() -> dict[str, Any]:
    found = {name: _schema(shape) for name, shape in SHAPES.items()}
    found["Lot"]["properties"]["expectations"] = {
        "type": "array",
        "items": _ref("Expectation"),
    }
    found["Claim"]["properties"]["parts"] = {
        "type": "array",
        "description": "of a claim that two payers owe: each one's part",
        "items": _ref("ClaimPart"),
    }
    found["Claim"]["properties"]["documents"] = {
        "type": "array",
        "description": "its supporting documents",
        "items": _ref("ClaimDocument"),
    }
    for name in ("Deposit", "Return", "ReceiptListed"):
        found[f"{name}Page"] = _page(name, cursor=True)
    for name in (
        "ProblemFound",
        "Lot",
        "Claim",
        "Event",
        "Answer",
        "Delivery",
        "Payer",
    ):
        found[f"{name}Page"] = _page(name)
    lists = ("ProblemFoundPage", "LotPage", "ClaimPage", "EventPage")
    found["Page"] = {"anyOf": [_ref(name) for name in lists]}
    found["DepositWhole"] = _whole(found["Deposit"])
    found["PayerPage"] = payer_shapes.page_schema(found["PayerPage"], _ref("CardRead"))
    found["CardRead"] = dict(payer_shapes.CARD_READ)
    found["Attestation"] = payer_shapes.attestation_schema(
        _ref("Payer"), _ref("CardRead")
    )
    found["Receipt"] = {
        "type": "object",
        "description": "Signed with Ed25519 over the same JSON without `signature`, "
        "keys sorted, no spaces, UTF-8.",
        "properties": {
            name: {"type": "integer" if name == "size" else "string"}
            for name in (
                "receipt",
                "deposit",
                "client",
                "channel",
                "filename",
                "size",
                "sha256",
                "received_at",
            )
        }
        | {"signature": {"type": "object"}},
    }
    found["WebhookList"] = {
        "type": "object",
        "properties": {"items": {"type": "array", "items": _ref("Webhook")}},
        "required": ["items"],
    }
    secret = {"type": "string", "description": "signs what is sent; told this once"}
    found["WebhookMade"] = {
        "type": "object",
        "properties": {**found["Webhook"]["properties"], "secret": secret},
        "required": [*found["Webhook"]["required"], "secret"],
    }
    found["Replayed"] = {
        "type": "object",
        "properties": {"replayed": {"type": "integer"}},
        "required": ["replayed"],
    }
    found["SignedDocument"] = {
        "type": "object",
        "description": "Signed as a receipt of a deposit is; `kind` says what it is, "
        "and is absent in a receipt of a deposit.",
        "properties": {
            "receipt": {"type": "string"},
            "kind": {"type": "string"},
            "signature": {"type": "object"},
        },
        "required": ["receipt", "signature"],
        "additionalProperties": True,
    }
    found["Report"] = {"type": "object"}
    found["Document"] = {"type": "object"}
    found["Problem"] = _problem()
    return found


def _schema(shape: Shape) -> dict[str, Any]:
    properties = {}
    for name, member in shape.items():
        schema = dict(_KINDS.get(member.kind, {}))
        if not schema:
            plain = member.kind.removesuffix("?")
            schema["type"] = [plain, "null"] if plain != member.kind else plain
        schema["description"] = member.words
        properties[name] = schema
    return {"type": "object", "properties": properties, "required": list(shape)}


def _page(name: str, *, cursor: bool = False) -> dict[str, Any]:
    optional = {"type": ["string", "null"], "description": "cursor for `after`"}
    properties: dict[str, Any] = {
        "items": {"type": "array", "items": _ref(name)},
        "next": {**optional, "description": "cursor of the next page; null: the last"},
    }
    if cursor:
        properties["cursor"] = optional
    return {"type": "object", "properties": properties, "required": ["items", "next"]}


def _whole(deposit: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            **deposit["properties"],
            "receipt": {"type": "string", "description": "where the receipt is"},
            "accounts": {"type": "array", "items": _ref("Account")},
            "problems": _ref("ProblemFoundPage"),
            "lots": _ref("LotPage"),
            "claims": _ref("ClaimPage"),
            "events": _ref("EventPage"),
        },
    }


def _problem() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "RFC 9457 problem details",
        "properties": {
            "type": {"type": "string", "format": "uri-reference"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "code": {"type": "string", "enum": list(PROBLEM_CODES)},
            "detail": {"type": "string"},
        },
        "required": ["type", "title", "status", "code", "detail"],
    }
