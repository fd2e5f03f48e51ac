"""Public keys and certificates of clients, as a command line names them."""

from __future__ import annotations

import os
from pathlib import Path

from gateway.cli.refusal import WRONG_USAGE, Refusal
from gateway.intake.client_keys import ClientKey, NotAKey, parse_keys


def read_keys(text: str) -> list[ClientKey]:
    """Read public keys: a file, or the key itself as in authorized_keys.

    Raises `Refusal` for anything else; a private key is named as such.
    """
    content, place = _content(text)
    try:
        return parse_keys(content, place)
    except NotAKey as error:
        raise Refusal(str(error), WRONG_USAGE) from None


def _content(text: str) -> tuple[str, str]:
    if " " in text and not os.path.exists(text):
        return text, "the key given"
    path = Path(text)
    try:
        return path.read_text(encoding="utf-8"), str(path)
    except UnicodeDecodeError:
        raise Refusal(f"{path}: is no text; wanted a public key", WRONG_USAGE) from None
