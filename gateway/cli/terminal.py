"""What a command may touch of the world: streams, clock, randomness, environment.

Commands get one of these and nothing else, so tests run them in-process.
Colour is used only on a terminal, and never when NO_COLOR is set.
"""

from __future__ import annotations

import getpass
import json
import os
import re
import shutil
import sys
import time
import unicodedata
from collections.abc import Callable, Mapping
from datetime import tzinfo
from typing import Any, Final, TextIO

from attrs import frozen

from gateway.clock import Entropy, Now

_WIDTH: Final = 100  # columns of a terminal that does not say
_COLOURS: Final = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}


_OURS: Final = re.compile(r"(\033\[(?:[0-9]{1,2})?m)")


def _safe(text: str) -> str:
    """Escape what would steer a terminal or turn words around, but for our colours.

    Texts of payers and vendors are printed too; their own colours do no harm.
    """
    if text.isprintable():
        return text
    return "".join(
        part if place % 2 else _written(part, _as_typed)
        for place, part in enumerate(_OURS.split(text))
    )


def _written(text: str, write: Callable[[str], str]) -> str:
    """Write out, in some way, each character that steers."""
    if text.isprintable():
        return text
    return "".join(write(each) if _steers(each) else each for each in text)


def _as_typed(character: str) -> str:
    return character.encode("unicode_escape").decode()


def _steers(character: str) -> bool:
    controls = unicodedata.category(character).startswith("C")
    return controls and character not in "\n\t"


@frozen(kw_only=True)
class Terminal:
    """One run of a command: where it prints, and who runs it.

    `zone` is the time zone for people; None is the machine's own.  `width` is
    None where lines may be of any length.
    """

    out: TextIO
    err: TextIO
    stdin: TextIO
    environ: Mapping[str, str]
    now: Now
    entropy: Entropy
    user: str
    colour: bool = False
    width: int | None = None
    zone: tzinfo | None = None

    def say(self, text: str = "") -> None:
        """Print a line of facts."""
        print(_safe(text), file=self.out)

    def complain(self, text: str) -> None:
        """Print a line of what is wrong; every line of it bears the program's name."""
        for line in text.splitlines() or [""]:
            print(f"octway: {_safe(line)}", file=self.err)

    def note(self, text: str) -> None:
        """Print a line for people beside the facts (progress, hints)."""
        print(_safe(text), file=self.err)

    def give(self, facts: Any) -> None:
        """Print facts as one line of JSON."""
        text = json.dumps(facts, ensure_ascii=False)
        print(_written(text, lambda each: json.dumps(each)[1:-1]), file=self.out)

    def paint(self, text: str, colour: str) -> str:
        """Colour a text where colours are shown."""
        if not self.colour or not text:
            return text
        return f"\033[{_COLOURS[colour]}m{text}\033[0m"


def of_process() -> Terminal:
    """Take the streams, the clock and the environment of this process."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    is_terminal = sys.stdout.isatty()
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    return Terminal(
        out=sys.stdout,
        err=sys.stderr,
        stdin=sys.stdin,
        environ=os.environ,
        now=time.time,  # noqa: TID251 - the one clock that commands are given
        entropy=os.urandom,
        user=_user(),
        colour=is_terminal and not plain,
        width=shutil.get_terminal_size((_WIDTH, 24)).columns if is_terminal else None,
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a user database
        return f"uid-{os.getuid()}"
