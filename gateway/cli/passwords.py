"""Passwords that are read without being shown."""

from __future__ import annotations

import getpass

from gateway.cli.refusal import WRONG_USAGE, Refusal
from gateway.cli.terminal import Terminal
from gateway.intake.credentials import LEAST_PASSWORD


def asked_password(terminal: Terminal) -> str:
    """Read a password: from the terminal unseen, twice; else one line of input."""
    if terminal.stdin.isatty():
        found = getpass.getpass("password: ")
        if getpass.getpass("again: ") != found:
            raise Refusal("the two passwords differ; nothing was changed", WRONG_USAGE)
    else:
        found = terminal.stdin.readline().rstrip("\r\n")
    if len(found) < LEAST_PASSWORD:
        raise Refusal(
            f"the password has {len(found)} characters; wanted {LEAST_PASSWORD} or more",
            WRONG_USAGE,
        )
    return found
