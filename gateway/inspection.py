"""Programs that look into a file which nobody trusts: bytes in, words out.

Each runs in a process of its own with no environment, is ended when its time is over,
and heard only up to a bound (`programs`); the bytes go by standard input, so they never
lie anywhere in clear.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from gateway.programs import run
from protocols.attachments import UNLIMITED, Checker

_MOST_SAID: Final = 1_000_000  # bytes of a checker's facts; more is no answer
_MOST_HEARD: Final = 10_000  # bytes of a scanner's; the rest is let go
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
        done = run(checker.command, content, seconds=checker.seconds, most=_MOST_SAID)
    except OSError as error:
        raise CheckerUnavailable(f"{checker.command[0]}: {error.strerror}") from error
    if done is not None and done.status == UNLIMITED:
        raise CheckerUnavailable(f"{checker.command[0]}: it may not limit itself")
    if done is None or done.status != 0 or done.more:
        return None
    return done.said


def scan(command: Sequence[str], content: bytes, seconds: float) -> Scan:
    """Ask a virus scanner: exit 0 is clean, 1 is not, all else says nothing.

    Nor does a 0 of one that did not read the document to its end.
    """
    if not command:
        return Scan(True, "not scanned: no scanner is set")
    try:
        done = run(command, content, seconds=seconds, most=_MOST_HEARD)
    except OSError as error:
        return Scan(None, f"{command[0]}: {error.strerror}")
    if done is None or done.status not in {_CLEAN, _INFECTED}:
        why = f"no answer in {seconds:g} s" if done is None else _ending(done.status)
        return Scan(None, f"{command[0]}: {why}")
    if done.status == _CLEAN and not done.read_all:
        return Scan(None, f"{command[0]}: it ended before it had read the document")
    said = done.said.decode("utf-8", "replace").strip().partition("\n")[0]
    words = said[:_MOST_WORDS] or ("clean" if done.status == _CLEAN else "infected")
    return Scan(done.status == _CLEAN, f"{command[0]}: {words}")


def _ending(status: int) -> str:
    return f"exit {status}" if status >= 0 else f"killed by signal {-status}"
