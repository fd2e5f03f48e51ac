"""The page in the end: what a vendor's software has shown, signed with the receipts' key.

The page holds the very text that is signed, so that it can be checked from the page alone
by the public key (`octway vendor verify`).  No patient and no invoice is named in it.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jinja2 import Environment, StrictUndefined, Template

from gateway.intake.receipts import key_id

KIND: Final = "octway-conformance/1"
_SIGNED: Final = re.compile(r'<pre id="signed">(.*?)</pre>', re.DOTALL)


def sign(facts: Mapping[str, Any], key_file: Path) -> dict[str, Any]:
    """Return the facts with a signature, as `receipts.verify` checks it."""
    key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise TypeError(f"{key_file}: is no Ed25519 key")
    body = {"receipt": KIND, **facts}
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return {
        **body,
        "signature": {
            "algorithm": "Ed25519",
            "key": key_id(key.public_key()),
            "value": base64.b64encode(key.sign(text.encode())).decode(),
        },
    }


def page(signed: Mapping[str, Any]) -> str:
    """Write the page, whole in itself and ready to print."""
    text = json.dumps(signed, indent=1, sort_keys=True, ensure_ascii=False)
    return _template().render(facts=signed, signed=text)


def read(text: str) -> bytes | None:
    """Return what is signed in a page, or the text itself if it is JSON; None: neither."""
    found = _SIGNED.search(text)
    content = html.unescape(found[1]) if found else text
    try:
        told = json.loads(content)
    except ValueError:
        return None
    if not isinstance(told, dict) or told.get("receipt") != KIND:
        return None
    return content.encode()


@cache
def _template() -> Template:
    text = (resources.files(__package__) / "certificate.html").read_text("utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    return environment.from_string(text)
