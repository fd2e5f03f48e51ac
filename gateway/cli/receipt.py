"""`octway receipt`: our word to a client, checked offline by anyone with the key."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives import serialization

from gateway.cli import opening, receipt_keys
from gateway.cli.arguments import Actions, Options, Parser
from gateway.cli.opening import settings_of
from gateway.cli.refusal import DOES_NOT_HOLD, WRONG_USAGE, Refusal
from gateway.cli.terminal import Terminal
from gateway.intake import receipt_check, receipts
from gateway.intake.receipt_check import Checked, Given
from gateway.intake.receipt_documents import (
    ANSWER,
    CHAIN,
    DEPOSIT,
    DISPATCH,
    INCLUSION,
    RECEIPTS,
)
from gateway.journal import receipt_roots
from gateway.wording import counted

EXAMPLE: Final = "octway receipt verify receipts/*.json --key receipts.pub"
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_REPORT: Final = ".report.json"


def define(parser: Parser) -> None:
    """Define the command line."""
    actions = Actions(parser)
    verify = actions.add(
        "verify",
        "check receipts, the chain between them and their way to a daily root, offline",
        EXAMPLE,
        _verify,
    )
    verify.add_argument(
        "files",
        metavar="FILE",
        type=Path,
        nargs="+",
        help="receipts, entries, proofs and roots; reports are left out",
    )
    verify.add_argument(
        "--key",
        metavar="FILE",
        type=Path,
        action="append",
        help="a public key; may be given again, for receipts of older keys "
        "(default: that of the settings, and `receipts*.pub` beside it)",
    )
    actions.add(
        "key",
        "print the public key that receipts are checked with",
        "octway receipt key > receipts.pub",
        _key,
    )
    root = actions.add(
        "root",
        "print the signed root of a day, as it is published",
        "octway receipt root 2026-11-25 > root-2026-11-25.json",
        _root,
    )
    root.add_argument(
        "day",
        metavar="DAY",
        type=_a_day,
        nargs="?",
        help="UTC day, as 2026-11-25 (default: the newest that has its root)",
    )


def _verify(options: Options, terminal: Terminal) -> int:
    if options.key:
        keys = [receipt_keys.read_public(path) for path in options.key]
    else:
        keys = receipt_keys.of_settings(settings_of(options, terminal))
    files = [path for path in options.files if not path.name.endswith(_REPORT)]
    if not files:
        raise Refusal("reports are not signed; name receipts", WRONG_USAGE)
    checked = receipt_check.check(
        ((str(path), path.read_bytes()) for path in files), keys
    )
    if options.json:
        names = dict.fromkeys(receipts.key_id(key) for key in keys)
        terminal.give(_facts(checked, list(names)))
    else:
        _say(checked, terminal)
    return DOES_NOT_HOLD if checked.breaks else 0


def _say(checked: Checked, terminal: Terminal) -> None:
    for each in checked.valid:
        terminal.say(f"{each.name}: valid; {_words(each)}")
    for note in checked.notes:
        terminal.say(f"note: {note}")
    for words in checked.breaks:
        terminal.complain(words)


def _words(given: Given) -> str:
    body, kind = given.body, given.signed.kind
    if kind == DEPOSIT:
        return (
            f"deposit {body['deposit']}, {body['filename']}, {body['size']:,} bytes, "
            f"received {body['received_at']}, sha256 {body['sha256']}"
        )
    if kind == DISPATCH:
        lots = counted(len(body["lots"]), "lot")
        return (
            f"{lots} handed over to {body['payer']} in {body['filename']} "
            f"(number {body['number']}) at {body['sent_at']}"
        )
    if kind == ANSWER:
        answers = counted(body["answers"], "answer")
        return f"{answers} in {body['filename']}, ready since {body['ready_at']}"
    if kind == CHAIN:
        covered = counted(len(body["receipts"]), "receipt")
        return f"entry {body['number']} of {body['client']}, covers {covered}"
    if kind == INCLUSION:
        return (
            f"the chain up to entry {body['number']} is under the root of {body['day']}"
        )
    return f"the root of {body.get('day', kind)}"


def _facts(checked: Checked, keys: Sequence[str]) -> dict[str, Any]:
    ours = (each for each in checked.valid if each.signed.kind in RECEIPTS)
    first = next((dict(each.body) for each in ours), {})
    return {
        "valid": not checked.breaks,
        "key": keys[0],
        "keys": keys,
        "receipt": first,
        "documents": [
            {"file": each.name, "kind": each.signed.kind, "sha256": each.signed.sha256}
            for each in checked.valid
        ],
        "breaks": list(checked.breaks),
        "notes": list(checked.notes),
    }


def _key(options: Options, terminal: Terminal) -> int:
    key = receipt_keys.read_public(settings_of(options, terminal).receipts.key_file)
    text = key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()
    if options.json:
        terminal.give({"id": receipts.key_id(key), "pem": text})
    else:
        terminal.out.write(text)
    return 0


def _root(options: Options, terminal: Terminal) -> int:
    with opening.journal(options, terminal) as opened:
        read, day = opened.database.read, options.day
        row = read(receipt_roots.root, day) if day else read(receipt_roots.last_root)
    if row is None:
        which = f"{day} has no root" if day else "no day has a root"
        raise Refusal(
            f"{which}: one is made after midnight UTC of each day from the first "
            "receipt on, by the next node that runs",
            DOES_NOT_HOLD,
        )
    terminal.out.write(row.content.decode())
    return 0


def _a_day(text: str) -> str:
    if not _DAY.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no day; wanted one as 2026-11-25"
        )
    return text
