"""Shows a demo's figures: redrawn in place on a terminal, else a line now and then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TextIO

from gateway.simulator.demo_figures import Figures
from gateway.wording import counted

_PLAIN_EVERY: Final = 5.0  # seconds between two lines where nothing can be redrawn
_BEHIND: Final = "this machine is busy: nothing new is sent until answers have come"
_UP_AND_CLEAR: Final = "\033[{}A\033[J"


class Progress:
    """Shows the figures on a stream; `redraw` where it is a terminal."""

    def __init__(self, out: TextIO, *, redraw: bool, width: int) -> None:
        self._out = out
        self._redraw = redraw
        self._width = width
        self._lines = 0
        self._next_line = 0.0

    def show(self, seconds: float, figures: Figures, notes: Sequence[str]) -> None:
        """Show how it stands after so many seconds."""
        if self._redraw:
            self._draw([each[: self._width] for each in block(seconds, figures, notes)])
        elif seconds >= self._next_line:
            self._next_line = seconds + _PLAIN_EVERY
            self._write(line(seconds, figures) + "\n")

    def say(self, text: str) -> None:
        """Print a text that stays, above what is redrawn."""
        self._erase()
        self._write(text + "\n")

    def _draw(self, lines: Sequence[str]) -> None:
        self._erase()
        self._write("".join(f"{each}\n" for each in lines))
        self._lines = len(lines)

    def _erase(self) -> None:
        if self._lines:
            self._write(_UP_AND_CLEAR.format(self._lines))
        self._lines = 0

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()


def line(seconds: float, figures: Figures) -> str:
    """Return the figures on one line."""
    return (
        f"{_clock(seconds)}  {figures.deposits:,} files, {figures.lots:,} lots, "
        f"{figures.claims:,} claims; sent at least once {figures.sent_claims:,}, "
        f"answered {figures.answered_claims:,}; {figures.returns:,} returns; "
        f"{_chased(figures)}; no response {figures.no_response:.1%}; "
        f"{counted(figures.anomalies_open, 'anomaly')}; {_ledger(figures)}"
        f"{f'; {_BEHIND}' if figures.behind else ''}"
    )


def block(seconds: float, figures: Figures, notes: Sequence[str]) -> Iterator[str]:
    """Return the figures as lines of one screen."""
    channels = ", ".join(
        f"{name} {count:,}" for name, count in sorted(figures.by_channel.items())
    )
    kinds = ", ".join(f"{kind} {n}" for kind, n in sorted(figures.anomalies.items()))
    yield f"--- {_clock(seconds)} " + "-" * 50
    yield f"files in      {figures.deposits:>8,}   {channels}"
    yield (
        f"lots          {figures.lots:>8,}   {figures.lots_held:,} held, "
        f"{figures.lots_refused:,} refused for their content"
    )
    yield f"claims        {figures.claims:>8,}"
    yield (
        f"files out     {figures.dispatches:>8,}   with {figures.sent_claims:,} claims sent at least once; "
        f"{figures.dispatches_waiting:,} files wait"
    )
    yield (
        f"returns       {figures.returns:>8,}   with {figures.answers:,} answers; "
        f"{figures.unfetched:,} files wait for their client"
    )
    share = figures.answered_claims / figures.sent_claims if figures.sent_claims else 0
    yield f"answered      {figures.answered_claims:>8,}   {share:.0%} of the claims sent"
    yield f"chased        {figures.lots_chased:>8,}   lots; {_tried(figures)}"
    yield f"no response   {figures.no_response:>8.1%}   of the claims whose answer is due"
    yield f"anomalies     {figures.anomalies_open:>8,}   {kinds or 'none open'}"
    yield f"ledger                   {_ledger(figures)}"
    if figures.behind:
        yield f"pace                     {_BEHIND}"
    yield from (f"!! {each}" for each in notes)


def summary(seconds: float, figures: Figures) -> Iterator[str]:
    """Return what there was in the end, for people."""
    yield ""
    yield f"After {seconds:.0f} s:"
    yield from (f"  {each}" for each in list(block(seconds, figures, ()))[1:])
    yield "  where the claims stand now:"
    yield from (
        f"    {account:<14} {claims:>8,}"
        for account, claims in figures.accounts.items()
    )


def _chased(figures: Figures) -> str:
    """Say what tracking did about late answers."""
    return f"chased {counted(figures.lots_chased, 'lot')}, {_tried(figures)}"


def _tried(figures: Figures) -> str:
    return (
        f"{counted(figures.remedies_tried, 'remedy')} tried, "
        f"{counted(figures.brought_claims, 'claim')} brought"
    )


def _ledger(figures: Figures) -> str:
    if figures.imbalance:
        return f"LEDGER OUT OF BALANCE BY {figures.imbalance:,}"
    return "ledger balances"


def _clock(seconds: float) -> str:
    whole = int(seconds)
    hours, minutes = divmod(whole // 60, 60)
    start = f"{hours}:" if hours else ""
    return f"{start}{minutes:02}:{whole % 60:02}"
