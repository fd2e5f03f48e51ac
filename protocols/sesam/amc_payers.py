"""Complementary payers in the directory: their codes, rules and first files.

Such a payer is known by the address that conventions give it: its code is routing
code, host and domain, `OC/999/giesv.rss.fr` (`Address.code`).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from protocols.sesam.amc_decision import Address
from protocols.sesam.amc_tables import Row, address
from protocols.tables import ImportedPayer

_CODE: Final = re.compile(r"([0-9A-Z]{1,2})/([0-9A-Z]{1,3})/([0-9a-z.-]{1,20})")
WANTED: Final = "routing code, host and domain such as OC/999/amc.example"
_NOT_IN_ID: Final = re.compile(r"[^a-z0-9]+")
_NAME_LENGTH: Final = 37

_RULES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "routing_code": (r"[0-9A-Z]{1,2}", "two digits or capitals such as OC"),
        "host_id": (r"[0-9A-Z]{1,3}", "three digits or capitals such as 999"),
        "domain": (r"[0-9A-Za-z.-]{1,20}", "a domain of at most 20 characters"),
        "operator": (r"[0-9A-Z]{1,10}", "at most 10 digits or capitals"),
        "recipient_type": (r"[A-Z]{2}", "two capital letters such as OC"),
        "recipient_number": (r"\d{1,14}", "at most 14 digits"),
        "line_end": ("none|lf|crlf", "one of none, lf, crlf"),
        "name": (r"[ -~]{1,37}", "at most 37 plain characters"),
    }
)
_REQUIRED: Final = Address._fields


def is_complementary(rules: Mapping[str, object]) -> bool:
    """Say whether rules are a complementary payer's: they hold its address."""
    return any(key in rules for key in _REQUIRED)


def is_code(code: str) -> bool:
    """Say whether a code is a complementary payer's, in its one form."""
    found = _CODE.fullmatch(code)
    return found is not None and Address(*found.groups()).code == code


def check_rules(rules: Mapping[str, object]) -> Iterator[str]:
    """Say what is wrong in a complementary payer's rules, as `key: words`."""
    for key in _REQUIRED:
        if key not in rules:
            yield f"{key}: is missing; wanted {_RULES[key][1]}"
    for key, value in rules.items():
        if key not in _RULES:
            known = ", ".join(_RULES)
            yield f"{key}: is unknown in sesam; wanted some of {known}"
        elif type(value) is not str or not re.fullmatch(_RULES[key][0], value):
            yield f"{key}: is {value!r}; wanted {_RULES[key][1]}"


def stubs(conventions: Iterable[Row]) -> tuple[ImportedPayer, ...]:
    """Return a payer for each address in conventions; the first row names it."""
    found: dict[str, Row] = {}
    for row in conventions:
        where = address(row)
        if where is not None:
            found.setdefault(where.code, row)
    return tuple(_stub(code, found[code]) for code in sorted(found))


def _stub(code: str, row: Row) -> ImportedPayer:
    routing_code, host_id, domain = code.split("/")
    name = row.get("signatory_name") or row.get("amc_name") or code
    plain = name.encode("ascii", "replace").decode().upper()[:_NAME_LENGTH]
    rules = {
        "routing_code": routing_code,
        "host_id": host_id,
        "domain": domain,
        "operator": row.get("operator", "").upper(),
        "recipient_type": "OC",
        "name": plain.replace("?", " ").strip(),
    }
    id = _NOT_IN_ID.sub("-", code.lower()).strip("-")
    if "-" in domain:  # another domain may have a dot in its place
        id += f"-{hashlib.sha256(code.encode()).hexdigest()[:6]}"
    text = _FILE.format(
        id=_quoted(f"sesam-{id}"),
        name=_quoted(name),
        code=_quoted(code),
        rules="".join(
            f"{key} = {_quoted(value)}\n" for key, value in rules.items() if value
        ),
    )
    return ImportedPayer(code, text, id)


def _quoted(text: str) -> str:
    """Write a TOML string."""
    return json.dumps(text, ensure_ascii=False)


_FILE: Final = """\
# Made by `octway payer import`; yours from here on, never written again.
# A complementary payer, known by the address that its conventions give.

[payer]
id = {id}
name = {name}
network = "sesam"

[[code]]
code = {code}

[rules]
{rules}
[[expects]]
kind = "arl"
level = "lot"
within = "2 working days"

[[expects]]
kind = "payment"
level = "claim"
within = "10 working days"

# How it is reached: without this its lots are held.
# [endpoint]
# channel = "sftp"
# [endpoint.settings]
# host = "sftp.example"
# user = "octway"
# key_file = "keys/payer_ed25519"
# host_keys = ["ssh-ed25519 AAAA..."]
"""
