"""Programs that look into a file which nobody trusts: bytes in, words out.

Each runs in a process of its own with no environment and is ended when its time is
over; the bytes go by standard input, so they never lie anywhere in clear.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from typing import Final, NamedTuple

from protocols.attachments import UNLIMITED, Checker

_MOST_SAID: Final = 1_000_000  # bytes of a checker's facts; more is no answer
_MOST_WORDS: Final = 200
_CLEAN, _INFECTED = 0, 1


class Scan(NamedTuple):
    """A virus scanner's word: clean or not, None when it could not say."""

    clean: bool | None
    words: str


class CheckerUnavailable(Exception):
    """A checker could not begin its work: that says nothing of the document."""


def check(checker: Checker, content: bytes) -> bytes | None:
    """Run a checker; None when it ended by its limits or did not tell.

    Raises `CheckerUnavailable` when it could not be started, or set no limits.
    """
    try:
        done = _run(checker.command, content, checker.seconds)
    except OSError as error:
        raise CheckerUnavailable(f"{checker.command[0]}: {error.strerror}") from error
    if done is not None and done.returncode == UNLIMITED:
        raise CheckerUnavailable(f"{checker.command[0]}: it may not limit itself")
    if done is None or done.returncode != 0 or len(done.stdout) > _MOST_SAID:
        return None
    return done.stdout


def scan(command: Sequence[str], content: bytes, seconds: float) -> Scan:
    """Ask a virus scanner: exit 0 is clean, 1 is not, all else says nothing."""
    if not command:
        return Scan(True, "not scanned: no scanner is set")
    try:
        done = _run(command, content, seconds)
    except OSError as error:
        return Scan(None, f"{command[0]}: {error.strerror}")
    if done is None or done.returncode not in {_CLEAN, _INFECTED}:
        why = "no answer in time" if done is None else f"exit {done.returncode}"
        return Scan(None, f"{command[0]}: {why}")
    said = done.stdout.decode("utf-8", "replace").strip().partition("\n")[0]
    words = said[:_MOST_WORDS]
    return Scan(done.returncode == _CLEAN, f"{command[0]}: {words or 'clean'}")


def _run(
    command: Sequence[str], content: bytes, seconds: float
) -> subprocess.CompletedProcess[bytes] | None:
    try:
        return subprocess.run(  # noqa: S603 - a network's checker, or the settings' own
            list(command),
            input=content,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=seconds,
            check=False,
            env={"PATH": "/usr/local/bin:/usr/bin:/bin"},
            close_fds=True,
        )
    except subprocess.TimeoutExpired:
        return None
