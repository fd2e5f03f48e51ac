"""Small JSON bodies: read as a route declares them, and nothing beside."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from gateway.api.problems import Refusal
from gateway.api.routes import Call, Param

MOST: Final = 64 * 1024
LONGEST: Final = 2000
"""Characters that a text may have."""


async def read(call: Call, fields: Sequence[Param]) -> dict[str, Any]:
    """Read the members that were given; those left out are not in the result.

    `fields` are those whose `where` is body.  Raises `Refusal`.
    """
    declared = {each.name: each for each in fields if each.where == "body"}
    given = _object(await _bytes(call))
    for name, value in given.items():
        field = declared.get(name)
        if field is None:
            known = ", ".join(declared)
            raise _wrong(f"{_shown(name)} is no member here; there are: {known}")
        _check(field, value)
    for name, field in declared.items():
        if field.required and name not in given:
            raise _wrong(f"{name!r} is missing: {field.words}")
    return given


async def _bytes(call: Call) -> bytes:
    taken = bytearray()

    def take(data: bytes) -> None:
        taken.extend(data)
        if len(taken) > MOST:
            raise Refusal("too-large", f"a body here may have {MOST} bytes at most")

    await call.body.each(take)
    return bytes(taken)


def _object(body: bytes) -> dict[str, Any]:
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise _wrong(
            f"the body is not UTF-8 (from byte {error.start + 1} on); wanted a JSON "
            "object in UTF-8"
        ) from None
    if text.startswith("\ufeff"):
        raise _wrong("the body begins with a byte order mark; wanted JSON without one")
    try:
        found = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise _wrong("the body is no JSON object in UTF-8; wanted such as {…}")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a member that stands twice: two programs would read two things."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _wrong(f"{_shown(name)} stands twice; wanted every member once")
        found[name] = value
    return found


def _check(field: Param, value: Any) -> None:
    texts = value if field.kind == "strings" else [value]
    if not isinstance(texts, list) or not all(
        isinstance(each, str) and each.isprintable() and len(each) <= LONGEST
        for each in texts
    ):
        kind = "a list of texts" if field.kind == "strings" else "a text"
        raise _wrong(
            f"{field.name!r} has a wrong value; wanted {kind} without control "
            f"characters, of {LONGEST} characters at most: {field.words}"
        )
    for each in texts:
        if field.of and each not in field.of:
            wanted = ", ".join(field.of)
            raise _wrong(f"{field.name} is {each!r}; wanted one of {wanted}")


def _shown(name: str) -> str:
    return repr(name[:40])


def _wrong(detail: str) -> Refusal:
    return Refusal("bad-body", detail)
