"""Programs of others, run for one answer: bounded in time and in what is heard of them.

Whatever a program does (never ends, says without end, begins others, dies), its call
ends by its time, holds no more memory than what may be said, and leaves none of its
processes behind that stayed in its group.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import IO, Final, NamedTuple, cast

_BLOCK: Final = 65_536
_LOOK: Final = 0.2  # seconds until it is seen that a program ended and its line did not
_NEAR: Final = 0.01  # the same once it says nothing more: it is about to end


class Ended(NamedTuple):
    """How a program ended: its exit status, and the first bytes that it said.

    `more`: it said more than that; `read_all`: it took all that it was given.
    """

    status: int
    said: bytes
    more: bool
    read_all: bool


def run(
    command: Sequence[str],
    content: bytes,
    *,
    seconds: float,
    most: int,
    monotonic: Callable[[], float] = time.monotonic,
) -> Ended | None:
    """Run a program with `content` as its input; None when its time was over.

    Raises `OSError` when it cannot be started.
    """
    ends = monotonic() + seconds
    with (
        selectors.DefaultSelector() as lines,
        subprocess.Popen(  # noqa: S603 - a network's checker, or the settings' own
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PATH": "/usr/local/bin:/usr/bin:/bin"},
            close_fds=True,
            start_new_session=True,
            bufsize=0,
        ) as process,
    ):
        try:
            talk = _Talk(process, lines, content, most)
            while talk.goes_on:
                left = ends - monotonic()
                if left <= 0:
                    return None
                talk.go_on(min(left, _NEAR if talk.heard else _LOOK))
        finally:
            # Not waited for yet, so that its number is nobody else's.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
    read_all = not talk.waiting
    return Ended(process.returncode, bytes(talk.said), talk.more, read_all)


class _Talk:
    """What goes to a program and comes from it, without waiting for either alone."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        lines: selectors.BaseSelector,
        content: bytes,
        most: int,
    ) -> None:
        self.waiting = memoryview(content)
        self.said = bytearray()
        self.more = False
        self.heard = False  # all that it says
        self.goes_on = True
        self._process = process
        self._most = most
        self._input = cast(IO[bytes], process.stdin)
        self._output = cast(IO[bytes], process.stdout)
        self._lines = lines
        for line, event in (
            (self._input, selectors.EVENT_WRITE),
            (self._output, selectors.EVENT_READ),
        ):
            os.set_blocking(line.fileno(), False)
            self._lines.register(line, event)

    def go_on(self, seconds: float) -> None:
        """Do what can be done now; wait so long at most."""
        over = self._is_over()  # seen first: what it said before is read below
        ready = self._lines.select(0 if over else seconds)
        for key, _ in ready:
            if key.fileobj is self._input:
                self._write()
            else:
                self._read()
        if over and not any(key.fileobj is self._output for key, _ in ready):
            self.goes_on = False

    def _is_over(self) -> bool:
        """Say whether the program ended, without taking its number away."""
        how = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self._process.pid, how) is not None

    def _write(self) -> None:
        try:
            written = os.write(self._input.fileno(), self.waiting[:_BLOCK])
            self.waiting = self.waiting[written:]
        except BrokenPipeError:
            self._shut()
        else:
            if not self.waiting:
                self._shut()

    def _shut(self) -> None:
        self._lines.unregister(self._input)
        self._input.close()

    def _read(self) -> None:
        said = os.read(self._output.fileno(), _BLOCK)
        room = self._most - len(self.said)
        self.said += said[:room]
        self.more = self.more or len(said) > room
        if not said:
            self._lines.unregister(self._output)
            self.heard = True
