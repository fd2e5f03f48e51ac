"""Shows rows: on the terminal with absolute figures, in the README as ratios."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench.harness import Row

BEGIN = "<!-- bench:begin -->"
END = "<!-- bench:end -->"
_WORDS = {
    "aim": "reached the aim",
    "must": "reached what it must",
    "missed": "**missed**",
    "context": "",
    "skipped": "skipped",
}


def markdown(rows: Sequence[Row]) -> str:
    """Write the table of ratios."""
    lines = [
        "| work | against | must | aim | ratio | spread | |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        words = _WORDS[row.verdict]
        notes = "; ".join(each for each in (words, row.note or row.skipped) if each)
        shown = "" if row.skipped else _ratio(row, row.ratio)
        spread = (
            "" if row.skipped else f"{_bare(row, row.low)} - {_ratio(row, row.high)}"
        )
        goal = row.goal
        cells = (row.work, row.against, _goal(row, goal.must), _goal(row, goal.aim))
        lines.append(f"| {' | '.join((*cells, shown, spread, notes))} |")
    return "\n".join(lines) + "\n"


def terminal(row: Row) -> str:
    """Write one row for who is watching, with the figures of this machine."""
    if row.skipped:
        return f"{row.work} | {row.against}: skipped, {row.skipped}"
    wanted = "".join(
        f", {word} {_goal(row, bound)}"
        for word, bound in (("must", row.goal.must), ("aim", row.goal.aim))
        if bound is not None
    )
    figures = f"{row.ours:.4g} : {row.theirs:.4g} {row.unit}".strip()
    return (
        f"{row.work} | {row.against}: {_ratio(row, row.ratio)} "
        f"(spread {_bare(row, row.low)} - {_bare(row, row.high)}{wanted}) "
        f"[{row.verdict}] {figures}" + (f"; {row.note}" if row.note else "")
    )


def write(path: Path, rows: Sequence[Row], about: str) -> None:
    """Put the table between the two marks of a document, and nothing else in it.

    Raises `ValueError` if the marks are not there, each once and in order.
    """
    text = path.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise ValueError(f"{path}: wanted {BEGIN} and {END} once each")
    before, rest = text.split(BEGIN)
    if END not in rest:
        raise ValueError(f"{path}: wanted {END} behind {BEGIN}")
    after = rest.split(END)[1]
    body = f"{BEGIN}\n{about}\n\n{markdown(rows)}{END}"
    path.write_text(f"{before}{body}{after}", encoding="utf-8")


def _goal(row: Row, bound: float | None) -> str:
    if bound is None:
        return ""
    sign = "≤" if row.goal.lower else "≥"
    return f"{sign} {_ratio(row, bound)}"


def _ratio(row: Row, value: float) -> str:
    return _bare(row, value) + (" %" if row.percent else " ×")


def _bare(row: Row, value: float) -> str:
    if row.percent:
        return f"{value * 100:.1f}"
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"
