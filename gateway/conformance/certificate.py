"""The page in the end: what a vendor's software has shown, signed with the receipts' key.

The page holds the very text that is signed, in the form of a receipt, so that it can be
checked from the page alone by the public key.  What counts is that text: the rest of a
page can be changed by anybody.  No patient and no invoice is named in it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, Final

from jinja2 import Environment, StrictUndefined, Template

from gateway.intake import receipts
from gateway.intake.receipts import FORM, ReceiptSigner, Signed

KIND: Final = "conformance"
_SIGNED: Final = re.compile(r'<pre id="signed">(.*?)</pre>', re.DOTALL)


def page(facts: Mapping[str, Any], signer: ReceiptSigner) -> str:
    """Write the page, whole in itself and ready to print, with facts that are signed."""
    signed = signer.seal({"receipt": FORM, "kind": KIND, **facts}).decode()
    return _template().render(facts=facts, key=signer.key_id, signed=signed.strip())


def read(text: str) -> Signed:
    """Read what is signed in a page; raises `ValueError` where there is no such thing."""
    found = _SIGNED.search(text)
    if found is None:
        raise ValueError("holds no signed text; wanted a page of octway vendor check")
    signed = receipts.read(html.unescape(found[1]).encode())
    if signed.kind != KIND:
        raise ValueError(f"holds a signed {signed.kind}, and no certificate")
    return signed


@cache
def _template() -> Template:
    text = (resources.files(__package__) / "certificate.html").read_text("utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    return environment.from_string(text)
