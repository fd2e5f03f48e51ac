"""`octway receipt`: our word to a client, checked offline by anyone with the key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from gateway.cli.arguments import Actions, Options, Parser
from gateway.cli.opening import settings_of
from gateway.cli.refusal import DOES_NOT_HOLD, WRONG_USAGE, Refusal
from gateway.cli.terminal import Terminal
from gateway.intake import receipts

EXAMPLE: Final = "octway receipt verify d0123456789abcdefgh.json --key receipts.pub"


def define(parser: Parser) -> None:
    """Define the command line."""
    actions = Actions(parser)
    verify = actions.add("verify", "check a receipt's signature", EXAMPLE, _verify)
    verify.add_argument("file", metavar="FILE", type=Path)
    verify.add_argument(
        "--key",
        metavar="FILE",
        type=Path,
        help="the public key (default: that of the settings)",
    )
    actions.add(
        "key",
        "print the public key that receipts are checked with",
        "octway receipt key > receipts.pub",
        _key,
    )


def _verify(options: Options, terminal: Terminal) -> int:
    path = options.key or settings_of(options, terminal).receipts.key_file
    key = public_key(path)
    content = options.file.read_bytes()
    holds = receipts.verify(content, key)
    facts = _facts(content)
    if options.json:
        terminal.give({"valid": holds, "key": receipts.key_id(key), "receipt": facts})
    elif holds:
        terminal.say(
            f"{options.file}: valid; deposit {facts['deposit']}, "
            f"{facts['filename']}, {facts['size']:,} bytes, received "
            f"{facts['received_at']}, sha256 {facts['sha256']}"
        )
    else:
        terminal.complain(
            f"{options.file}: does not hold: it was changed, or signed with another "
            f"key than {receipts.key_id(key)} ({path})"
        )
    return 0 if holds else DOES_NOT_HOLD


def _key(options: Options, terminal: Terminal) -> int:
    path = settings_of(options, terminal).receipts.key_file
    key = public_key(path)
    text = key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()
    if options.json:
        terminal.give({"id": receipts.key_id(key), "pem": text})
    else:
        terminal.out.write(text)
    return 0


def _facts(content: bytes) -> dict[str, object]:
    try:
        found = json.loads(content)
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    return {key: value for key, value in found.items() if key != "signature"}


def public_key(path: Path) -> Ed25519PublicKey:
    """Read a public key, or the public half of a private one."""
    content = path.read_bytes()
    try:
        if b"PRIVATE KEY" in content:
            private = serialization.load_pem_private_key(content, password=None)
            if isinstance(private, Ed25519PrivateKey):
                return private.public_key()
        else:
            public = serialization.load_pem_public_key(content)
            if isinstance(public, Ed25519PublicKey):
                return public
    except (ValueError, TypeError, UnsupportedAlgorithm):
        pass
    raise Refusal(
        f"{path}: is no Ed25519 key in PEM; wanted what `octway receipt key` prints",
        WRONG_USAGE,
    )
