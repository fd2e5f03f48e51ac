"""How `octway inspect` writes a file down for somebody who has never seen one.

A sentence first, then who and how much, then records as an indented tree, then
each problem with its place, a caret under it where the record can be shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO, Final

from gateway.cli.tables import facts
from gateway.cli.terminal import Terminal
from gateway.wording import counted, money
from protocols.shape import looks_like
from protocols.shown import FieldShown, RecordShown
from routing.envelope import Problem, Severity

if TYPE_CHECKING:
    from gateway.cli.inspect import Inspected

_PROBLEMS: Final = 20
_LOOKED_THROUGH: Final = 5000  # records searched for those that problems name
_AROUND: Final = 32  # characters shown on each side of a problem
_INDENT: Final = "  "
_HEAD_SHOWN: Final = 64
_KEYS: Final = {
    "sender_no": "from (sender number)",
    "sender_type": "from (kind)",
    "recipient_no": "to (recipient number)",
    "recipient_type": "to (kind)",
    "file_id": "file number",
    "file_created": "made on",
    "norm_code": "norm",
}
_TOTALS: Final = {
    "billed": "billed",
    "asked": "asked of payers",
    "amo": "asked of the main insurance",
    "amc": "asked of the complementary insurance",
    "paid": "paid",
}


def show(
    name: str,
    length: str,
    found: Inspected,
    stream: BinaryIO,
    *,
    most: int | None,
    terminal: Terminal,
) -> None:
    """Print everything about a file; `most` limits the records, None shows all."""
    _show_sentence(name, length, found, terminal)
    summary = found.summary
    pairs = [
        (_KEYS.get(key, _plain(key)), value) for key, value in summary.keys.items()
    ]
    pairs += [
        (_TOTALS.get(key, _plain(key)), money(cents))
        for key, cents in summary.totals.items()
    ]
    facts(terminal, pairs)
    if most != 0:
        terminal.say()
        stream.seek(0)
        _show_records(_records(found, stream), summary.records, most, terminal)
    if found.problems or summary.errors or summary.warnings:
        terminal.say()
        _show_problems(found, stream, terminal)


def show_head(head: bytes, terminal: Terminal) -> None:
    """Show how an unknown file begins, without its words, and what it may be."""
    shape = "".join(map(_shape, head[:_HEAD_SHOWN]))
    terminal.say(f"it begins (a letter is x, a digit 9): {shape}")
    terminal.say(f"it looks like {looks_like(head)}")


def _shape(byte: int) -> str:
    """Return a sign that tells a byte's kind; what it says may be a patient's or a secret."""
    sign = chr(byte)
    if sign.isdecimal():
        return "9"
    if sign.isalpha():
        return "x"
    return sign if sign.isascii() and sign.isprintable() else "."


def _show_sentence(
    name: str, length: str, found: Inspected, terminal: Terminal
) -> None:
    summary = found.summary
    format = found.recognised.format
    usual = "a payer's return" if found.is_return else "a billing file"
    network = found.recognised.network
    what = network.titles.get(format, f"{usual} of network {network.name}")
    kind = f", kind {found.kind}" if found.kind else ""
    terminal.say(terminal.paint(f"{name}: {what}", "bold"))
    counts = [counted(summary.records, "record")]
    if summary.lots:
        counts.append(counted(summary.lots, "lot"))
    counts.append(counted(summary.claims, "answer" if found.is_return else "invoice"))
    terminal.say(f"{format}{kind}; {length}, {', '.join(counts)}")
    if summary.valid and not summary.warnings:
        verdict = terminal.paint("valid: nothing wrong was found", "green")
    elif summary.valid:
        words = counted(summary.warnings, "warning")
        verdict = terminal.paint(f"valid, with {words}; see below", "yellow")
    else:
        words = counted(summary.errors, "error")
        verdict = terminal.paint(
            f"NOT valid: {words} that would make a payer refuse; see below", "red"
        )
    terminal.say(verdict)


def _records(found: Inspected, stream: BinaryIO) -> Iterator[RecordShown]:
    return found.recognised.network.show(stream, found.recognised.format)


def _show_records(
    records: Iterator[RecordShown], total: int, most: int | None, terminal: Terminal
) -> None:
    shown = 0
    for record in islice(records, most):
        _show_record(record, terminal)
        shown += 1
    if shown < total:
        terminal.say(
            terminal.paint(
                f"… {total - shown:,} records more; all of them: --all, more of them: "
                "--records N",
                "dim",
            )
        )


def _show_record(record: RecordShown, terminal: Terminal) -> None:
    indent = _INDENT * record.level
    title = terminal.paint(f"{record.kind} {record.title}", "bold")
    terminal.say(f"{indent}#{record.record} {title}")
    shown = list(record.told)
    width = max((len(each.title or each.name) for each in shown), default=0)
    for each in shown:
        last = each.position + each.length - 1
        place = f"{each.position}-{last}" if last > each.position else str(last)
        label = (each.title or each.name).ljust(width)
        meaning = f"  = {each.meaning}" if each.meaning else ""
        terminal.say(
            f"{indent}{_INDENT}{terminal.paint(place.rjust(7), 'dim')}  {label}  "
            f"{each.value}{terminal.paint(meaning, 'dim')}"
        )


def _show_problems(found: Inspected, stream: BinaryIO, terminal: Terminal) -> None:
    summary = found.summary
    parts = []
    if summary.errors:
        parts.append(counted(summary.errors, "error"))
    if summary.warnings:
        parts.append(counted(summary.warnings, "warning"))
    terminal.say(terminal.paint("Problems: " + ", ".join(parts), "bold"))
    shown = found.problems[:_PROBLEMS]
    wanted = {each.record for each in shown if each.record is not None}
    stream.seek(0)
    records = _wanted(_records(found, stream), wanted)
    for each in shown:
        _show_problem(each, records, terminal)
    more = summary.errors + summary.warnings - len(shown)
    if more > 0:
        terminal.say(
            f"… and {counted(more, 'problem')} more; with --json the first "
            f"{len(found.problems):,} are listed"
        )


def _wanted(
    records: Iterator[RecordShown], numbers: set[int]
) -> dict[int, RecordShown]:
    """Find records by number as far as one looks through."""
    found: dict[int, RecordShown] = {}
    for record in islice(records, min(_LOOKED_THROUGH, max(numbers, default=0))):
        if record.record in numbers:
            found[record.record] = record
    return found


def _show_problem(
    problem: Problem, records: dict[int, RecordShown], terminal: Terminal
) -> None:
    colour = "red" if problem.severity is Severity.ERROR else "yellow"
    place = []
    if problem.record is not None:
        place.append(f"record {problem.record:,}")
    if problem.position is not None:
        place.append(f"position {problem.position}")
    where = ", ".join(place) or "the file"
    severity = terminal.paint(str(problem.severity), colour)
    field = f" ({problem.field})" if problem.field else ""
    terminal.say(f"{severity}: {where}{field}: {problem.message}")
    record = records.get(problem.record or 0)
    if record is not None and problem.position is not None:
        for line in _caret(record, problem):
            terminal.say(f"{_INDENT}{line}")


def _caret(record: RecordShown, problem: Problem) -> Sequence[str]:
    """Show a record around a place, and a caret under it."""
    at = (problem.position or 1) - 1
    field = _field_at(record, at + 1, problem.field)
    length = field.length if field is not None and field.position == at + 1 else 1
    text = record.as_it_stands()
    first = max(0, at - _AROUND)
    last = min(max(len(text), at + length), at + length + _AROUND)
    piece = text[first:last].ljust(at - first + 1)
    before = "…" if first else ""
    after = "…" if last < len(text) else ""
    mark = " " * (len(before) + at - first) + "^" * min(length, last - at)
    title = f" {field.title or field.name}" if field is not None else ""
    return f"{before}{piece}{after}", f"{mark}{title}"


def _field_at(
    record: RecordShown, position: int, name: str | None
) -> FieldShown | None:
    for each in record.fields:
        if name is not None and each.name == name:
            return each
    for each in record.fields:
        if each.position <= position < each.position + each.length:
            return each
    return None


def _plain(key: str) -> str:
    return key.replace("_", " ")
