"""The text of a Data Matrix in a photo, read by a process that can harm nobody.

Nothing of the image or of its text is written, logged or kept, here or there.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, ClassVar, Final, cast

from gateway.cards.decoder import READY
from routing.errors import GatewayError

MOST_BYTES: Final = 10_000_000
"""Bytes that an image may have."""

PROGRAM: Final = Path(__file__).with_name("decoder.py")
_SECONDS: Final = 15.0  # by the clock on the wall; its time to work is less
_MOST_SAID: Final = 64 * 1024
_ENVIRONMENT: Final = {"MALLOC_ARENA_MAX": "1", "OMP_NUM_THREADS": "1"}


class UnreadableImage(GatewayError):
    """No text was found in an image; `reason` is a stable word that says why."""

    code: ClassVar[str] = "unreadable-image"

    def __init__(self, reason: str, words: str) -> None:
        super().__init__(words)
        self.reason = reason


class DecoderBroken(GatewayError):
    """The process that reads images cannot work here; no image is to blame."""

    code: ClassVar[str] = "decoder-broken"


def decode(
    image: bytes, *, program: Path = PROGRAM, seconds: float = _SECONDS
) -> Sequence[str]:
    """Return the texts of all Data Matrices in an image; one at least.

    Blocks; raises `UnreadableImage`, and `DecoderBroken`.
    """
    first, _, said = _said_by(program, image, seconds).partition(b"\n")
    if first != READY.encode():
        why = first[:200].decode("utf-8", "replace") or "it ended without a word"
        raise DecoderBroken(
            f"the process that reads images did not begin: {why}; it needs the packages "
            "pillow and zxing-cpp, 1 GB of address space, and the system calls setrlimit "
            "and prlimit64"
        )
    try:
        found: dict[str, Any] = json.loads(said)
        if "refused" in found:
            raise UnreadableImage(str(found["refused"]), str(found["words"]))
        return [str(each) for each in found["texts"]]
    except (ValueError, KeyError, TypeError):
        raise UnreadableImage(
            "too-hard",
            "reading it took more time or memory than is given to an image; take the "
            "photo anew, of the code alone",
        ) from None


def _said_by(program: Path, image: bytes, seconds: float) -> bytes:
    """Return what a process says of an image; cut short where it takes too long."""
    command = (sys.executable, "-I", "-B", str(program))
    with subprocess.Popen(  # noqa: S603 - our own program
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_ENVIRONMENT,
        cwd="/",
    ) as process:
        timer = threading.Timer(seconds, process.kill)
        timer.daemon = True
        timer.start()
        try:
            _hand_over(process, image)
            return cast(IO[bytes], process.stdout).read(_MOST_SAID)
        finally:
            timer.cancel()
            process.kill()


def _hand_over(process: subprocess.Popen[bytes], image: bytes) -> None:
    line = cast(IO[bytes], process.stdin)
    with suppress(BrokenPipeError):  # it ended before it had all; what it said tells
        line.write(image)
        line.close()
