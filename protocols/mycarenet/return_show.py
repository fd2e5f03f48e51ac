"""Shows a return for people: the header's segments, then every record.

The header is no record of the format and is shown under number 0.  Of a returned
record the part that was sent comes first, then the payer's word on it; what only
fills up is left out there, since each payer fills with something else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO, Final

from protocols.interface import FieldShown, RecordShown
from protocols.mycarenet.codes import header_label_of, label_of
from protocols.mycarenet.return_message import (
    PRELIMINARY,
    SENT,
    ReturnMessage,
    ReturnRecord,
    segments,
)
from protocols.mycarenet.return_records import CLOSE, END, INVOICE, START
from protocols.mycarenet.return_totals import KINDS
from protocols.problem_log import ProblemLog
from protocols.records import Layout, load_layouts

_FRAMES: Final = frozenset({START, END})
_MEANT: Final = frozenset({"error_sending_number", "error_date", "error_third_party"})
_LEVELS: Final = {START: 0, END: 0, INVOICE: 1, CLOSE: 1}
_LINE_LEVEL: Final = 2
_WORD: Final = "error"
_FILLER: Final = re.compile(r"0*(?:1*|9*)")


def show_return(stream: BinaryIO, format: str) -> Iterator[RecordShown]:
    """Show every record; one of an unknown kind as it stands."""
    message = ReturnMessage(stream, format, ProblemLog())
    for layout, segment in segments(message.header.content, format):
        if segment:
            yield RecordShown(
                record=0,
                kind=layout.kind,
                title=layout.title,
                fields=_with_errors(layout, segment),
            )
    for record in message.records():
        yield _shown(record, format)


def _shown(record: ReturnRecord, format: str) -> RecordShown:
    kind, content = record.kind, record.content
    returns = load_layouts("efact_returns")
    if kind in KINDS and format != PRELIMINARY:
        layout = returns[kind]
        fields, level = _with_errors(layout, content), 0
    elif (sent := load_layouts("efact").get(kind)) is not None and kind.isdigit():
        layout = sent
        fields = _with_errors(sent, content[:SENT])
        if len(content) > SENT:
            fields += _word(returns[_WORD], kind, content)
        level = 0 if format == PRELIMINARY else _LEVELS.get(kind, _LINE_LEVEL)
    else:
        raw = content.decode("latin-1")
        return RecordShown(
            record=record.number,
            kind=kind,
            title="Record that cannot be read",
            fields=(FieldShown(1, len(raw), "raw", "As it stands", raw, ""),),
        )
    return RecordShown(
        record=record.number, kind=kind, title=layout.title, fields=fields, level=level
    )


def _with_errors(layout: Layout, content: bytes) -> tuple[FieldShown, ...]:
    """Show the fields, and the errors behind them only where there are some."""
    shown = []
    for each in layout.show(content):
        name = each.name.removesuffix("_error")
        if name == each.name:
            shown.append(each)
        elif each.value.strip(" 0"):
            zone = layout[name].zone.split(",")[-1].strip()
            shown.append(each._replace(meaning=header_label_of(zone, each.value)))
    return tuple(shown)


def _word(layout: Layout, kind: str, content: bytes) -> tuple[FieldShown, ...]:
    shown = []
    letters = {
        each.name[-1]: each.raw(content).strip(" 0")
        for each in layout.fields
        if each.name.startswith("letter_")
    }
    for each in layout.show(content):
        if _is_filler(each.value) or (kind in _FRAMES and not _has_sense(each)):
            continue
        if each.name.startswith("code_"):
            code = letters[each.name[-1]] + each.value.strip()
            shown.append(each._replace(meaning=label_of(code)))
        else:
            shown.append(each)
    return tuple(shown)


def _has_sense(each: FieldShown) -> bool:
    """Say whether a field says anything on the records 10 and 90."""
    return each.name in _MEANT or each.name.startswith(("letter_", "code_"))


def _is_filler(value: str) -> bool:
    """Whether there is nothing but blanks, zeros, ones or nines."""
    return _FILLER.fullmatch(value.strip()) is not None
