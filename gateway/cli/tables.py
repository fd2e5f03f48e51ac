"""Tables whose columns stand under one another; numbers stand to the right."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.cli.terminal import Terminal

_GAP = "  "


def table(
    terminal: Terminal,
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: Sequence[str] = (),
    indent: str = "",
) -> None:
    """Print rows under a header; `right` names the columns that hold numbers.

    A column that is empty in every row is left out; on a terminal a line that
    does not fit is cut.
    """
    kept = [i for i in range(len(header)) if any(row[i] for row in rows)]
    widths = {
        i: max(len(header[i]), *(len(row[i]) for row in rows)) if rows else 0
        for i in kept
    }

    def line(cells: Sequence[str]) -> str:
        parts = [
            cells[i].rjust(widths[i])
            if header[i] in right
            else cells[i].ljust(widths[i])
            for i in kept
        ]
        return _cut((indent + _GAP.join(parts)).rstrip(), terminal.width)

    if rows:
        terminal.say(terminal.paint(line(header), "dim"))
    for row in rows:
        terminal.say(line(row))


def more(terminal: Terminal, shown: int, count: int, how: str) -> None:
    """Say how many rows are not shown, and how to see them; nothing if all are."""
    if count > shown:
        terminal.say(f"and {count - shown:,} more of {count:,}; to see them: {how}")


def facts(terminal: Terminal, pairs: Sequence[tuple[str, str]]) -> None:
    """Print names and values under one another; empty values are left out."""
    shown = [(name, value) for name, value in pairs if value]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        terminal.say(f"{terminal.paint(name.ljust(width), 'dim')}{_GAP}{value}")


def heading(terminal: Terminal, title: str) -> None:
    """Print what follows under a title, after an empty line."""
    terminal.say()
    terminal.say(terminal.paint(title, "bold"))


def _cut(line: str, width: int | None) -> str:
    return line if width is None or len(line) <= width else line[: width - 1] + "…"
