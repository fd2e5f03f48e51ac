"""Shows how far both runs of a study are: bars on a terminal, else a line now and then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TextIO

_WIDTH: Final = 40
_PLAIN_STEPS: Final = 10  # lines of a run where nothing can be redrawn
_UP_AND_CLEAR: Final = "\033[{}A\033[J"


class Bars:
    """The bars of some runs of so many days; `redraw` where it is a terminal."""

    def __init__(
        self, out: TextIO, runs: Sequence[str], days: int, *, redraw: bool
    ) -> None:
        self._out = out
        self._days = days
        self._redraw = redraw
        self._done = dict.fromkeys(runs, 0)
        self._drawn = False

    def show(self, run: str, day: int) -> None:
        """Show that a run has come to the end of a day."""
        before = self._steps(self._done[run])
        self._done[run] = day
        if self._redraw:
            self._draw()
        elif self._steps(day) > before:
            self._write(f"{run}: day {day} of {self._days}\n")

    def clear(self) -> None:
        """Take the bars away."""
        if self._drawn:
            self._write(_UP_AND_CLEAR.format(len(self._done)))
        self._drawn = False

    def _draw(self) -> None:
        self.clear()
        width = max(map(len, self._done))
        for run, day in self._done.items():
            full = _WIDTH * day // self._days
            bar = "#" * full + "." * (_WIDTH - full)
            self._write(f"{run.ljust(width)} [{bar}] day {day} of {self._days}\n")
        self._drawn = True

    def _steps(self, day: int) -> int:
        return _PLAIN_STEPS * day // self._days

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()
