"""Passwords that are made here and shown once, or read without being shown."""

from __future__ import annotations

import getpass
from typing import Final

from gateway.cli.refusal import WRONG_USAGE, Refusal
from gateway.cli.terminal import Terminal
from gateway.clock import Entropy

_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"  # none that look alike
_GROUPS: Final = 5
_IN_GROUP: Final = 4
LEAST: Final = 10


def new_password(entropy: Entropy) -> str:
    """Make a password of some 99 bits that can be read out on the telephone."""
    wanted = _GROUPS * _IN_GROUP
    letters: list[str] = []
    while len(letters) < wanted:
        byte = entropy(1)[0]
        if byte < 256 - 256 % len(_LETTERS):  # else some letters would come more often
            letters.append(_LETTERS[byte % len(_LETTERS)])
    text = "".join(letters)
    return "-".join(text[i : i + _IN_GROUP] for i in range(0, wanted, _IN_GROUP))


def asked_password(terminal: Terminal) -> str:
    """Read a password: from the terminal unseen, twice; else one line of input."""
    if terminal.stdin.isatty():
        found = getpass.getpass("password: ")
        if getpass.getpass("again: ") != found:
            raise Refusal("the two passwords differ; nothing was changed", WRONG_USAGE)
    else:
        found = terminal.stdin.readline().rstrip("\r\n")
    if len(found) < LEAST:
        raise Refusal(
            f"the password has {len(found)} characters; wanted {LEAST} or more",
            WRONG_USAGE,
        )
    return found
